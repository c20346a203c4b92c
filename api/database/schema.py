"""The revision of the schema: where it stands, what a change of it would do, and what it would lose.

Revisions only add (tables, columns that may be empty), and what a release no longer uses is dropped by the
release after it. So a release can run on a schema that is one revision ahead of it, and an upgrade can be
taken back by starting the older release again.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Engine, func, inspect, select, table
from sqlalchemy import column as named_column

from api.database.engine import (
    MIGRATION_LOCK,
    MIGRATIONS,
    alembic_config,
    be_patient,
    hold,
    reading,
    writing,
)
from api.database.tables import Table
from api.errors import ConflictingEntry
from provenance.fingerprint import fingerprint_metadata

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

log = logging.getLogger(__name__)

BASE = "base"
STANDS = table("alembic_version", named_column("version_num"))
REMADE = frozenset({"job_terms", "record_terms", "server_secrets", "jobs.listed_as", "records.listed_as"})
"""What a release that has it makes again from the rest: to drop it loses nothing."""
METADATA: Any = [Table.metadata, fingerprint_metadata]  # a list, which alembic takes and its types deny


class SchemaTooNew(ConflictingEntry):
    """The database was brought to a schema that this release does not know."""


class RowsWouldBeLost(ConflictingEntry):
    """A change of the schema would drop what is stored; nothing was changed."""


@dataclass(frozen=True)
class SchemaState:
    """Where the schema of a database stands.

    Attributes:
        revision: of the database; `base` for an empty one.
        newest: the one of this release.
        pending: revisions that an upgrade would apply, with what each is for.
        differences: what the database has otherwise than its revision says.
    """

    revision: str
    newest: str
    pending: tuple[tuple[str, str], ...]
    differences: tuple[str, ...]


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to `revision`; safe to call from several processes at once.

    A schema that is one revision ahead of this release is left as it is.

    Raises:
        SchemaTooNew: it is further ahead.
    """
    with _changing(engine) as connection:
        found, newest = revision_of(connection), newest_revision()
        if found == newest and revision == "head":
            return
        if found != BASE and not _known(found):
            if not found.isdigit() or int(found) != int(newest) + 1:
                raise SchemaTooNew(
                    f"the database has schema {found}, and this release knows those up to {newest}: use the "
                    "release that made it, or one before or after it"
                )
            log.warning("the database has schema %s, one ahead of this release's %s", found, newest)
            return
        _command().upgrade(alembic_config(connection), revision)


def upgrade_on(connection: Connection) -> None:
    """Bring the schema to this release's inside an open transaction."""
    _command().upgrade(alembic_config(connection), "head")


def downgrade(engine: Engine, revision: str, *, lose: bool = False, dry: bool = False) -> dict[str, int]:
    """Take the schema back to `revision` (`base` removes every table).

    Args:
        engine: the database.
        revision: where to.
        lose: go on although stored rows or values are dropped.
        dry: only find out what would be dropped.

    Returns:
        What was or would be dropped: table or `table.column` to how many rows hold something there.

    Raises:
        RowsWouldBeLost: something would, and `lose` was not said.
        SchemaTooNew: this release does not know the way back.
        ConflictingEntry: no such revision.
    """
    try:
        with _changing(engine) as connection:
            found = revision_of(connection)
            if not _known(found):
                raise SchemaTooNew(f"only the release that brought schema {found} knows the way back")
            if not _known(revision):
                raise ConflictingEntry(f"there is no schema {revision!r}; see `trackmark db check`")
            before = _held(connection)
            _command().downgrade(alembic_config(connection), revision)
            after = _held(connection)
            lost = {place: rows for place, rows in before.items() if rows and place not in after}
            # A column of a dropped table is not told beside the table.
            lost = {p: n for p, n in lost.items() if p.rpartition(".")[0] not in lost}
            if dry:
                raise _DryRun(lost)
            if lost and not lose:
                words = ", ".join(f"{rows} of {place}" for place, rows in sorted(lost.items()))
                raise RowsWouldBeLost(f"going back to {revision} would lose rows: {words}")
            return lost
    except _DryRun as found_out:
        return found_out.lost


def state(engine: Engine) -> SchemaState:
    """Where the schema stands, without changing anything."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with reading(engine) as connection:
        revision, newest = revision_of(connection), newest_revision()
        pending: tuple[tuple[str, str], ...] = ()
        differences: tuple[str, ...] = ()
        if _known(revision):
            pending = tuple(
                (step.revision, (step.doc or "").rstrip("."))
                for step in reversed(list(_scripts().iterate_revisions("head", revision)))
            )
        if revision == newest:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            differences = tuple(str(one) for one in compare_metadata(context, METADATA))
        return SchemaState(revision, newest, pending, differences)


def revision_of(connection: Connection) -> str:
    """The schema's revision; `base` for a database without one."""
    if not inspect(connection).has_table(STANDS.name):
        return BASE
    return connection.execute(select(STANDS.c.version_num)).scalar_one_or_none() or BASE


def newest_revision() -> str:
    """The revision that this release works with: scripts are named by theirs, `vNNNN_what.py`."""
    return max(script.name[1:5] for script in MIGRATIONS.glob("versions/v[0-9][0-9][0-9][0-9]_*.py"))


@contextmanager
def _changing(engine: Engine) -> Iterator[Connection]:
    with writing(engine) as connection:
        be_patient(connection)
        hold(connection, MIGRATION_LOCK)
        yield connection


def _command() -> ModuleType:
    """Alembic, which is slow to import, and which only a change of the schema needs."""
    from alembic import command

    return command


def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config(None))


def _known(revision: str) -> bool:
    return revision == BASE or revision in {step.revision for step in _scripts().walk_revisions()}


def _held(connection: Connection) -> dict[str, int]:
    """How many rows each table holds, and how many of them have a value in each column that may be empty."""
    found: dict[str, int] = {}
    inspector = inspect(connection)
    for name in inspector.get_table_names():
        if name in REMADE:
            continue
        here = table(name)
        found[name] = connection.execute(select(func.count()).select_from(here)).scalar_one()
        for one in inspector.get_columns(name):
            if f"{name}.{one['name']}" in REMADE:
                continue
            value: ColumnElement[Any] = named_column(one["name"])
            count = select(func.count(value)).select_from(here)
            found[f"{name}.{one['name']}"] = connection.execute(count).scalar_one()
    return found


class _DryRun(Exception):
    """Rolls a change back, with what it found out."""

    def __init__(self, lost: dict[str, int]) -> None:
        super().__init__()
        self.lost = lost
