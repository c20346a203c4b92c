"""Every answer names its request, problems and logs repeat the name, and nothing is smuggled in by it."""

import json
import logging
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import logs
from tests.api.serving import GOOD, URL, parts

FRESH = re.compile("[0-9a-f]{32}")


def test_a_well_formed_name_is_taken_over_and_any_other_is_replaced(client: TestClient) -> None:
    for name in ("a", "Trace-01.2~3:4/5@6=7+8", "x" * 128):
        assert client.get("/healthz", headers={"X-Request-Id": name}).headers["x-request-id"] == name
    for sent in ("", "a b", "x" * 129, "a\tb", "a,b", "{}", 'a"', "é".encode()):
        answer = client.get(
            "/healthz", headers={b"X-Request-Id": sent if isinstance(sent, bytes) else sent.encode()}
        )
        assert FRESH.fullmatch(answer.headers["x-request-id"]), sent
    twice = client.get("/healthz", headers=[("X-Request-Id", "a"), ("X-Request-Id", "b")])
    assert FRESH.fullmatch(twice.headers["x-request-id"])
    first, second = (client.get("/healthz").headers["x-request-id"] for _ in "12")
    assert first != second


def test_a_problem_tells_it_wherever_it_was_raised(client: TestClient) -> None:
    for method, path, more in (
        ("GET", "/v1/audits/nothing", {}),
        ("GET", "/v1/audits?limit=x", {}),
        ("GET", "/nowhere", {}),
        ("GET", "/v1/%ff", {}),
        ("POST", "/v1/keys", {"content": b"x" * (2 << 20)}),
        ("POST", "/v1/audits", {"files": {"file": ("a.wav", b"not audio")}}),
    ):
        answer = client.request(method, path, headers={"X-Request-Id": "mine"}, **more)
        assert (answer.status_code >= 400, answer.json()["request_id"]) == (True, "mine"), path
        assert answer.headers["x-request-id"] == "mine"


def test_an_answer_that_is_given_again_has_the_name_of_its_own_request(client: TestClient) -> None:
    body = {"name": "x", "scopes": ["audits:read"]}
    names = []
    for name in ("one", "two"):
        sent = {"X-Request-Id": name, "Idempotency-Key": "named"}
        names.append(client.post("/v1/keys", json=body, headers=sent).headers["x-request-id"])
    assert names == ["one", "two"]


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_is_logged_names_the_request_and_tells_no_secret(
    client: TestClient, form: logs.Format, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(type(parts(client).jobs), "get", lambda *_, **__: 1 / 0)
    bare = TestClient(client.app, base_url=URL, raise_server_exceptions=False)
    bare.headers.update(client.headers)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        logs.begin(form)
        failed = bare.get("/v1/audits/a", headers={"X-Request-Id": "mine"})
        logging.getLogger("api").info("too little to be told")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert (failed.status_code, failed.json()["request_id"]) == (500, "mine")
    assert failed.headers["x-request-id"] == "mine" and "content-security-policy" in failed.headers
    told = capsys.readouterr().err
    assert client.headers["authorization"].split()[1] not in told and GOOD.decode() not in told
    assert "too little" not in told
    if form == "text":
        assert told.startswith("ERROR: GET /v1/audits/a failed [mine]\nTraceback")
        return
    lines: list[dict[str, Any]] = [json.loads(line) for line in told.splitlines()]
    assert {line["request_id"] for line in lines} == {"mine"}
    assert lines[0]["message"] == "GET /v1/audits/a failed" and lines[0]["level"] == "error"
    assert "ZeroDivisionError" in lines[0]["exception"] and lines[0]["logger"] == "api.server.problems"


def test_outside_of_a_request_there_is_no_name() -> None:
    record = logging.LogRecord("a", logging.WARNING, "", 0, "what %s", ("happened",), None)
    assert logs.REQUEST.get() is None
    assert json.loads(logs.JsonLines().format(record)).keys() == {"time", "level", "logger", "message"}


@pytest.mark.parametrize("form", ["json", "text"])
def test_each_answer_is_a_line_of_the_log_that_holds_nothing_which_was_sent(
    client: TestClient, form: logs.Format, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    secret = client.headers["authorization"].split()[1]
    try:
        logs.begin(form, access=True)
        client.get("/v1/audits?q=prayer", headers={"X-Request-Id": "one"})
        client.get("/v1/audits/secret-id", headers={"X-Request-Id": "two"})
        client.get("/nowhere/at-all", headers={"X-Request-Id": "three", "Authorization": "Basic eDp5"})
        logs.begin(form)
        client.get("/v1/audits")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    for sent in ("prayer", "secret-id", "at-all", "eDp5", secret):
        assert sent not in "".join(told)
    if form == "text":
        assert re.fullmatch(r"INFO: GET /v1/audits 200, [0-9.]+ ms \[one\]", told[0])
        return
    first, second, third = map(json.loads, told)
    assert (first["method"], first["route"], first["status"]) == ("GET", "/v1/audits", 200)
    assert (second["route"], second["status"]) == ("/v1/audits/{audit_id}", 404)
    assert first["tenant"] == "default" and first["key_id"]
    assert (third["route"], third["request_id"]) == ("other", "three") and "tenant" not in third
    assert all(line["duration_ms"] >= 0.0 for line in (first, second, third))
