"""A monitor of a log: reads every new entry, and checks that the log only ever grew.

It keeps the roots of the complete subtrees (at most 62 hashes) of what it has read. New entries are hashed
onto them; if the result is the checkpoint's root, the log is the old one plus exactly these entries.

Where the log's key was rotated, it follows the signed hand-overs from the key that it was given.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.counted import counted
from core.errors import ProofError, RecordError, SignatureError, VerificationError
from core.files import write_whole
from core.progress import Progress
from provenance.records.checkpoint import VerifiedCheckpoint, verify_checkpoint
from provenance.records.keyevents import ROTATE, KeyEvent, LoggedEvent, follow
from provenance.records.log import LogEntry
from provenance.records.logged import judge_log
from provenance.records.merkle import EMPTY_ROOT, leaf_hash, node_hash
from provenance.records.note import PLAIN, NoteKey
from provenance.records.tiles import TILE_WIDTH, Tile
from provenance.records.trust import TrustedKeys

MAX_HANDOVERS = 1000
Fetch = Callable[[str], bytes]


@dataclass
class Frontier:
    """The complete subtrees of a tree, largest first: all that appending needs."""

    size: int = 0
    roots: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> None:
        """Append a leaf hash."""
        node, size = leaf, self.size
        while size & 1:
            node, size = node_hash(self.roots.pop(), node), size >> 1
        self.roots.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Root of the tree (RFC 6962 §2.1)."""
        if not self.roots:
            return EMPTY_ROOT
        node = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            node = node_hash(left, node)
        return node


@dataclass(frozen=True)
class Watched:
    """What a look at the log found: its sizes before and now, new entries by type, and those looked for.

    `handovers` tells in words which keys signed the log one after the other, as far as the first was known;
    `key` is the verifier key of the one that signs now.
    """

    origin: str
    old_size: int
    size: int
    types: dict[str, int]
    hits: tuple[tuple[int, LogEntry], ...]
    handovers: tuple[str, ...] = ()
    key: str = ""


def watch(
    fetch: Fetch,
    key: NoteKey,
    state: Path,
    *,
    witnesses: tuple[NoteKey, ...] = (),
    record_ids: frozenset[str] = frozenset(),
    keyids: frozenset[str] = frozenset(),
    progress: Progress | None = None,
) -> Watched:
    """Read what is new in a log and check it.

    Args:
        fetch: returns what lies under a path below `/v1/log/`.
        key: the log's key, or one that it had before.
        state: file that remembers what was read.
        witnesses: keys of witnesses, all of which must have co-signed.
        record_ids: records whose entries to report.
        keyids: signers whose entries to report, to notice what somebody else signs with one's key.
        progress: called with (step, fraction done).

    Raises:
        SignatureError: the log, or a witness, did not sign its checkpoint.
        ProofError: the log was rewritten, shrank, or gives out other entries than it vouches for.
    """
    frontier = _load(state, key)
    note = fetch("witnessed" if witnesses else "checkpoint").decode()
    verified, handovers = _checked(fetch, note, key, witnesses)
    head = verified.checkpoint
    if head.origin != key.name:
        raise ProofError(f"the checkpoint is of the log {head.origin}, not of {key.name}")
    if head.size < frontier.size:
        # With witnesses an old checkpoint may be the newest co-signed one; a shrunken log is never all right.
        raise ProofError(f"the log shrank from {frontier.size} to {counted(head.size, 'entry', 'entries')}")
    old_size, types, hits = frontier.size, Counter[str](), []
    while frontier.size < head.size:
        if progress is not None:
            progress("read entries", (frontier.size - old_size) / (head.size - old_size))
        for data in entries_from(fetch, frontier.size, head.size):
            entry = LogEntry.from_bytes(data)
            types[entry.type] += 1
            if entry.record_id in record_ids or entry.keyid in keyids:
                hits.append((frontier.size, entry))
            frontier.append(leaf_hash(data))
    if frontier.root() != head.root_hash:
        raise ProofError(
            f"the log of {counted(head.size, 'entry', 'entries')} is not the one of "
            f"{counted(old_size, 'entry', 'entries')} plus what it gives out: history was rewritten"
        )
    if types["key.rotate"] and not handovers:
        handovers = _follow(fetch, TrustedKeys(log=(key, *witnesses)))[1]
    _save(state, key, frontier)
    signers = [one.vkey for one in verified.note.signers if one.kind == PLAIN]
    return Watched(head.origin, old_size, head.size, dict(types), tuple(hits), handovers, signers[-1])


def _checked(
    fetch: Fetch, note: str, key: NoteKey, witnesses: tuple[NoteKey, ...]
) -> tuple[VerifiedCheckpoint, tuple[str, ...]]:
    """The checkpoint, by the key that is known or one that it handed over to."""
    keys = TrustedKeys(log=(key, *witnesses))
    try:
        return verify_checkpoint(note, keys.log, witnesses=len(witnesses)), ()
    except SignatureError:
        keys, handovers = _follow(fetch, keys)
        if not handovers:
            raise
    verified = verify_checkpoint(note, keys.log, witnesses=len(witnesses))
    judge_log(verified, keys)
    return verified, handovers


def _follow(fetch: Fetch, keys: TrustedKeys) -> tuple[TrustedKeys, tuple[str, ...]]:
    """The keys after the hand-overs that the log publishes, and these in words."""
    try:
        listed = json.loads(fetch("handovers"))["items"][:MAX_HANDOVERS]
        events = [LoggedEvent.from_json(one) for one in listed]
    except (ValueError, KeyError, TypeError, RecordError) as error:
        raise VerificationError(f"the log's list of hand-overs is malformed: {error}") from error
    told = []
    for event in events:
        said = KeyEvent.from_payload(event.envelope.payload)
        if said.purpose != "log":
            raise VerificationError("the log's list of hand-overs holds another event")
        verb = (
            f"handed over to {said.new_key().keyid[:16]}, signed by both"
            if said.type == ROTATE
            else "revoked"
        )
        told.append(f"log key {said.keyid[:16]} {verb}, {said.issued_at}: {said.reason}")
    return follow(keys, events), tuple(told)


def entries_from(fetch: Fetch, start: int, size: int) -> list[bytes]:
    """The entries from `start` to the end of its tile, or of the log."""
    number = start // TILE_WIDTH
    width = min(TILE_WIDTH, size - number * TILE_WIDTH)
    bundle, entries = fetch(f"tile/{Tile(None, number, width).path}"), []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    if len(entries) != width:
        raise ProofError(
            f"the log gave out {counted(len(entries), 'entry', 'entries')} where it vouches for {width}"
        )
    return entries[start - number * TILE_WIDTH :]


def _load(state: Path, key: NoteKey) -> Frontier:
    if not state.exists():
        return Frontier()
    try:
        value = json.loads(state.read_bytes())
        if value["key"] != key.vkey:
            raise VerificationError(f"{state} belongs to another log")
        frontier = Frontier(int(value["size"]), [bytes.fromhex(node) for node in value["roots"]])
    except (ValueError, KeyError, TypeError) as error:
        raise VerificationError(f"{state} is not what a monitor wrote: {error}") from error
    if len(frontier.roots) != frontier.size.bit_count():
        raise VerificationError(f"{state} is damaged")
    return frontier


def _save(state: Path, key: NoteKey, frontier: Frontier) -> None:
    value = {"key": key.vkey, "size": frontier.size, "roots": [node.hex() for node in frontier.roots]}
    write_whole(state, json.dumps(value).encode())
