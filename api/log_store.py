"""The transparency log in the database: append-only entries and the hashes of every complete subtree.

`provenance.records.log.MerkleLog` does the arithmetic on the nodes kept here. Append inside `db.writing`,
so that the size that is read is the size that is extended. Tiles follow C2SP tlog-tiles.
"""

import struct
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from sqlalchemy import Connection, func, insert, select

from api.db import now
from api.errors import UnknownEntry
from api.tables import Table
from core.errors import ProofError
from provenance.records.log import LogEntry, MemoryNodeStore, MerkleLog, leaf_hash
from provenance.records.merkle import HASH_BYTES

T = TypeVar("T")

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

_LEAVES = Table.metadata.tables["log_leaves"]
_NODES = Table.metadata.tables["log_nodes"]
_WITNESSED = Table.metadata.tables["witnessed_checkpoints"]


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
        rows = [{"level": level, "position": i, "hash": node} for (level, i), node in self._new.items()]
        if rows:
            self._connection.execute(insert(_NODES), rows)
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
    """Append an entry inside `db.writing`; returns its leaf index."""
    return append_many(connection, [entry], tenant)[0]


def append_many(connection: Connection, entries: Sequence[LogEntry], tenant: str) -> range:
    """Append entries inside `db.writing`; returns their leaf indices.

    Memory is that of the batch and O(log n) of the log.
    """
    store = SqlNodeStore(connection)
    log = MerkleLog(store, size_of(connection))
    data = [entry.to_bytes() for entry in entries]
    indices = log.extend(leaf_hash(item) for item in data)
    store.flush()
    moment = now()
    rows = [
        {"leaf_index": index, "tenant": tenant, "entry": item, "created_at": moment}
        for index, item in zip(indices, data, strict=True)
    ]
    if rows:
        connection.execute(insert(_LEAVES), rows)
    return indices


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


def witnessed(connection: Connection, leaf_index: int | None) -> str | None:
    """The earliest co-signed checkpoint that covers an entry, or the newest of all; None without one."""
    query = select(_WITNESSED.c.note)
    if leaf_index is None:
        query = query.order_by(_WITNESSED.c.size.desc())
    else:
        query = query.where(_WITNESSED.c.size > leaf_index).order_by(_WITNESSED.c.size)
    note: str | None = connection.execute(query.limit(1)).scalar_one_or_none()
    return note


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
