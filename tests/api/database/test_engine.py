"""SQLite's settings; what holds on both databases is in `test_databases`."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from api import database
from api.database.engine import BUSY_TIMEOUT_MS, _prepare_sqlite


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
