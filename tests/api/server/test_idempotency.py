"""A request that is sent again is done once and answered again; `If-Match` holds what is done on old news."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text

from api import database
from api.server.api_keys import Scope
from api.server.idempotency import LEASE
from core import clock
from tests.api.serving import GOOD, key, parts, register, serve

BUYER = {"to": "A Buyer", "giver": "A Label", "share_ppm": 100_000}
SAID = {"issuer": "A Label", "reason": "because"}


@pytest.fixture
def client(tmp_path: Path, database_url: str) -> Iterator[TestClient]:
    with serve(tmp_path, database_url=database_url, run_jobs=False, answer_wait_s=0) as client:
        yield client


@pytest.fixture
def record(client: TestClient) -> str:
    return f"/v1/records/{register(parts(client).registry).record_id}"


def types(client: TestClient, record: str) -> list[str]:
    return [event["type"] for event in client.get(f"{record}/events").json()["items"]]


def post(client: TestClient, path: str, name: str, **options: Any) -> Any:
    return client.post(path, headers={"Idempotency-Key": name, **options.pop("headers", {})}, **options)


def test_every_event_is_made_once(client: TestClient, record: str) -> None:
    asked: list[tuple[str, dict[str, Any]]] = [
        ("transfers", BUYER),
        ("amendments", {"asset": {"title": "Another"}}),
        ("disputes", SAID),
        ("settlements", SAID),
        ("revocations", SAID),
    ]
    for n, (path, body) in enumerate(asked):
        first, again = (post(client, f"{record}/{path}", "the same", json=body) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201), (path, again.text)
        assert again.json() == first.json()
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert len(types(client, record)) == n + 2, path


def test_another_body_parameter_or_shape_under_the_same_key_is_refused(
    client: TestClient, record: str
) -> None:
    assert post(client, f"{record}/transfers", "k", json=BUYER).status_code == 201
    for body in ({**BUYER, "share_ppm": 1}, {**BUYER, "to": "B"}, {"to": "A Buyer"}):
        answer = post(client, f"{record}/transfers", "k", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert len(types(client, record)) == 2


def test_a_key_belongs_to_a_tenant_and_a_route(client: TestClient, record: str) -> None:
    other = f"/v1/records/{register(parts(client).registry).record_id}"
    stranger = parts(client).registry.for_tenant("stranger")
    theirs = f"/v1/records/{register(stranger).record_id}"
    foreign = key(client, tenant="stranger")
    for path, headers in ((record, {}), (other, {}), (theirs, foreign)):
        answer = post(client, f"{path}/transfers", "k", json=BUYER, headers=headers)
        assert (answer.status_code, answer.headers.get("idempotency-replayed")) == (201, None)
    assert post(client, f"{record}/disputes", "k", json=SAID).status_code == 201
    colleague = key(client)  # another key of the tenant repeats it: the same request
    again = post(client, f"{record}/disputes", "k", json=SAID, headers=colleague)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert post(client, f"{record}/disputes", "k", json=SAID, headers=foreign).status_code == 404
    weak = key(client, Scope.RECORDS_READ)  # what was answered is told to nobody who could not have asked
    assert post(client, f"{record}/disputes", "k", json=SAID, headers=weak).status_code == 403


def test_the_same_request_at_one_moment_makes_one_event(client: TestClient, record: str) -> None:
    crowd = 8
    together = Barrier(crowd)

    def ask(_nth: int) -> Any:
        together.wait()
        return post(client, f"{record}/transfers", "k", json=BUYER)

    with ThreadPoolExecutor(crowd) as threads:
        answers = list(threads.map(ask, range(crowd)))
    for answer in answers:
        assert answer.status_code == 201 or answer.json()["code"] == "request-in-progress", answer.text
        assert answer.status_code == 201 or int(answer.headers["retry-after"]) >= 1
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert types(client, record) == ["register", "transfer"]
    assert post(client, f"{record}/transfers", "k", json=BUYER).status_code == 201


def test_while_it_runs_the_same_request_waits_and_another_is_refused(
    client: TestClient, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[Any] = []

    def amend(*_: object) -> None:
        inside.extend((again(), other()))
        raise KeyError("it fails now")

    monkeypatch.setattr("api.registry.events.RecordEvents.amend", amend)

    def again() -> Any:
        return post(client, f"{record}/amendments", "k", json={"a": 1})

    def other() -> Any:
        return post(client, f"{record}/amendments", "k", json={"a": 2})

    client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]  # as over HTTP
    assert again().status_code == 500
    assert [(one.status_code, one.json()["code"]) for one in inside] == [
        (409, "request-in-progress"),
        (422, "idempotency-key-reused"),
    ]
    monkeypatch.undo()
    assert other().json()["code"] == "idempotency-key-reused"  # who knows what the first one did
    patch = {"asset": {"title": "b"}}
    assert post(client, f"{record}/amendments", "fresh", json=patch).status_code == 201


def test_a_refused_request_did_nothing_and_its_key_is_free(client: TestClient, record: str) -> None:
    assert post(client, f"{record}/transfers", "k", json={"to": ""}).status_code == 422
    assert post(client, f"{record}/transfers", "k", json={"to": "A", "right": "none"}).status_code == 422
    assert post(client, f"{record}/settlements", "s", json=SAID).status_code == 409
    assert post(client, f"{record}/transfers", "k", json=BUYER).status_code == 201
    for bad in ("x" * 256, "a\tb"):
        assert post(client, f"{record}/transfers", bad, json=BUYER).status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "kind"), [("transfers", BUYER, "transfer"), ("disputes", SAID, "dispute.open")]
)
def test_a_process_that_dies_before_it_answers_has_made_its_event(
    client: TestClient, path: str, body: dict[str, Any], kind: str
) -> None:
    """Killed at every statement that the request sends: one event or none, and the retry makes it one."""
    registry = parts(client).registry
    client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]  # as over HTTP
    nth, answered = 0, False
    while not answered:
        # one record for all would be read with ever more events
        record, seen = f"/v1/records/{register(registry).record_id}", 0

        def die(*_: Any, at: int = nth) -> None:
            nonlocal seen
            seen += 1
            if seen > at:
                raise KeyError("the process died")

        event.listen(registry.engine, "before_cursor_execute", die)
        try:
            answered = post(client, f"{record}/{path}", f"{path} {nth}", json=body).status_code == 201
        finally:
            event.remove(registry.engine, "before_cursor_execute", die)
        made = len(types(client, record)) - 1
        with database.writing(registry.engine) as connection:  # what held the key is gone
            connection.execute(
                text("UPDATE kept_answers SET claimed_until = :then"),
                {"then": clock.now() - timedelta(seconds=1)},
            )
        again = post(client, f"{record}/{path}", f"{path} {nth}", json=body)
        once_more = post(client, f"{record}/{path}", f"{path} {nth}", json=body)
        assert again.status_code == once_more.status_code == 201, (nth, again.text)
        assert again.json() == once_more.json()
        assert made in ((1,) if answered else (0, 1)), nth
        assert types(client, record) == ["register", kind], nth  # every round asked for one event
        nth += 1
    assert nth > 9


def test_a_dead_request_is_taken_up_again_when_its_lease_ends(
    client: TestClient, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = parts(client).answers
    monkeypatch.setattr(type(answers), "release", lambda *_, **__: None)  # it dies without a word
    monkeypatch.setattr("api.registry.events.RecordEvents.amend", lambda *_: 1 / 0)
    client._transport.raise_server_exceptions = False  # type: ignore[attr-defined]  # as over HTTP
    patch = {"asset": {"title": "b"}}
    assert post(client, f"{record}/amendments", "k", json=patch).status_code == 500
    monkeypatch.undo()
    assert post(client, f"{record}/amendments", "k", json=patch).status_code == 409
    later = clock.now() + LEASE + timedelta(seconds=1)
    monkeypatch.setattr("api.server.idempotency.clock.now", lambda: later)
    assert post(client, f"{record}/amendments", "k", json=patch).status_code == 201


def test_a_key_is_remembered_for_a_day(
    client: TestClient, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post(client, f"{record}/disputes", "k", json=SAID).status_code == 201
    for hours, replayed in ((23, "true"), (25, None)):
        later = clock.now() + timedelta(hours=hours)
        with monkeypatch.context() as patched:
            patched.setattr("api.server.idempotency.clock.now", lambda later=later: later)
            assert (
                post(client, f"{record}/disputes", "k", json={**SAID}).headers.get("idempotency-replayed")
                == replayed
            )


def test_an_api_key_is_made_once_and_its_secret_is_stored_nowhere(client: TestClient) -> None:
    body = {"name": "studio", "scopes": ["audits:read"]}
    first, again = (post(client, "/v1/keys", "k", json=body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    secret = again.json()["secret"]
    assert secret == first.json()["secret"]
    assert again.headers["idempotency-replayed"] == "true"
    assert [one["name"] for one in client.get("/v1/keys").json()["items"]].count("studio") == 1
    with database.reading(parts(client).registry.engine) as connection:
        stored = connection.execute(text("SELECT * FROM kept_answers")).all()
    assert secret not in str(stored)
    told = post(client, "/v1/keys", "k", json=body, headers=key(client))
    assert (told.status_code, told.json()["code"]) == (409, "conflict")  # another admin is not told


def test_uploads_are_done_once_whatever_lies_between_their_parts(client: TestClient) -> None:
    voice: dict[str, Any] = {"files": [("files", ("v.wav", GOOD))], "data": {"name": "Ada"}}
    forms: dict[str, dict[str, Any]] = {
        "/v1/audits": {"files": {"file": ("a.wav", GOOD)}},
        "/v1/tracks": {"files": {"file": ("a.wav", GOOD)}, "data": {"title": "a", "owner": "b"}},
        "/v1/artists": voice,
    }
    for path, form in forms.items():
        one, two = (post(client, path, "k", **form) for _ in range(2))
        assert (one.status_code, two.status_code) == (202, 202), two.text
        assert one.headers["location"] == two.headers["location"]
        assert (one.headers.get("idempotency-replayed"), two.headers["idempotency-replayed"]) == (
            None,
            "true",
        )
    changed = post(client, "/v1/artists", "k", **{**voice, "files": [("files", ("v.wav", GOOD + b"x"))]})
    assert changed.json()["code"] == "idempotency-key-reused"


def test_erasing_a_record_erases_the_answers_that_told_of_it(client: TestClient, record: str) -> None:
    post(client, f"{record}/disputes", "k", json={**SAID, "reason": "a private matter"})
    assert client.delete(record).status_code == 204
    with database.reading(parts(client).registry.engine) as connection:
        assert "private matter" not in str(connection.execute(text("SELECT body FROM kept_answers")).all())
        assert connection.execute(text("SELECT count(*) FROM kept_answers")).scalar_one() == 0


def test_an_event_is_made_on_the_state_that_was_seen(client: TestClient, record: str) -> None:
    seen = client.get(record).headers["etag"]
    assert seen == '"1"' == client.get(f"{record}/events").headers["etag"]
    at = {"If-Match": seen}
    assert client.post(f"{record}/transfers", json=BUYER, headers=at).status_code == 201
    for path, body in (
        ("transfers", BUYER),
        ("disputes", SAID),
        ("revocations", SAID),
        ("amendments", {"asset": {"title": "c"}}),
    ):
        answer = client.post(f"{record}/{path}", json=body, headers=at)
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition-failed"), path
    assert client.get(record).headers["etag"] == '"2"'
    assert client.post(f"{record}/disputes", json=SAID, headers={"If-Match": '"7", "2"'}).status_code == 201
    assert client.get(record).headers["etag"] == '"2.1"'  # a statement changes the state, too
    assert client.post(f"{record}/disputes", json=SAID, headers={"If-Match": '"2"'}).status_code == 412
    assert client.post(f"{record}/disputes", json=SAID, headers={"If-Match": 'W/"2.1"'}).status_code == 412
    assert client.post(f"{record}/settlements", json=SAID, headers={"If-Match": "*"}).status_code == 201
    assert client.post(f"{record}/disputes", json=SAID, headers={"If-Match": "2.2"}).status_code == 201
    for bad in ('"2', "abc", "", '"2",'):
        assert client.post(f"{record}/disputes", json=SAID, headers={"If-Match": bad}).status_code == 422


def test_of_two_on_the_same_state_one_wins(client: TestClient, record: str) -> None:
    together = Barrier(4)

    def ask(_nth: int) -> int:
        together.wait()
        return client.post(f"{record}/transfers", json=BUYER, headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(ask, range(4))) == [201, 412, 412, 412]


def test_a_repeated_request_is_not_asked_for_the_state_that_it_changed(
    client: TestClient, record: str
) -> None:
    for _ in range(2):
        answer = post(client, f"{record}/transfers", "k", json=BUYER, headers={"If-Match": '"1"'})
        assert answer.status_code == 201
    assert types(client, record) == ["register", "transfer"]


def test_a_server_may_ask_for_one_of_the_two(tmp_path: Path) -> None:
    with serve(tmp_path, require_if_match=True, run_jobs=False) as client:
        record = f"/v1/records/{register(parts(client).registry).record_id}"
        answer = client.post(f"{record}/transfers", json=BUYER)
        assert (answer.status_code, answer.json()["code"]) == (428, "precondition-required")
        assert client.post(f"{record}/transfers", json=BUYER, headers={"If-Match": '"1"'}).status_code == 201
        assert post(client, f"{record}/transfers", "k", json={**BUYER, "share_ppm": 5}).status_code == 201
