"""The schema changes without losing a row, and a release runs on one that is a revision ahead."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from api import database
from api.database import schema
from api.database.schema import RowsWouldBeLost, SchemaTooNew
from api.errors import ConflictingEntry
from api.registry.registry import Registry
from api.settings import Settings
from tests.api.cli.conftest import invoke
from tests.api.serving import register


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    yield opened
    opened.close()


def put_revision(engine: Engine, revision: str) -> None:
    with database.writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :to"), {"to": revision})


def test_rows_that_a_downgrade_would_lose_are_told_and_kept(registry: Registry) -> None:
    made = register(registry)
    lost = database.downgrade(registry.engine, "0001", dry=True)
    assert lost["log_head"] == 1
    assert lost["fingerprint_track"] == 1
    assert not any(place.startswith("log_head.") for place in lost)  # told once, as a table
    with pytest.raises(RowsWouldBeLost, match="1 of log_head"):
        database.downgrade(registry.engine, "0001")
    assert schema.state(registry.engine).revision == schema.newest_revision()
    registry.records.verified(made.record_id)
    assert database.downgrade(registry.engine, "0001", lose=True) == lost
    assert "log_head" not in inspect(registry.engine).get_table_names()


def test_values_of_a_dropped_column_count(registry: Registry) -> None:
    register(registry)
    assert database.downgrade(registry.engine, "0004", dry=True)["fingerprint_track.owner"] == 1


def test_the_newest_revision_is_the_one_to_which_an_upgrade_leads(registry: Registry) -> None:
    with registry.engine.connect() as connection:
        stands = MigrationContext.configure(connection).get_current_revision()
        assert stands == schema.revision_of(connection) == schema.newest_revision()
    database.downgrade(registry.engine, "base")
    with registry.engine.connect() as connection:
        assert schema.revision_of(connection) == schema.BASE


def test_nothing_is_lost_where_nothing_is_stored(registry: Registry) -> None:
    assert database.downgrade(registry.engine, "base") == {}


def test_a_release_runs_on_a_schema_one_ahead_of_it(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = register(registry)
    ahead = f"{int(schema.newest_revision()) + 1:04d}"
    put_revision(registry.engine, ahead)
    with caplog.at_level(logging.WARNING):
        database.upgrade(registry.engine)
    assert f"schema {ahead}, one ahead" in caplog.text
    registry.records.verified(made.record_id)
    register(registry)
    assert schema.state(registry.engine).revision == ahead
    with pytest.raises(SchemaTooNew):
        database.downgrade(registry.engine, "0001")


@pytest.mark.parametrize("revision", ["0099", "abc"])
def test_a_schema_that_nobody_here_knows_is_refused(registry: Registry, revision: str) -> None:
    put_revision(registry.engine, revision)
    with pytest.raises(SchemaTooNew, match=revision):
        database.upgrade(registry.engine)


def test_an_unknown_target_is_refused(registry: Registry) -> None:
    with pytest.raises(ConflictingEntry, match="no schema"):
        database.downgrade(registry.engine, "0404")


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path / "home"))
    (state,) = invoke("db", "check", "--json").lines
    assert (state["schema"], state["good"]) == ("base", False)
    assert [state["pending"][end]["revision"] for end in (0, -1)] == ["0001", state["newest"]]
    assert "0001 would be applied" in invoke("db", "upgrade", "--dry-run").out
    assert invoke("db", "check").code == 1
    assert invoke("db", "upgrade").code == 0
    assert invoke("db", "check").code == 0
    registry = Registry.open(Settings())
    register(registry)
    registry.close()
    refused = invoke("db", "downgrade", "0005")
    assert refused.code == 1
    assert "would lose rows: 1 of fingerprint_track.filed, 1 of log_head" in " ".join(refused.err.split())
    lost = invoke("db", "downgrade", "0005", "--dry-run", "--json").lines[0]["lost"]
    assert lost == {"fingerprint_track.filed": 1, "log_head": 1, "trail_events": 1}
    assert invoke("db", "downgrade", "0005", "--lose-rows").code == 0
    assert "0006 is missing" in invoke("db", "check").out
