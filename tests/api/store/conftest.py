"""A bucket for each test."""

from collections.abc import Iterator

import pytest

from tests import stores


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[stores.S3]:
    with stores.s3() as running:
        running.environment(monkeypatch)
        yield running
