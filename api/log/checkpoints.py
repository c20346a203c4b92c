"""The log's checkpoints in the database: the newest signed one, and those to which others added something."""

from collections.abc import Callable, Collection, Iterator

from sqlalchemy import Connection, bindparam, insert, select, update

from api.database.tables import Table
from api.log import tree
from core import clock
from provenance.records.checkpoint import Checkpoint, NoteSigner, sign_checkpoint
from provenance.records.log import MerkleLog
from provenance.records.stamping import cosigners_of, tokens_of

_HEAD = Table.metadata.tables["log_head"]
_WITNESSED = Table.metadata.tables["witnessed_checkpoints"]
_ABOVE = (  # to build it takes longer than to run it
    select(_WITNESSED.c.size, _WITNESSED.c.note)
    .where(_WITNESSED.c.size > bindparam("above"))
    .order_by(_WITNESSED.c.size)
)


def head(connection: Connection) -> tuple[int, str] | None:
    """The newest checkpoint that the log signed, and its size; None before the first."""
    row = connection.execute(select(_HEAD.c.size, _HEAD.c.note)).one_or_none()
    return None if row is None else (int(row.size), str(row.note))


def put_head(connection: Connection, size: int, note: str) -> None:
    """Put a signed checkpoint in place of the newest one."""
    if connection.execute(update(_HEAD).values(size=size, note=note)).rowcount == 0:
        connection.execute(insert(_HEAD).values(id=0, size=size, note=note))


def publish(connection: Connection, signer: Callable[[Connection], NoteSigner]) -> None:
    """Sign a checkpoint of the log as it stands, unless there is one, inside `appending`."""
    size = tree.size_of(connection)
    newest = head(connection)
    if newest is None or newest[0] < size:
        by = signer(connection)
        root = tree.ask(connection, size, MerkleLog.root)
        put_head(connection, size, sign_checkpoint(Checkpoint(by.name, size, root), by))


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
    with connection.execution_options(yield_per=32).execute(_ABOVE, {"above": size}) as rows:
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


def witnessed(connection: Connection) -> str | None:
    """The newest co-signed checkpoint; None without one."""
    return next((note for note in all_kept(connection, newest_first=True) if cosigners_of(note)), None)
