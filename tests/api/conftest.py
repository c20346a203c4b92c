"""One server for each test module, since starting one takes a second; both databases where asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.api.serving import serve
from tests.needs import POSTGRESQL, left_out
from tests.postgres import Cluster, bundled, cluster, installed


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A private PostgreSQL server, the machine's own or the one that pip installed."""
    programs = installed() or bundled()
    if programs is None:
        left_out(POSTGRESQL)
    with cluster(programs) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    running: Cluster = request.getfixturevalue("postgres")
    return running.database()
