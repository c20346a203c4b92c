"""The transparency log in the database: append-only entries and the hashes of every complete subtree.

`provenance.records.log.MerkleLog` does the arithmetic on the nodes kept here. Append inside `appending`, so
that the size that is read is the size that is extended. Whoever appends signs the checkpoint that covers the
entry in the same transaction: readers find it, and need no key of the log. Tiles follow C2SP tlog-tiles.
"""

import struct
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine, func, insert, select, update

from api import database
from api.database.engine import LOG_LOCK
from api.database.group_commit import GroupCommit
from api.database.tables import Table
from api.errors import UnknownEntry
from api.log import seen
from core import clock
from core.errors import ProofError
from provenance.records.checkpoint import Checkpoint, NoteSigner, sign_checkpoint
from provenance.records.log import LogEntry, MemoryNodeStore, MerkleLog, leaf_hash
from provenance.records.merkle import HASH_BYTES
from provenance.records.stamping import cosigners_of, tokens_of
from provenance.records.tiles import TILE_HEIGHT, TILE_WIDTH

T = TypeVar("T")

_LEAVES = Table.metadata.tables["log_leaves"]
_NODES = Table.metadata.tables["log_nodes"]
_HEAD = Table.metadata.tables["log_head"]
_WITNESSED = Table.metadata.tables["witnessed_checkpoints"]


@contextmanager
def appending(
    engine: Engine, signer: Callable[[Connection], NoteSigner] | None = None
) -> Iterator[Connection]:
    """A transaction that excludes every other that changes the log; it ends in a signed checkpoint.

    Args:
        engine: the database.
        signer: gives the log's key in force, as the transaction sees it: whoever holds the lock must not
            wait for another connection, since those who wait for the lock hold them all. None leaves the new
            entries without a checkpoint.

    Raises:
        LogCutShort: others saw entries that this log does not have.
    """
    with database.writing(engine) as connection:
        database.hold(connection, LOG_LOCK)
        seen.refuse_second_history(connection, size_of(connection))
        yield connection
        if signer is not None:
            publish(connection, signer)


def publish(connection: Connection, signer: Callable[[Connection], NoteSigner]) -> None:
    """Sign a checkpoint of the log as it stands, unless there is one, inside `appending`."""
    size = size_of(connection)
    newest = head(connection)
    if newest is None or newest[0] < size:
        by = signer(connection)
        root = ask(connection, size, MerkleLog.root)
        put_head(connection, size, sign_checkpoint(Checkpoint(by.name, size, root), by))


def head(connection: Connection) -> tuple[int, str] | None:
    """The newest checkpoint that the log signed, and its size; None before the first."""
    row = connection.execute(select(_HEAD.c.size, _HEAD.c.note)).one_or_none()
    return None if row is None else (int(row.size), str(row.note))


def put_head(connection: Connection, size: int, note: str) -> None:
    """Put a signed checkpoint in place of the newest one."""
    if connection.execute(update(_HEAD).values(size=size, note=note)).rowcount == 0:
        connection.execute(insert(_HEAD).values(id=0, size=size, note=note))


class SqlNodeStore:
    """`NodeStore` of `provenance.records.log` over one open transaction.

    New hashes are kept back until `flush` writes them in one statement: a batch of entries costs little
    more than one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._new: dict[tuple[int, int], bytes] = {}

    def get(self, level: int, index: int) -> bytes:
        """Return a stored hash; KeyError if never put."""
        if (level, index) in self._new:
            return self._new[level, index]
        return fetch(self._connection, {(level, index)})[level, index]

    def put(self, level: int, index: int, node: bytes) -> None:
        """Keep a hash for `flush`; the primary key refuses the same place twice."""
        self._new[level, index] = node

    def flush(self) -> None:
        """Write what was put."""
        rows = [(level, i, node) for (level, i), node in self._new.items()]
        if rows:
            # As text: preparing the rows took SQLAlchemy longer than writing them took the database.
            sign = "?" if self._connection.dialect.paramstyle == "qmark" else "%s"
            statement = f"INSERT INTO log_nodes (level, position, hash) VALUES ({sign}, {sign}, {sign})"  # noqa: S608
            self._connection.exec_driver_sql(statement, rows)
        self._new.clear()


class _Wanted:
    """A `NodeStore` that only notes which hashes a computation asks for."""

    def __init__(self) -> None:
        self.places: set[tuple[int, int]] = set()

    def get(self, level: int, index: int) -> bytes:
        self.places.add((level, index))
        return bytes(HASH_BYTES)

    def put(self, level: int, index: int, node: bytes) -> None:
        raise ProofError("a log is not changed while it is read")


def fetch(connection: Connection, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The stored hashes at (level, position), in one query; places without one are left out."""
    if not places:
        return {}
    levels: dict[int, list[int]] = {}
    for level, position in places:
        levels.setdefault(level, []).append(position)
    # One search by key for each level: a list of (level, position) pairs makes SQLite read the whole table.
    # Built as text, because SQLAlchemy takes ten times as long for it as the database; all are integers.
    wanted = " OR ".join(
        f"(level = {level:d} AND position IN ({', '.join(f'{position:d}' for position in at)}))"
        for level, at in levels.items()
    )
    rows = connection.exec_driver_sql(f"SELECT level, position, hash FROM log_nodes WHERE {wanted}")  # noqa: S608
    return {(level, position): bytes(node) for level, position, node in rows}


def size_of(connection: Connection) -> int:
    """How many entries the log has, as the transaction sees it."""
    highest = connection.execute(select(func.max(_LEAVES.c.leaf_index))).scalar_one()
    return 0 if highest is None else int(highest) + 1


def ask(connection: Connection, size: int, question: Callable[[MerkleLog], T]) -> T:
    """Compute something from a log of `size` entries with one query.

    The question is asked twice: which hashes it reads depends on sizes and indices alone, so the first time
    tells what to fetch.
    """
    wanted = _Wanted()
    question(MerkleLog(wanted, size))
    store = MemoryNodeStore()
    store.nodes = fetch(connection, wanted.places)
    return question(MerkleLog(store, size))


def append(connection: Connection, entry: LogEntry, tenant: str) -> int:
    """Append an entry inside `appending`; returns its leaf index."""
    return append_many(connection, [entry], tenant)[0]


def append_many(connection: Connection, entries: Sequence[LogEntry], tenant: str) -> range:
    """Append entries inside `appending`; returns their leaf indices.

    Memory is that of the batch and O(log n) of the log.
    """
    return append_all(connection, [(entry, tenant) for entry in entries])


def append_all(connection: Connection, entries: Sequence[tuple[LogEntry, str]]) -> range:
    """Append entries, each with its tenant; as `append_many`, and what `appender` does for many threads."""
    return put_back(connection, [(entry.to_bytes(), tenant) for entry, tenant in entries])


def put_back(connection: Connection, entries: Sequence[tuple[bytes, str]]) -> range:
    """As `append_all`, for entries as bytes: those that a log had before it was restored, too."""
    store = SqlNodeStore(connection)
    indices = MerkleLog(store, size_of(connection)).extend(leaf_hash(item) for item, _ in entries)
    store.flush()
    moment = clock.now()
    rows = [
        {"leaf_index": index, "tenant": tenant, "entry": item, "created_at": moment}
        for index, (item, tenant) in zip(indices, entries, strict=True)
    ]
    if rows:
        connection.execute(insert(_LEAVES), rows)
    return indices


def appender(engine: Engine) -> GroupCommit[tuple[LogEntry, str], int]:
    """Appends entries that come one by one from many threads; keep one for each engine."""
    return GroupCommit(partial(appending, engine), append_all)


def entry(connection: Connection, index: int) -> bytes:
    """Bytes of one entry.

    Raises:
        UnknownEntry: the log is shorter.
    """
    found = connection.execute(
        select(_LEAVES.c.entry).where(_LEAVES.c.leaf_index == index)
    ).scalar_one_or_none()
    if found is None:
        raise UnknownEntry(f"the log has no entry {index}")
    return bytes(found)


def keep(connection: Connection, size: int, note: str) -> str:
    """Keep a checkpoint with what others added to it; returns it with all that was kept before, too.

    Call it inside `appending`: cosignatures and time stamps may come in at the same moment.
    """
    before = kept(connection, size)
    if before is None:
        connection.execute(insert(_WITNESSED).values(size=size, note=note, created_at=clock.now()))
        return note
    text, separator, lines = before.rpartition("\n\n")
    added = [line for line in note.rpartition("\n\n")[2].splitlines(True) if line not in lines]
    both = text + separator + lines + "".join(added)
    connection.execute(update(_WITNESSED).where(_WITNESSED.c.size == size).values(note=both))
    return both


def kept(connection: Connection, size: int) -> str | None:
    """The checkpoint of this size that was kept, if any."""
    found: str | None = connection.execute(
        select(_WITNESSED.c.note).where(_WITNESSED.c.size == size)
    ).scalar_one_or_none()
    return found


def all_kept(connection: Connection, *, newest_first: bool = False) -> Iterator[str]:
    """Checkpoints that were kept, by size; read as they are asked for."""
    order = _WITNESSED.c.size.desc() if newest_first else _WITNESSED.c.size
    query = select(_WITNESSED.c.note).order_by(order)
    with connection.execution_options(yield_per=32).execute(query) as rows:
        yield from rows.scalars()


def _kept_above(connection: Connection, size: int) -> Iterator[tuple[int, str]]:
    """Checkpoints that were kept, of more than `size` entries, by size; read as they are asked for."""
    query = (
        select(_WITNESSED.c.size, _WITNESSED.c.note)
        .where(_WITNESSED.c.size > size)
        .order_by(_WITNESSED.c.size)
    )
    with connection.execution_options(yield_per=32).execute(query) as rows:
        for row in rows:
            yield int(row.size), str(row.note)


def dated(connection: Connection, indices: Collection[int], witnesses: int = 0) -> dict[int, str]:
    """For each entry the earliest checkpoint with it to which somebody else added a time, if there is one.

    Args:
        connection: an open transaction.
        indices: the entries.
        witnesses: how many witnesses must have co-signed it; with 0 a time stamp will do.
    """
    found: dict[int, str] = {}
    for size, note in _kept_above(connection, min(indices)):
        cosigners = len(set(cosigners_of(note)))
        if cosigners >= max(witnesses, 1) or (not witnesses and tokens_of(note)):
            found |= {index: note for index in indices if index < size and index not in found}
        if len(found) == len(indices):
            break
    return found


def inclusion_proofs(
    connection: Connection, places: Collection[tuple[int, int]]
) -> dict[tuple[int, int], tuple[bytes, ...]]:
    """Audit paths of entries, each given as (leaf index, tree size), with one query."""
    wanted = _Wanted()
    for index, size in places:
        MerkleLog(wanted, size).inclusion_proof(index)
    store = MemoryNodeStore()
    store.nodes = fetch(connection, wanted.places)
    return {(index, size): MerkleLog(store, size).inclusion_proof(index) for index, size in places}


def witnessed(connection: Connection) -> str | None:
    """The newest co-signed checkpoint; None without one."""
    return next((note for note in all_kept(connection, newest_first=True) if cosigners_of(note)), None)


def hash_tile(connection: Connection, level: int, number: int, width: int) -> bytes:
    """Hashes of one tile: nodes at tree level 8 · `level`, `width` of them from 256 · `number` up."""
    first = number * TILE_WIDTH
    query = (
        select(_NODES.c.hash)
        .where(
            _NODES.c.level == level * TILE_HEIGHT,
            _NODES.c.position >= first,
            _NODES.c.position < first + width,
        )
        .order_by(_NODES.c.position)
    )
    return b"".join(_complete(connection.execute(query).scalars().all(), width))


def entry_tile(connection: Connection, number: int, width: int) -> bytes:
    """One entry bundle: each entry behind its length as a big-endian 16-bit integer."""
    first = number * TILE_WIDTH
    query = (
        select(_LEAVES.c.entry)
        .where(_LEAVES.c.leaf_index >= first, _LEAVES.c.leaf_index < first + width)
        .order_by(_LEAVES.c.leaf_index)
    )
    entries = _complete(connection.execute(query).scalars().all(), width)
    return b"".join(struct.pack(">H", len(data)) + data for data in entries)


def _complete(rows: Sequence[bytes], width: int) -> list[bytes]:
    found = [bytes(row) for row in rows]
    if len(found) != width:
        raise UnknownEntry("the log has no such tile; the size in the checkpoint tells which exist")
    return found
