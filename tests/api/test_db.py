"""The schema: migrations lead to the tables, and back."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from api import db
from api.tables import Table
from provenance.fingerprint import fingerprint_metadata


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return db.connect(f"sqlite:///{tmp_path / 'test.db'}")


def test_migrations_lead_to_the_tables(engine: Engine) -> None:
    db.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, [Table.metadata, fingerprint_metadata]) == []


def test_migrations_go_back_and_forth(engine: Engine) -> None:
    db.upgrade(engine)
    db.downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    db.upgrade(engine)
    db.upgrade(engine)
    assert "records" in inspect(engine).get_table_names()


def test_sqlite_is_durable_and_waits(engine: Engine) -> None:
    with db.reading(engine) as connection:
        pragmas = {
            n: connection.execute(text(f"PRAGMA {n}")).scalar_one()
            for n in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": db.BUSY_TIMEOUT_MS,
    }


def test_a_writer_rolls_back_on_an_exception(engine: Engine) -> None:
    db.upgrade(engine)
    insert = text("INSERT INTO log_nodes (level, position, hash) VALUES (0, 0, x'00')")
    with pytest.raises(RuntimeError), db.writing(engine) as connection:
        connection.execute(insert)
        raise RuntimeError
    with db.reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM log_nodes")).scalar_one() == 0
