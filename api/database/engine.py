"""The database connection: SQLite in WAL mode by default, PostgreSQL for many machines.

`reading` never waits for a writer. `writing` is a plain transaction that writes: on PostgreSQL writers only
meet where they touch the same rows, on SQLite the file takes one at a time (`BEGIN IMMEDIATE`). What must not
happen twice at once, such as two appends to the log, holds a lock besides (`hold`).
"""

import glob
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from core import clock

if TYPE_CHECKING:
    from alembic.config import Config

LOG_LOCK = 0x747261636B6D6B  # "trackmk": advisory locks of this application on PostgreSQL
MIGRATION_LOCK = LOG_LOCK + 1
QUEUE_LOCK = LOG_LOCK + 2
MIGRATIONS = Path(__file__).with_name("migrations")
BUSY_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_S = 10
IDLE_TIMEOUT_MS = 20_000
_USED = "trackmark used"
TENANT = "trackmark_tenant"
"""The option of a connection that says whose rows it sees."""
MIGRATION_IDLE_TIMEOUT_MS = 600_000
CONNECTIONS = 15
"""How many a process opens at most. All are kept: to open one takes as long as some answers do."""
TOLD = 512
"""As many engines with options of their own are kept: two of each tenant that asked lately."""
RESTED_S = 1.0
"""A connection that was used within this time is taken to be alive, and not asked."""


def connect(database_url: str) -> Engine:
    """An engine with our transaction rules, its SQLite folder created; no connection is opened yet."""
    url = make_url(database_url)
    kept = {"pool_size": CONNECTIONS, "max_overflow": 0, "pool_use_lifo": True}
    if url.get_backend_name() != "sqlite":
        engine = create_engine(
            url,
            **kept,
            pool_timeout=CONNECT_TIMEOUT_S,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
            hide_parameters=True,  # what is stored is told to no log
        )
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _name_the_tenant)
        _ask_whether_rested_ones_live(engine)
        return engine
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Only its owner reads it, whatever the umask; SQLite gives the files beside it the same mode.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        for file in (path, *path.parent.glob(f"{glob.escape(path.name)}-*")):
            file.chmod(0o600)
    engine = create_engine(
        url, **kept, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_postgresql(connection: Any, _record: object) -> None:
    """Have the server end a transaction whose process hangs, with the locks that others wait for."""
    connection.autocommit = True
    connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT_MS}")
    connection.autocommit = False


def _ask_whether_rested_ones_live(engine: Engine, ticks: Callable[[], float] = time.monotonic) -> None:
    """Ask a connection that lay in the pool for a while whether its server is still there.

    Asked each time, as `pool_pre_ping` has it, that would be a quarter of what a short answer says to the
    database.
    """

    def used(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_USED] = ticks()

    def take(connection: Any, record: ConnectionPoolEntry, _taken: object) -> None:
        now = ticks()
        if now - record.info.setdefault(_USED, now) <= RESTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            raise InvalidatePoolError from None

    event.listen(engine, "checkin", used)
    event.listen(engine, "checkout", take)


def be_patient(connection: Connection) -> None:
    """Let this transaction be idle for long: a migration computes between its statements."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            f"SET LOCAL idle_in_transaction_session_timeout = {MIGRATION_IDLE_TIMEOUT_MS}"
        )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Switch off the driver's own BEGIN and set the pragmas (per connection, except WAL)."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",  # first: the change to WAL may have to wait
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=FULL",  # a registration that was answered must survive a power cut
        "secure_delete=ON",  # an erased voice print must not stay in free pages
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("trackmark_writer", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif not options.get("trackmark_alone", False):
        # Takes no lock yet, so that nothing can go wrong; past SQLAlchemy it takes a quarter of the time.
        connection.connection.driver_connection.execute("BEGIN")  # type: ignore[union-attr]  # it is open


def for_tenant(engine: Engine, tenant: str) -> Engine:
    """The same engine, whose transactions see and write rows of one tenant only where PostgreSQL runs it.

    A second wall behind the queries, which name their tenant too. A superuser passes it, so the service's
    role should be none; SQLite has no such wall.
    """
    return _told(engine, TENANT, tenant)


@lru_cache(maxsize=TOLD)
def _told(engine: Engine, option: str, value: str | bool) -> Engine:
    """An engine whose connections have an option, made once: every request asks for some."""
    return engine.execution_options(**{option: value})


def _name_the_tenant(connection: Connection) -> None:
    tenant = connection.get_execution_options().get(TENANT)
    if tenant is None:
        return
    say = "SELECT set_config('trackmark.tenant', %s, true)"  # forgotten at the end of the transaction
    try:  # past SQLAlchemy a tenant's short question takes a sixth less of the processor
        connection.connection.driver_connection.execute(say, (tenant,))  # type: ignore[union-attr]  # open
    except connection.dialect.loaded_dbapi.Error:
        connection.exec_driver_sql(say, (tenant,))  # fails again, and SQLAlchemy learns of it


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that does not queue behind writers."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def asking(engine: Engine) -> Iterator[Connection]:
    """For one statement that reads: it is a transaction by itself.

    Without begin and commit a PostgreSQL server is asked once instead of three times. A tenant's statement
    has them there all the same, around the tenant's name.
    """
    alone = _told(engine, "trackmark_alone", True)
    if engine.dialect.name == "postgresql" and TENANT not in engine.get_execution_options():
        alone = _told(alone, "isolation_level", "AUTOCOMMIT")
    with alone.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; commits on leaving, rolls back on an exception."""
    with engine.connect().execution_options(trackmark_writer=True) as connection, connection.begin():
        yield connection


def forget_traces(engine: Engine) -> None:
    """Empty SQLite's write-ahead log, which would still hold what was just erased.

    Readers that are under way keep it a little longer; the next erasure or an orderly end empties it then.
    """
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as connection:  # a checkpoint is no part of a transaction
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


def hold(connection: Connection, lock: int) -> None:
    """Exclude, until the transaction ends, everybody else who holds this lock.

    On SQLite `writing` alone excludes every other writer.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


def time_of(connection: Connection) -> datetime:
    """The database's own time in UTC: one clock for every host that shares it."""
    if connection.dialect.name == "postgresql":
        told: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return told.astimezone(UTC)
    return clock.now()


def away(error: BaseException) -> bool:
    """Whether the database could not be reached or could not work, whatever it was asked."""
    if not isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return isinstance(error, DBAPIError) and error.connection_invalidated
    # SQLite says "operational" also of a wrong statement.
    return getattr(getattr(error, "orig", None), "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR


def alembic_config(connection: Connection | None) -> "Config":
    """Alembic's configuration, built in memory and bound to an open transaction, if there is one."""
    from alembic.config import Config  # slow to import, and only a change of the schema needs it

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
