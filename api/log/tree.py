"""The log's Merkle tree in the database: hashes of every complete subtree, and what they prove.

`provenance.records.log.MerkleLog` does the arithmetic on the nodes kept here.
"""

from collections.abc import Callable, Collection
from typing import TypeVar

from sqlalchemy import Connection, func, select

from api.database.tables import Table
from core.errors import ProofError
from provenance.records.log import MemoryNodeStore, MerkleLog
from provenance.records.merkle import HASH_BYTES

T = TypeVar("T")
_LEAVES = Table.metadata.tables["log_leaves"]


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
