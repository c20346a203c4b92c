"""What the server says when something that it needs is away, and what it says of itself."""

import logging
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from api.jobs.job import Upload
from api.jobs.leases import Leases
from api.server.route import Route
from tests.api.serving import GOOD, audited, parts, serve
from tests.needs import POSTGRESQL, left_out
from tests.postgres import bundled, cluster, installed

GETS = ("/v1/audits", "/v1/records", "/v1/keys", "/v1/log/entries/0", "/c2pa/v1/manifests/a", "/audits/a")


def test_without_its_database_a_server_asks_to_come_back(tmp_path: Path) -> None:
    programs = installed() or bundled()
    if programs is None:
        left_out(POSTGRESQL)
    with cluster(programs) as away:
        running = serve(tmp_path, database_url=away.database(), run_jobs=False)
        client = running.__enter__()
        assert client.get("/readyz").json() == {"status": "ok"}
    try:
        for path in GETS:
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
            assert int(answer.headers["retry-after"]) >= 1
        answer = client.post("/v1/audits", files={"file": ("a.wav", GOOD)})
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert list(parts(client).settings.uploads.iterdir()) == []
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "not-ready")
        assert ready.json()["parts"]["database"] == "does not answer"
        assert ready.json()["parts"]["uploads"] == "ok"
        assert int(ready.headers["retry-after"]) >= 1
    finally:
        running.__exit__(None, None, None)


def test_a_busy_or_full_sqlite_is_unavailable_and_a_wrong_statement_is_not(tmp_path: Path) -> None:
    import sqlite3

    with serve(tmp_path) as client:

        def fail(code: int) -> int:
            def raising(*_: object) -> None:
                cause = sqlite3.OperationalError("it happened")
                cause.sqlite_errorcode = code
                raise OperationalError("SELECT", {}, cause)

            engine = parts(client).registry.engine
            event.listen(engine, "before_cursor_execute", raising)
            try:
                client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]  # as over HTTP
                return client.get("/v1/audits").status_code
            finally:
                event.remove(engine, "before_cursor_execute", raising)

        away = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
        assert [fail(code) for code in away] == [503] * 4
        assert fail(sqlite3.SQLITE_ERROR) == 500


def test_a_server_that_cannot_write_names_the_folder(tmp_path: Path) -> None:
    with serve(tmp_path) as client:
        folder = parts(client).settings.outputs
        folder.rmdir()
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["code"]) == (503, "not-ready")
        assert answer.json()["parts"]["outputs"].startswith("cannot be written")
        assert answer.json()["parts"]["database"] == "ok"
        folder.mkdir()
        assert client.get("/readyz").status_code == 200
        assert not list(folder.iterdir())


def test_no_log_holds_what_was_stored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with serve(tmp_path) as client:
        secret = "nobody-may-read-this"
        with caplog.at_level(logging.DEBUG), pytest.raises(Exception) as caught:
            made = parts(client).keys.create("a", frozenset({"admin"}))  # type: ignore[arg-type]
            with parts(client).registry.engine.begin() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO api_keys (id, name) VALUES (?, ?)", (made.info.id, secret)
                )
        assert secret not in str(caught.value)
        assert secret not in caplog.text


def test_unknown_and_repeated_parameters_are_refused_everywhere(tmp_path: Path) -> None:
    with serve(tmp_path) as client:
        public = ("/healthz", "/readyz", "/v1/log/checkpoint", "/v1/log/entries/0")
        for path in ("/v1/audits", "/v1/tracks", "/v1/records", "/v1/keys", "/v1/artists", *public):
            answer = client.get(path, params={"colour": "red"})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), path
            assert "colour" in answer.json()["detail"]
        assert client.get("/v1/audits?limit=1&limit=2").status_code == 422
        assert client.get("/v1/audits?Limit=1").status_code == 422
        assert client.post("/v1/audits?retain=true", files={"file": ("a.wav", GOOD)}).status_code == 422
        assert client.get("/v1/audits?limit=1").status_code == 200
        assert client.get("/?from=mail").status_code == 200  # a page


def test_a_wrong_method_is_told_every_right_one(tmp_path: Path) -> None:
    with serve(tmp_path) as client:
        for path, allowed in {
            "/v1/audits": "GET, HEAD, POST",
            "/v1/audits/a": "DELETE, GET, HEAD",
            "/v1/keys": "GET, HEAD, POST",
            "/v1/records/00112233445566aa/transfers": "POST",
            "/healthz": "GET, HEAD",
        }.items():
            for method in ("PUT", "PATCH"):
                answer = client.request(method, path)
                assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
                told = answer.json()
                assert told["code"] == "method-not-allowed" and allowed in told["detail"]
        assert client.post("/static/style.css").headers["allow"] == "GET, HEAD"


def test_what_no_route_answers_is_told_as_every_other_failure(tmp_path: Path) -> None:
    with serve(tmp_path) as client:
        nothing, missing = client.get("/v1/nothing").json(), client.get("/v1/audits/nothing").json()
        assert (nothing["type"], nothing["title"]) == (missing["type"], missing["title"])
        assert nothing["detail"] == "there is nothing at this address"
        german = {"accept": "text/html", "accept-language": "de"}
        assert "Diesen Eintrag gibt es nicht" in client.get("/nothing", headers=german).text
        assert "Diese Adresse nimmt" in client.delete("/audits", headers=german).text


def test_whatever_can_be_read_can_be_asked_for_by_head(tmp_path: Path) -> None:
    with serve(tmp_path) as client:
        done = audited(client, files={"file": ("a.flac", GOOD)})
        while client.get(f"/v1/audits/{done['id']}").json()["audio_deleted_at"] is None:
            time.sleep(0.05)  # the upload goes after the result is there, and the answer tells it
        for path in (f"/v1/audits/{done['id']}", f"/v1/audits/{done['id']}/report", "/v1/audits", "/healthz",
                     f"/v1/audits/{done['id']}/picture", "/v1/log/checkpoint", "/v1/keys"):  # fmt: skip
            full, head = client.get(path), client.head(path)
            assert (head.status_code, head.content) == (full.status_code, b"") == (200, b""), path
            for name in ("content-length", "content-type"):
                assert head.headers[name] == full.headers[name]
        assert client.head("/v1/audits/none").status_code == 404
        assert (
            client.head(f"/v1/audits/{done['id']}", headers={"Authorization": "Bearer x"}).status_code == 401
        )


def test_a_job_that_ended_by_a_fault_of_the_server_is_no_fault_of_its_report(tmp_path: Path) -> None:
    with serve(tmp_path, run_jobs=False) as client:
        jobs = parts(client).jobs
        leases = Leases(parts(client).registry.engine, lease_s=60, attempts=3)
        for code in ("job-crashed", "internal", "weights-unavailable"):
            job, _ = jobs.create("audit", "default", Upload("a.wav", "a", "ab" * 32, 1), {})
            lease = leases.take_this(job.id, "worker")
            assert lease is not None
            error = {
                "type": f"urn:trackmark:problem:{code}",
                "title": "t",
                "status": 500,
                "code": code,
                "detail": "d",
            }
            leases.fail(lease, error)
            for name in ("report", "picture"):
                answer = client.get(f"/v1/audits/{job.id}/{name}")
                assert (answer.status_code, answer.json()["code"]) == (409, code)
                assert answer.json()["status"] == 409


def test_every_route_of_the_interface_is_ours(tmp_path: Path) -> None:
    """A plain route would ignore parameters, refuse HEAD, and never keep the answer of a claimed request."""
    with serve(tmp_path) as client:
        app: Any = client.app
        every = [route for route in iter_route_contexts(app.routes) if hasattr(route, "endpoint")]
        routes = [route for route in every if isinstance(route.original_route, APIRoute)]
        assert len(routes) > 40
        assert [route.path for route in routes if not isinstance(route.original_route, Route)] == []
