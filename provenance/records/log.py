"""The transparency log: an append-only Merkle tree over salted commitments.

A `NodeStore` keeps the hash of every complete subtree by (level, index); level 0 holds the leaf hashes. Each
is written once and never changes, so a table with a primary key (level, index) or a set of files will do.
Appending needs O(log n) reads and, on average, two writes; roots and proofs need O(log n) reads.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from core.counted import counted
from core.errors import ProofError
from provenance.records import canonical, fields, shape_checks
from provenance.records.merkle import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

__all__ = [
    "EMPTY_ROOT",
    "ENTRY_TYPES",
    "LogEntry",
    "MemoryNodeStore",
    "MerkleLog",
    "NodeStore",
    "commit",
    "leaf_hash",
    "node_hash",
    "root_hash",
    "verify_consistency",
    "verify_inclusion",
]

SALT_BYTES = 32
ENTRY_TYPES = (
    "register",
    "amend",
    "transfer",
    "dispute.open",
    "dispute.close",
    "revoke",
    "key.rotate",
    "key.revoke",
    "detector.report",
    "takedown.notice",
    "trail.head",
)


class NodeStore(Protocol):
    """Where the hashes of complete subtrees live."""

    def get(self, level: int, index: int) -> bytes:
        """Return the hash over leaves [index·2^level, (index + 1)·2^level); KeyError if never put."""
        ...

    def put(self, level: int, index: int, node: bytes) -> None:
        """Store such a hash. Called once for each (level, index)."""
        ...


class MemoryNodeStore:
    """A `NodeStore` in a dictionary, for tests and small logs."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}

    def get(self, level: int, index: int) -> bytes:
        """Return a stored hash."""
        return self.nodes[level, index]

    def put(self, level: int, index: int, node: bytes) -> None:
        """Store a hash; the same place twice is refused, since a log never changes."""
        if (level, index) in self.nodes:
            raise ProofError(f"node {index} of level {level} is already in the log")
        self.nodes[level, index] = node


class MerkleLog:
    """A tree of `size` leaves in a store. It keeps nothing but the size in memory."""

    def __init__(self, store: NodeStore, size: int = 0) -> None:
        self._store = store
        self.size = size

    def append(self, leaf: bytes) -> int:
        """Append a leaf hash and return its index."""
        index = place = self.size
        node, level = leaf, 0
        self._store.put(0, index, node)
        while place & 1:
            node = node_hash(self._get(level, place - 1), node)
            level, place = level + 1, place >> 1
            self._store.put(level, place, node)
        self.size = index + 1
        return index

    def extend(self, leaves: Iterable[bytes]) -> range:
        """Append several leaf hashes and return their indices."""
        first = self.size
        for leaf in leaves:
            self.append(leaf)
        return range(first, self.size)

    def root(self, size: int | None = None) -> bytes:
        """Root of the first `size` leaves (default: all)."""
        size = self._checked(size)
        return self._range_hash(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """PATH(index, D[size]) of RFC 6962 §2.1.1: sibling hashes from the leaf up.

        Raises:
            ProofError: there is no such entry in a log of that size.
        """
        size = self._checked(size)
        if not 0 <= index < size:
            raise ProofError(f"entry {index} is not in a log of {counted(size, 'entry', 'entries')}")
        start, end, path = 0, size, []
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._range_hash(middle, end))
                end = middle
            else:
                path.append(self._range_hash(start, middle))
                start = middle
        return tuple(reversed(path))

    def consistency_proof(self, old_size: int, new_size: int | None = None) -> tuple[bytes, ...]:
        """PROOF(old_size, D[new_size]) of RFC 6962 §2.1.2; empty from size 0 and between equal sizes.

        Raises:
            ProofError: the sizes are not in order.
        """
        new_size = self._checked(new_size)
        if not 0 <= old_size <= new_size:
            raise ProofError(f"a log of {counted(new_size, 'entry', 'entries')} was never of size {old_size}")
        if old_size in (0, new_size):
            return ()
        start, end, path, whole = 0, new_size, [], True
        while end != old_size:
            middle = start + _split(end - start)
            if old_size <= middle:
                path.append(self._range_hash(middle, end))
                end = middle
            else:
                path.append(self._range_hash(start, middle))
                start, whole = middle, False
        if not whole:
            path.append(self._range_hash(start, end))
        return tuple(reversed(path))

    def _range_hash(self, start: int, end: int) -> bytes:
        """Hash over leaves [start, end), where `start` is a multiple of the power of two that covers them.

        The range falls into complete subtrees, one for each 1 bit of its length, largest first.
        """
        pieces, place, rest = [], start, end - start
        while rest:
            level = rest.bit_length() - 1
            pieces.append(self._get(level, place >> level))
            place, rest = place + (1 << level), rest - (1 << level)
        node = pieces.pop()
        while pieces:
            node = node_hash(pieces.pop(), node)
        return node

    def _get(self, level: int, index: int) -> bytes:
        try:
            return self._store.get(level, index)
        except KeyError as error:
            raise ProofError(f"node {index} of level {level} is missing in the log's store") from error

    def _checked(self, size: int | None) -> int:
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise ProofError(f"the log has {counted(self.size, 'entry', 'entries')}, not {size}")
        return size


def commit(salt: bytes, payload: bytes) -> str:
    """Commitment to a payload: SHA-256(salt ‖ payload), 64 hex digits.

    The salt keeps guessable rights data from being found by trying; deleting payload and salt erases the
    person from the log while every proof still verifies.

    Raises:
        ProofError: the salt does not have 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ProofError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(salt + payload).hexdigest()


@dataclass(frozen=True)
class LogEntry:
    """What the log holds of an event: no name, no share, only a commitment.

    `record_id` is the record's, or for `detector.report` the report's id of the same form; `keyid` is the
    key that signed the payload. A `trail.head` is signed by the log alone: `keyid` is the log's key, and its
    `record_id` is drawn.
    """

    type: str
    record_id: str
    revision: int
    commitment: str
    keyid: str
    v: int = 1

    def __post_init__(self) -> None:
        shape_checks.whole(self.v, "log entry v", 1, 1)
        shape_checks.one_of(self.type, "log entry type", ENTRY_TYPES)
        shape_checks.hex_digits(self.record_id, "log entry record_id", 16)
        shape_checks.whole(self.revision, "log entry revision", 1, 1 << 31)
        shape_checks.hex_digits(self.commitment, "log entry commitment", 64)
        shape_checks.hex_digits(self.keyid, "log entry keyid", 64)

    def to_bytes(self) -> bytes:
        """The canonical bytes (RFC 8785) whose `leaf_hash` is in the tree."""
        # Written out, since this is what appending spends its time on: sorted keys, nothing to escape.
        return (
            f'{{"commitment":"{self.commitment}","keyid":"{self.keyid}","record_id":"{self.record_id}",'
            f'"revision":{self.revision},"type":"{self.type}","v":{self.v}}}'
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "LogEntry":
        """Read what `to_bytes` wrote; raises `ProofError` or `RecordError`."""
        entry = fields.from_json(cls, canonical.decode(data, ProofError, limit=4096), "log entry")
        if entry.to_bytes() != data:
            raise ProofError("a log entry must carry its version")
        return entry


def _split(count: int) -> int:
    """The largest power of two below `count` (RFC 6962 §2.1)."""
    return 1 << (count - 1).bit_length() - 1
