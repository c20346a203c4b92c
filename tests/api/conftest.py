"""One server for each test module: starting one takes a second."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.api.server import serve


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home")) as client:
        yield client


@pytest.fixture
def fake_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """For fake registries, which have no events: what a record says is what it says today."""
    monkeypatch.setattr("api.claims.current", lambda registry, record_id: registry.verified(record_id))
