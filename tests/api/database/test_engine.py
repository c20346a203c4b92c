"""SQLite's settings; what holds on both databases is in `test_databases`."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from api import database
from api.database.engine import (
    BUSY_TIMEOUT_MS,
    CONNECTIONS,
    RESTED_S,
    _ask_whether_rested_ones_live,
    _prepare_sqlite,
)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """As the product opens it, and not as `tests.api.conftest` has it for all other tests."""
    monkeypatch.setattr("api.database.engine._prepare_sqlite", _prepare_sqlite)
    monkeypatch.setattr("api.database.engine.BUSY_TIMEOUT_MS", BUSY_TIMEOUT_MS)
    return database.connect(f"sqlite:///{tmp_path / 'test.db'}")


def test_sqlite_is_durable_and_waits(engine: Engine) -> None:
    with database.reading(engine) as connection:
        pragmas = {
            n: connection.execute(text(f"PRAGMA {n}")).scalar_one()
            for n in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": BUSY_TIMEOUT_MS,
    }


def test_connections_of_a_crowd_are_kept(engine: Engine) -> None:
    opened: list[object] = []
    event.listen(engine, "connect", lambda connection, _record: opened.append(connection))
    for _ in range(3):
        with ExitStack() as crowd:
            for _ in range(CONNECTIONS):
                crowd.enter_context(database.reading(engine))
    assert len(opened) == CONNECTIONS


def test_only_a_rested_connection_is_asked_whether_it_lives(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    _ask_whether_rested_ones_live(engine, lambda: now)
    asked: list[object] = []
    opened: list[object] = []
    event.listen(engine, "connect", lambda connection, _record: opened.append(connection))
    monkeypatch.setattr(engine.dialect, "do_ping", asked.append)

    def use() -> None:
        with database.reading(engine) as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1

    for _ in range(3):
        use()
        now += RESTED_S
    assert (len(asked), len(opened)) == (0, 1)
    now += 0.01
    use()
    assert (asked, len(opened)) == (opened, 1)

    def dead(_connection: object) -> None:
        raise engine.dialect.loaded_dbapi.OperationalError("gone")

    monkeypatch.setattr(engine.dialect, "do_ping", dead)
    now += 2 * RESTED_S
    use()
    assert len(opened) == 2, "the dead one is replaced by a fresh one, which is not asked"


def test_one_statement_needs_no_transaction(engine: Engine) -> None:
    begun: list[str] = []
    for whose in (engine, database.for_tenant(engine, "label-b")):
        with database.asking(whose) as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.set_trace_callback(begun.append)
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
        assert begun == ["SELECT 1"]
        begun.clear()
    with database.reading(engine) as connection:
        connection.execute(text("SELECT 2"))
    assert begun == ["BEGIN", "SELECT 2", "COMMIT"]
