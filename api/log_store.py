"""The transparency log in the database: append-only entries and the hashes of every complete subtree.

`provenance.records.log.MerkleLog` does the arithmetic on the nodes kept here. Append inside `db.writing`,
so that the size that is read is the size that is extended. Tiles follow C2SP tlog-tiles.
"""

import struct
from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select

from api.db import now
from api.errors import UnknownEntry
from api.tables import Table
from provenance.records.log import LogEntry, MerkleLog, leaf_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

_LEAVES = Table.metadata.tables["log_leaves"]
_NODES = Table.metadata.tables["log_nodes"]
_WITNESSED = Table.metadata.tables["witnessed_checkpoints"]


class SqlNodeStore:
    """`NodeStore` of `provenance.records.log` over one open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, level: int, index: int) -> bytes:
        """Return a stored hash; KeyError if never put."""
        query = select(_NODES.c.hash).where(_NODES.c.level == level, _NODES.c.position == index)
        found = self._connection.execute(query).scalar_one_or_none()
        if found is None:
            raise KeyError((level, index))
        return bytes(found)

    def put(self, level: int, index: int, node: bytes) -> None:
        """Store a hash; the primary key refuses the same place twice."""
        self._connection.execute(insert(_NODES).values(level=level, position=index, hash=node))


def open_log(connection: Connection) -> MerkleLog:
    """The log as the transaction sees it."""
    highest = connection.execute(select(func.max(_LEAVES.c.leaf_index))).scalar_one()
    return MerkleLog(SqlNodeStore(connection), 0 if highest is None else int(highest) + 1)


def append(connection: Connection, entry: LogEntry, tenant: str) -> int:
    """Append an entry inside `db.writing`; returns its leaf index."""
    data = entry.to_bytes()
    index = open_log(connection).append(leaf_hash(data))
    connection.execute(insert(_LEAVES).values(leaf_index=index, tenant=tenant, entry=data, created_at=now()))
    return index


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
