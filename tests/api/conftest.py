"""One server for each test module: starting one takes a second."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.api.server import serve


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home")) as client:
        yield client
