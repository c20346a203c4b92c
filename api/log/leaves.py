"""The log's entries in the database, append-only.

Append inside `appending`, so that the size that is read is the size that is extended. Whoever appends signs
the checkpoint that covers the entry in the same transaction: readers find it, and need no key of the log.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, Engine, insert, select

from api import database
from api.database.engine import LOG_LOCK
from api.database.group_commit import GroupCommit
from api.database.tables import Table
from api.errors import UnknownEntry
from api.log import checkpoints, seen, tree
from core import clock
from provenance.records.checkpoint import NoteSigner
from provenance.records.log import LogEntry, MerkleLog, leaf_hash

_LEAVES = Table.metadata.tables["log_leaves"]


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
        seen.refuse_second_history(connection, tree.size_of(connection))
        yield connection
        if signer is not None:
            checkpoints.publish(connection, signer)


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
    store = tree.SqlNodeStore(connection)
    indices = MerkleLog(store, tree.size_of(connection)).extend(leaf_hash(item) for item, _ in entries)
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
