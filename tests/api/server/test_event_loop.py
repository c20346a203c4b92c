"""What one tenant sends costs the event loop little, because all tenants share it: counted, never timed."""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from api.server.guard import MAX_SMALL_BODY
from api.server.inputs import MAX_MARKS, check_json
from api.server.parts import Needs
from api.server.problems import MAX_TOLD, REST_S
from api.server.route import asks_who
from api.server.turns import Turns
from core.errors import InvalidInput
from tests.api.server.test_fairness import Message, scope
from tests.api.serving import GOOD, key, serve

BINDING = "/c2pa/v1/matches/byBinding"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({str(number): [] for number in range(50_000)}),
        "[" + "1," * 400_000 + "1]",
        "[" + '{"a":1},' * 100_000 + "1]",
    ],
    ids=["names", "numbers", "objects"],
)
def test_a_body_of_many_values_is_refused_before_anything_is_made_of_them(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(body) < MAX_SMALL_BODY
    made: list[bytes] = []
    monkeypatch.setattr(json, "loads", lambda text, **_: made.append(text))
    with pytest.raises(InvalidInput, match="commas"):
        check_json(body.encode())
    assert made == []


def test_a_body_of_as_many_values_as_may_be_is_read() -> None:
    body = "[" + "1," * MAX_MARKS + "1]"
    assert len(check_json(body.encode())) == MAX_MARKS + 1
    with pytest.raises(InvalidInput):
        check_json(body.replace("1]", "1,1]").encode())


def test_one_long_text_is_looked_at_in_one_go() -> None:
    assert check_json(json.dumps("x" * 1_000_000).encode()) == "x" * 1_000_000
    for bad in ("\\u0000", "\\ud800", "\\udfff"):
        with pytest.raises(InvalidInput, match="surrogate"):
            check_json(f'["x{bad}y"]'.encode())


def test_an_answer_tells_only_so_many_errors(tmp_path: Path) -> None:
    with serve(tmp_path, run_jobs=False) as client:
        answer = client.post(BINDING, json={f"unknown{number}": 1 for number in range(2000)})
        assert answer.status_code == 400
        assert len(answer.json()["errors"]) == MAX_TOLD
        assert len(answer.content) < 10_000


def test_who_asks_is_known_before_the_body_is_read(tmp_path: Path) -> None:
    """A body costs the server nothing where the key is no good or has asked too often."""
    with serve(tmp_path, run_jobs=False, requests_per_minute=2) as client:
        good = client.headers["authorization"]
        assert [_unread(client, secret) for secret in ("Bearer tmk_no", "Bearer tmk_no")] == [401, 401]
        assert [client.post(BINDING, json={}).status_code for _ in range(2)] == [400, 400]  # counted once
        assert _unread(client, good) == 429


def _unread(client: TestClient, authorization: str) -> int:
    """The status of a request whose body nobody may ask for."""
    told: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        told.append(message)

    app: Any = client.app
    assert client.portal is not None
    about = scope(client, BINDING, 1000, **{"content-type": "application/json"})
    about["headers"] = [(name, value) for name, value in about["headers"] if name != b"authorization"]
    about["headers"].append((b"authorization", authorization.encode()))
    client.portal.call(app, about, receive, send)
    return int(told[0]["status"])


def test_who_asks_too_often_is_told_slowly_and_holds_up_nobody(tmp_path: Path) -> None:
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        assert (await asyncio.to_thread(client.get, "/v1/audits", headers=other)).status_code == 200

    with serve(tmp_path, run_jobs=False, requests_per_minute=2) as client:
        other = key(client, tenant="other")
        client.app.state.rest = rest  # type: ignore[attr-defined]  # the client types it as a bare ASGI app
        assert [client.get("/v1/audits").status_code for _ in range(2)] == [200, 200]
        assert client.get("/v1/audits/none").status_code == 429
        assert rests == [REST_S]


@pytest.mark.parametrize(
    "path", ["/v1/audits?state=failed", "/v1/records?q=night", "/v1/tracks", "/v1/keys", "/v1/audits/{audit}"]
)
def test_a_question_takes_one_turn_beside_who_asks(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(tmp_path, run_jobs=False) as client:
        audit = client.post("/v1/audits", files={"file": ("song.wav", GOOD)}).json()["id"]
        lines: list[str | None] = []
        threads: list[str] = []
        take, run_sync = Turns.take, anyio.to_thread.run_sync

        async def taking(turns: Turns, line: str | None, work: Any) -> Any:
            lines.append(line)
            return await take(turns, line, work)

        async def running(work: Any, *given: Any, **options: Any) -> Any:
            threads.append(repr(work))
            return await run_sync(work, *given, **options)

        monkeypatch.setattr(Turns, "take", taking)
        monkeypatch.setattr(anyio.to_thread, "run_sync", running)
        assert client.get(path.format(audit=audit)).is_success
    assert lines == [None, "default"] and not [one for one in threads if "close" not in one], threads


def test_who_asks_depends_on_nothing_that_would_be_gone_through_at_each_request(tmp_path: Path) -> None:
    with serve(tmp_path, run_jobs=False) as client:
        app: Any = client.app
        found = [getattr(route, "dependant", None) for route in iter_route_contexts(app.routes)]
        routes = [one for one in found if one is not None and asks_who(one)]
        asking = [one for route in routes for one in route.dependencies if asks_who(one)]
    assert len(asking) >= len(routes) > 50
    assert [one.call for one in asking if isinstance(one.call, Needs) and one.dependencies] == []


def test_an_answer_written_in_the_thread_keeps_status_headers_and_form(tmp_path: Path) -> None:
    with serve(tmp_path, run_jobs=False) as client:
        sent = client.post("/v1/audits", files={"file": ("song.wav", GOOD)})
        assert (sent.status_code, sent.headers["content-type"]) == (202, "application/json")
        again = client.get(sent.headers["location"])
        assert again.headers["retry-after"] == "2"
        assert again.headers["content-length"] == str(len(again.content))
        assert again.headers.get_list("content-length") == [str(len(again.content))]
        made = client.post("/v1/keys", json={"name": "one", "scopes": ["audits:read"]})
        assert made.status_code == 201
        assert datetime.fromisoformat(made.json()["created_at"]).tzinfo is not None
