"""`trackmark doctor`: it says what is wrong, exits with 1, and changes nothing."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from api.cli import doctor
from core import clock
from core.errors import UnreadableAudio
from lab.authority import Authority, server
from tests import stores
from tests.api.cli.conftest import Trackmark
from tests.api.identity.provider import Provider, running


def checks(trackmark: Trackmark, code: int) -> dict[str, dict[str, Any]]:
    done = trackmark("doctor", "--json")
    (told,) = done.lines
    assert done.code == code
    assert told["good"] is (code == 0)
    assert all(check["do"] for check in told["checks"] if check["state"] == "wrong")
    return {check["name"]: check for check in told["checks"]}


def test_a_healthy_machine_is_told_so_and_left_as_it_was(trackmark: Trackmark, home: Path) -> None:
    found = checks(trackmark, 0)
    assert {
        "sandbox filter",
        "sandbox room",
        "sandbox user",
        "database",
        "keys",
        "disk",
        "clock",
        "models",
    } == set(found)
    assert not home.exists()
    assert "ok" in trackmark("doctor").out


def test_a_sandbox_that_does_not_start_is_wrong(
    trackmark: Trackmark, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise UnreadableAudio("the decoding process does not start")

    monkeypatch.setattr("core.decode.decode_bytes", fails)
    assert checks(trackmark, 1)["sandbox"]["state"] == "wrong"


@pytest.mark.parametrize(
    ("room", "states"),
    [
        ({"separate": [], "user": "server", "empty": False}, ("weaker", "weaker")),
        ({"separate": ["files", "network"], "user": "namespace", "empty": True}, ("weaker", "ok")),
    ],
)
def test_what_the_kernel_does_not_give_is_named(
    trackmark: Trackmark, home: Path, monkeypatch: pytest.MonkeyPatch, room: object, states: tuple[str, str]
) -> None:
    monkeypatch.setattr("core.reception.DECODER.room", lambda: room)
    found = checks(trackmark, 0)
    assert (found["sandbox room"]["state"], found["sandbox user"]["state"]) == states
    assert "processes" in found["sandbox room"]["says"]


def test_a_platform_without_a_filter_is_wrong(
    trackmark: Trackmark, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.sandbox_calls.available", lambda: False)
    assert checks(trackmark, 1)["sandbox filter"]["state"] == "wrong"


def test_keys_that_others_can_read_are_wrong(trackmark: Trackmark, home: Path) -> None:
    (home / "keys").mkdir(parents=True, mode=0o700)
    (home / "keys" / "record.pem").write_text("no key")
    (home / "keys" / "record.pem").chmod(0o644)
    assert checks(trackmark, 1)["keys"]["state"] == "wrong"


def test_a_database_that_is_none_is_wrong(trackmark: Trackmark, home: Path) -> None:
    home.mkdir()
    (home / "trackmark.db").write_bytes(b"this is no database" * 100)
    assert checks(trackmark, 1)["database"]["state"] == "wrong"


def test_a_clock_behind_its_own_files_is_wrong(trackmark: Trackmark, home: Path) -> None:
    home.mkdir()
    (home / "later").touch()
    os.utime(home / "later", (time.time() + 3600, time.time() + 3600))
    assert checks(trackmark, 1)["clock"]["state"] == "wrong"


def test_a_home_that_cannot_be_written_to_is_wrong(
    trackmark: Trackmark, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda *_, **__: False)  # root may write anywhere
    found = checks(trackmark, 1)["disk"]
    assert found["state"] == "wrong" and "cannot be written to" in found["says"]


def test_a_full_disk_is_wrong(trackmark: Trackmark, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK_BYTES", 1 << 80)
    assert checks(trackmark, 1)["disk"]["state"] == "wrong"


def test_weights_that_are_not_their_cards_are_wrong(
    trackmark: Trackmark, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = Path("detector/voice/identity.toml")
    (tmp_path / card.parent).mkdir(parents=True)
    root = Path(doctor.__file__).resolve().parents[2]
    (tmp_path / card).write_bytes((root / card).read_bytes())
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(doctor, "_ROOT", tmp_path)
    assert checks(trackmark, 1)["models"]["state"] == "wrong"


def test_a_store_is_tried_and_one_that_is_away_is_named(
    trackmark: Trackmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stores.s3() as s3:
        s3.environment(monkeypatch)
        monkeypatch.setenv("TRACKMARK_STORE", s3.store)
        assert checks(trackmark, 0)["store"]["state"] == "ok"
        s3.fault = stores.full
        found = checks(trackmark, 1)["store"]
        assert found["state"] == "wrong" and "is full" in found["says"]
        assert s3.names() == []


def test_a_sign_in_provider_is_asked_for_its_keys(
    trackmark: Trackmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKMARK_OIDC_CLIENT_ID", "trackmark")
    monkeypatch.setenv("TRACKMARK_PUBLIC_URL", "https://trackmark.example")
    with running(Provider("https://trackmark.example/sign-in/callback")) as at:
        monkeypatch.setenv("TRACKMARK_OIDC_ISSUER", at.address)
        assert checks(trackmark, 0)["sign-in"]["says"].endswith("keys: RSA")
        monkeypatch.setenv("TRACKMARK_OIDC_ISSUER", f"{at.address}/other")
        assert checks(trackmark, 1)["sign-in"]["state"] == "wrong"
    assert "does not answer" in checks(trackmark, 1)["sign-in"]["says"]


def test_a_time_stamp_authority_stamps_and_tells_the_time(
    trackmark: Trackmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.generate()
    roots = tmp_path / "roots.pem"
    roots.write_bytes(authority.root_pem)
    with serving(server(authority)) as url:
        monkeypatch.setenv("TRACKMARK_TSA", url)
        assert checks(trackmark, 1)["time stamps"]["state"] == "wrong"  # nobody is believed
        monkeypatch.setenv("TRACKMARK_TSA_ROOTS", str(roots))
        assert checks(trackmark, 0)["time stamps"]["state"] == "ok"
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=10))
        assert "10 minutes ahead" in checks(trackmark, 1)["time stamps"]["says"]
    assert "does not answer" in checks(trackmark, 1)["time stamps"]["says"]


@pytest.mark.parametrize(("answer", "state"), [(200, "ok"), (401, "ok"), (404, "weaker"), (None, "weaker")])
def test_a_collector_that_takes_no_spans_makes_nothing_wrong(
    trackmark: Trackmark, monkeypatch: pytest.MonkeyPatch, answer: int | None, state: str
) -> None:
    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(answer or 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Collector)) as url:
        monkeypatch.setenv("TRACKMARK_TELEMETRY_ENDPOINT", f"{url}v1/traces")
        if answer is not None:
            assert checks(trackmark, 0)["telemetry"]["state"] == state
            return
    assert checks(trackmark, 0)["telemetry"]["state"] == state


@contextmanager
def serving(one: HTTPServer) -> Iterator[str]:
    """The address of a server while it answers."""
    thread = threading.Thread(target=one.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{one.server_port}/"
    finally:
        one.shutdown()
        thread.join()
        one.server_close()
