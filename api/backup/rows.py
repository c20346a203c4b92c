"""Rows of one database copied into another one, which may be of another kind.

A backup's rows are an SQLite file with the same tables, so that one that was made on PostgreSQL can be read,
checked and restored without it.
"""

from pathlib import Path

from sqlalchemy import Column, Connection, Engine, func, insert, inspect, select, text
from sqlalchemy import Table as SqlTable

from api import database
from api.database.schema import METADATA
from api.errors import ConflictingEntry

AT_ONCE = 1000
NOT_COPIED = frozenset({"alembic_version"})
"""The migrations write it where the rows go."""


def tables() -> list[SqlTable]:
    """Every table of this release, those that others refer to first."""
    return [one for metadata in METADATA for one in metadata.sorted_tables]


def copy(source: Connection, target: Connection) -> dict[str, int]:
    """Copy every row of the service into empty tables of the same schema.

    Args:
        source: a transaction that sees one moment of the database.
        target: a transaction on the other database.

    Returns:
        Rows by table.

    Raises:
        ConflictingEntry: the source has a table that this release does not know: it would be lost.
    """
    here, there = _columns(source), _columns(target)
    foreign = {name for name in here if not name.startswith("sqlite_")}
    foreign -= NOT_COPIED | {one.name for one in tables()}
    if foreign:
        raise ConflictingEntry(f"this release does not know the tables {', '.join(sorted(foreign))}")
    counts: dict[str, int] = {}
    for one in tables():
        if one.name not in here:
            continue  # the database has an older schema
        chosen: list[Column[object]] = [c for c in one.columns if c.name in here[one.name]]
        if missing := [c.name for c in chosen if c.name not in there.get(one.name, ())]:
            raise ConflictingEntry(f"the copy has no place for {one.name}.{missing[0]}")
        counts[one.name] = 0
        with source.execution_options(yield_per=AT_ONCE).execute(select(*chosen)) as rows:
            for block in rows.mappings().partitions(AT_ONCE):
                target.execute(insert(one), [dict(row) for row in block])
                counts[one.name] += len(block)
    _continue_counting(target)
    return counts


def counted(connection: Connection) -> dict[str, int]:
    """Rows by table."""
    here = _columns(connection)
    return {
        one.name: connection.execute(select(func.count()).select_from(one)).scalar_one()
        for one in tables()
        if one.name in here
    }


def moment(engine: Engine) -> Connection:
    """A connection whose transaction sees one moment of the database; the caller closes it."""
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    return engine.connect().execution_options(**options)


def sqlite_engine(path: Path) -> Engine:
    """The engine of a backup's rows."""
    return database.connect(f"sqlite:///{path}")


def _columns(connection: Connection) -> dict[str, set[str]]:
    inspector = inspect(connection)
    return {name: {c["name"] for c in inspector.get_columns(name)} for name in inspector.get_table_names()}


def _continue_counting(target: Connection) -> None:
    """Let PostgreSQL number new rows behind the copied ones; SQLite does so by itself."""
    if target.dialect.name != "postgresql":
        return
    for one in tables():
        for column in one.primary_key.columns:
            sequence = target.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": one.name, "column": column.name},
            ).scalar_one()
            if sequence is not None:
                highest = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
                target.execute(select(func.setval(sequence, highest, False)))
