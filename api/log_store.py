"""The transparency log in the database: append-only leaves and the hashes of every complete subtree.

A proof reads O(log n) rows instead of the whole tree. Hashing is RFC 6962 §2.1; the tile layout is
C2SP tlog-tiles. Callers append inside `db.writing`, so that the size they see is the size they extend.
"""

import struct
from hashlib import sha256

from sqlalchemy import Connection, func, insert, select, tuple_

from api.db import now
from api.errors import UnknownEntry
from api.tables import Table

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

_LEAVES = Table.metadata.tables["log_leaves"]
_NODES = Table.metadata.tables["log_nodes"]

Coordinate = tuple[int, int]  # (level, position)
Range = tuple[int, int]  # (first leaf, number of leaves)


def size(connection: Connection) -> int:
    """Number of leaves."""
    highest = connection.execute(select(func.max(_LEAVES.c.leaf_index))).scalar_one()
    return 0 if highest is None else int(highest) + 1


def append(connection: Connection, entry: bytes, leaf: bytes, tenant: str) -> int:
    """Add one entry and the subtrees that it completes.

    Args:
        connection: inside `db.writing`.
        entry: the bytes that are committed to.
        leaf: their RFC 6962 leaf hash.
        tenant: whose entry it is.

    Returns:
        The entry's leaf index.
    """
    index = size(connection)
    connection.execute(insert(_LEAVES).values(leaf_index=index, tenant=tenant, entry=entry, created_at=now()))
    level, position, node = 0, index, leaf
    connection.execute(insert(_NODES).values(level=level, position=position, hash=node))
    while position % 2:
        left = _nodes(connection, [(level, position - 1)])[(level, position - 1)]
        level, position, node = level + 1, position // 2, node_hash(left, node)
        connection.execute(insert(_NODES).values(level=level, position=position, hash=node))
    return index


def root(connection: Connection, tree_size: int) -> bytes:
    """Root hash of the first `tree_size` leaves."""
    _check(0 <= tree_size <= size(connection), f"the log has no size {tree_size}")
    return _hashes(connection, [(0, tree_size)])[0] if tree_size else sha256(b"").digest()


def inclusion(connection: Connection, index: int, tree_size: int) -> list[bytes]:
    """Audit path of leaf `index` in the tree of `tree_size` leaves (RFC 6962 §2.1.1)."""
    _check(0 <= index < tree_size <= size(connection), f"the log has no leaf {index} at size {tree_size}")
    path: list[Range] = []
    first, count = 0, tree_size
    while count > 1:
        left = _split(count)
        if index - first < left:
            path.append((first + left, count - left))
            count = left
        else:
            path.append((first, left))
            first, count = first + left, count - left
    return _hashes(connection, path[::-1])


def consistency(connection: Connection, old_size: int, tree_size: int) -> list[bytes]:
    """Proof that the tree of `old_size` leaves is a prefix of that of `tree_size` (RFC 6962 §2.1.2)."""
    _check(0 < old_size <= tree_size <= size(connection), f"no proof from size {old_size} to {tree_size}")
    path: list[Range] = []
    first, count, old, whole = 0, tree_size, old_size, True
    while old < count:
        left = _split(count)
        if old <= left:
            path.append((first + left, count - left))
            count = left
        else:
            path.append((first, left))
            first, count, old, whole = first + left, count - left, old - left, False
    if not whole:
        path.append((first, count))
    return _hashes(connection, path[::-1])


def hash_tile(connection: Connection, level: int, number: int, width: int) -> bytes:
    """Hashes of one C2SP tile: nodes at tree level 8 · `level`, `width` of them from 256 · `number` up."""
    wanted = [(level * TILE_HEIGHT, number * TILE_WIDTH + offset) for offset in range(width)]
    return b"".join(_nodes(connection, wanted)[coordinate] for coordinate in wanted)


def entry_tile(connection: Connection, number: int, width: int) -> bytes:
    """One C2SP entry bundle: each entry behind its length as a big-endian 16-bit integer."""
    first = number * TILE_WIDTH
    query = (
        select(_LEAVES.c.entry)
        .where(_LEAVES.c.leaf_index >= first, _LEAVES.c.leaf_index < first + width)
        .order_by(_LEAVES.c.leaf_index)
    )
    entries = [bytes(entry) for entry in connection.execute(query).scalars()]
    _check(len(entries) == width, f"the log has no entry tile {number} of width {width}")
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    """Largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def _cover(first: int, count: int) -> list[Coordinate]:
    """Complete subtrees that make up an aligned range, from the left (largest first)."""
    coordinates = []
    while count:
        level = count.bit_length() - 1
        coordinates.append((level, first >> level))
        first, count = first + (1 << level), count - (1 << level)
    return coordinates


def _hashes(connection: Connection, ranges: list[Range]) -> list[bytes]:
    """Subtree hash of each range, with one query for all."""
    covers = [_cover(*one) for one in ranges]
    nodes = _nodes(connection, [coordinate for cover in covers for coordinate in cover])
    hashes = []
    for cover in covers:
        value = nodes[cover[-1]]
        for coordinate in reversed(cover[:-1]):
            value = node_hash(nodes[coordinate], value)
        hashes.append(value)
    return hashes


def _nodes(connection: Connection, coordinates: list[Coordinate]) -> dict[Coordinate, bytes]:
    if not coordinates:
        return {}
    query = select(_NODES.c.level, _NODES.c.position, _NODES.c.hash).where(
        tuple_(_NODES.c.level, _NODES.c.position).in_(coordinates)
    )
    found = {(level, position): bytes(value) for level, position, value in connection.execute(query)}
    _check(len(found) == len(set(coordinates)), "the log has no such tile, or lacks nodes")
    return found


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise UnknownEntry(f"{message}; ask for what the checkpoint covers")
