"""Only what changes the log waits for the log."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from api import database
from api.log import leaves, tree
from api.registry.registry import Registry
from api.settings import Settings
from tests.api.serving import register
from tests.postgres import Cluster

WRITES: dict[str, Callable[[Registry], object]] = {
    "artist": lambda registry: registry.artists.enrol("Ada", b"voice"),
    "file": lambda registry: registry.records.add_file(registry.records.page()[0].record_id, "ef" * 32),
    "watermark": lambda registry: registry.for_tenant("new").keys.watermark(),
    "credentials": lambda registry: registry.keys.credentials(),
}


@pytest.mark.parametrize("write", WRITES)
def test_on_postgresql_no_other_write_waits_for_the_log(
    tmp_path: Path, postgres: Cluster, write: str
) -> None:
    settings = Settings(home=tmp_path, database_url=f"{postgres.database()}%20-clock_timeout%3D2000")
    registry = Registry.open(settings)
    register(registry)
    with leaves.appending(registry.engine):
        WRITES[write](registry)  # the database refuses to wait for a lock
        with pytest.raises(OperationalError, match="lock timeout"), leaves.appending(registry.engine):
            pass
    registry.close()


def test_on_sqlite_writers_pass_one_at_a_time(tmp_path: Path) -> None:
    registry = Registry.open(Settings(home=tmp_path))
    register(registry)
    with leaves.appending(registry.engine):
        writer = threading.Thread(target=lambda: registry.artists.enrol("Ada", b"voice"))
        writer.start()
        with database.reading(registry.engine) as connection:
            assert tree.size_of(connection) == 1  # readers never wait
    writer.join()
    assert [artist.name for artist in registry.artists.all()] == ["Ada"]
    registry.close()
