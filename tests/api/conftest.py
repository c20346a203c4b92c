"""One server for each test module, since starting one takes a second; both databases where asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from api import database
from api.database import engine as product
from tests.api.serving import serve
from tests.needs import POSTGRESQL, left_out
from tests.postgres import Cluster, bundled, cluster, installed

if TYPE_CHECKING:
    from tests.api.mortal import Mortal


@pytest.fixture(autouse=True, scope="session")
def no_power_cut() -> Iterator[None]:
    """SQLite waits for no disk: a file that is thrown away must survive killed processes, but no power cut.

    `tests.postgres` says the same to PostgreSQL. Processes that a test starts keep the product's setting.
    """
    prepare = product._prepare_sqlite

    def hasty(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(product, "_prepare_sqlite", hasty)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_hurry() -> Iterator[None]:
    """Databases wait longer than the product lets them: a busy machine may leave this process without a turn.

    Processes that a test starts keep the product's settings.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("IDLE_TIMEOUT_MS", 0),
            ("CONNECT_TIMEOUT_S", 1800),
            ("BUSY_TIMEOUT_MS", 1_800_000),
        ):
            patch.setattr(product, name, value)
        yield


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


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty database of today's schema, on each engine in turn."""
    made = database.connect(database_url)
    database.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What has a server keep its rows in an empty database, on each engine in turn."""
    if request.param == "sqlite":
        return {}
    running: Cluster = request.getfixturevalue("postgres")
    return {"database_url": running.database()}


@pytest.fixture(scope="module", params=["home sqlite", "store sqlite", "home postgresql", "store postgresql"])
def mortal_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["Mortal"]:
    """A home whose processes die: files here or in a store, rows in SQLite or PostgreSQL."""
    from tests import stores
    from tests.api.mortal import mortal

    folder = tmp_path_factory.mktemp("home")
    place, engine = request.param.split()
    url = f"sqlite:///{folder / 'test.db'}"
    if engine == "postgresql":
        running: Cluster = request.getfixturevalue("postgres")
        url = running.database()
    if place == "home":
        with mortal(folder, url, None) as made:
            yield made
        return
    with stores.s3() as s3, mortal(folder, url, s3) as made:
        yield made
