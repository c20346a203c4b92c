"""Merkle tree hashing and the checking of proofs (RFC 6962 §2.1, RFC 9162 §2.1.3.2 and §2.1.4.2)."""

import hashlib
from collections.abc import Sequence

from core.counted import counted
from core.errors import ProofError

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_SIZE = 1 << 62


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf: SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 ‖ left ‖ right); the prefix keeps a node from posing as a leaf."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_hash(leaf_hashes: Sequence[bytes]) -> bytes:
    """Root of a tree from all its leaf hashes, by the definition (RFC 6962 §2.1).

    >>> first, second = leaf_hash(b"first"), leaf_hash(b"second")
    >>> root_hash([first, second]) == node_hash(first, second)
    True
    """
    if not leaf_hashes:
        return EMPTY_ROOT
    row = list(leaf_hashes)
    while len(row) > 1:
        paired = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        # A lone last node moves up as it is: the right border of an incomplete tree.
        row = paired + row[len(row) - len(row) % 2 :]
    return row[0]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf hash stands at `index` in the tree of `size` leaves with this root.

    Args:
        leaf: the leaf hash.
        index: its place, from 0.
        size: number of leaves under `root`.
        proof: sibling hashes from the leaf up.
        root: the root that a checkpoint vouches for.

    Raises:
        ProofError: the proof does not lead to the root.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(f"entry {index} cannot be in a log of {counted(size, 'entry', 'entries')}")
    _check_hashes([leaf, root, *proof])
    place, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("the inclusion proof is longer than the tree is high")
        if place & 1 or place == last:
            current = node_hash(sibling, current)
            # A border node without a right sibling rises until it is one: those levels have no proof hash.
            while not place & 1 and place != 0:
                place, last = place >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofError("the inclusion proof is too short")
    if current != root:
        raise ProofError(f"the inclusion proof of entry {index} does not lead to the root of the checkpoint")


def verify_consistency(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of `new_size` leaves begins with the tree of `old_size` leaves, unchanged.

    Raises:
        ProofError: it does not, or the proof is malformed.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ProofError(f"a log cannot grow from {old_size} to {counted(new_size, 'entry', 'entries')}")
    _check_hashes([old_root, new_root, *proof])
    if old_size in (0, new_size):
        if proof:
            raise ProofError("a consistency proof between these sizes has no hashes")
        if old_size == new_size and old_root != new_root:
            raise ProofError("two checkpoints of the same size have different roots: the log was forked")
        if (old_size == 0 and old_root != EMPTY_ROOT) or (new_size == 0 and new_root != EMPTY_ROOT):
            raise ProofError("the root of an empty log is SHA-256 of nothing")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofError("the consistency proof is empty")
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof is longer than the tree is high")
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place != 0:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofError("the consistency proof is too short")
    if old != old_root or new != new_root:
        raise ProofError("the newer log does not contain the older one unchanged: history was rewritten")


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(item) != HASH_BYTES for item in hashes):
        raise ProofError("a hash of the proof does not have 32 bytes")
