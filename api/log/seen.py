"""How long the log was when others saw it last, where it was restored from before: it must not fork.

Whoever holds a checkpoint of 900 entries can prove that entry 850 was another one. So a log that has only 800
of them takes no new entry until the missing ones are back.
"""

from sqlalchemy import Connection, func, insert, select

from api.database.tables import Table
from api.errors import LogCutShort
from core import clock
from core.counted import counted

_SEEN = Table.metadata.tables["log_seen"]


def largest(connection: Connection) -> int:
    """The largest size at which others saw the log, as far as a restoration found out; 0 without one."""
    size = connection.execute(select(func.max(_SEEN.c.size))).scalar_one()
    return 0 if size is None else int(size)


def refuse_second_history(connection: Connection, size: int) -> None:
    """Let a log of `size` entries take new ones only if nobody saw it longer.

    Raises:
        LogCutShort: somebody did.
    """
    most = largest(connection)
    if size < most:
        raise LogCutShort(
            f"the log was restored with {counted(size, 'entry', 'entries')}, and others have seen {most}: "
            "the missing ones must be put back before it takes new ones (`trackmark log complete`)"
        )


def mark(connection: Connection, size: int, told_by: str, note: str | None = None) -> None:
    """Remember that others saw the log with so many entries, and the checkpoint that says so, if any."""
    if connection.execute(select(_SEEN.c.size).where(_SEEN.c.size == size)).first() is None:
        values = {"size": size, "told_by": told_by, "note": note, "created_at": clock.now()}
        connection.execute(insert(_SEEN).values(values))
