"""Tiles of the log for static serving (C2SP tlog-tiles), as the database holds them."""

import struct
from collections.abc import Sequence

from sqlalchemy import Connection, select

from api.database.tables import Table
from api.errors import UnknownEntry
from provenance.records.tiles import TILE_HEIGHT, TILE_WIDTH

_LEAVES = Table.metadata.tables["log_leaves"]
_NODES = Table.metadata.tables["log_nodes"]


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
