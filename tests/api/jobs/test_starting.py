"""A server and its worker start together or not at all, and share a home with others."""

import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from api.registry.registry import Registry
from api.server.app import create_app
from api.settings import Settings
from tests.api.serving import audited, serve


def test_a_worker_that_cannot_start_says_why_and_leaves_nothing_behind(tmp_path: Path) -> None:
    for _ in range(2):
        bad = Settings(home=tmp_path, database_url="postgresql+psycopg://nobody@127.0.0.1:1/nothing")
        with pytest.raises(OperationalError, match="refused"), TestClient(create_app(bad)):
            raise AssertionError("started")


def test_a_server_whose_worker_fails_to_start_closes_what_it_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Registry] = []
    close = Registry.close

    def closing(registry: Registry) -> None:
        closed.append(registry)
        close(registry)

    monkeypatch.setattr(Registry, "close", closing)

    def broken(*_arguments: object, **_options: object) -> None:
        raise PermissionError("the queue cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr("api.jobs.sweep.Sweep.uploads", broken)
        with (
            pytest.raises(PermissionError, match="the queue cannot be read"),
            TestClient(create_app(Settings(home=tmp_path))),
        ):
            raise AssertionError("started")
    assert len(closed) == 1
    before = threading.active_count()
    with TestClient(create_app(Settings(home=tmp_path))) as client:
        assert client.get("/healthz").is_success
    assert threading.active_count() <= before + 1


def test_several_servers_share_a_home_and_a_process(tmp_path: Path) -> None:
    with serve(tmp_path / "home") as one, serve(tmp_path / "home") as two:
        for client in (one, two):
            assert audited(client)["state"] == "succeeded"
