"""Cases over HTTP: opened by the policy and by hand, decided, appealed, re-opened; on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api import database
from api.server.api_keys import Scope
from tests.api.serving import GOOD, audited, key, parts, serve

REVIEW = """
[policy]
name = "careful"
version = "1"
otherwise = "review"
unanswered = "review"

[[rule]]
id = "unmarked"
action = "review"
says = "no mark"
in_force_from = 2026-01-01
last_checked = 2026-11-28
when = [{ field = "watermark.present", is = false }]
"""


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        yield client


def opened(client: TestClient, **said: Any) -> dict[str, Any]:
    body = {"subject": "A song on a platform", "reason": "a manager called", **said}
    answer = client.post("/v1/cases", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    case: dict[str, Any] = answer.json()
    return case


def take(client: TestClient, case: dict[str, Any], step: str, **said: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/cases/{case['id']}:{step}", json=said)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
    taken: dict[str, Any] = answer.json()
    return taken


def steps(client: TestClient, case: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"/v1/cases/{case['id']}/steps").json()["items"]
    return items


def reviewed(client: TestClient, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """An audit that its policy sends to review, and the case that it opened."""
    audit = audited(client, files={"file": ("night drive.wav", GOOD)}, data={"policy": REVIEW}, **options)
    assert audit["findings"]["decision"]["action"] == "review"
    listed = client.get("/v1/cases", params={"audit": audit["id"]}, headers=options.get("headers"))
    (case,) = listed.json()["items"]
    return audit, case


def test_a_case_from_the_audit_to_the_end_of_its_appeal(client: TestClient) -> None:
    audit, case = reviewed(client)
    assert (case["origin"], case["state"], case["subject"]) == ("policy", "open", "night drive.wav")
    report = client.get(case["links"]["report"]).content
    take(client, case, "assign", to="Ada Lovelace")
    take(client, case, "comment", text="Asked for the contract.\nNone came.")
    assert take(client, case, "decide", decision="reject", reason="no contract")["state"] == "decided"
    appealed = take(client, case, "appeal", by="A Distributor", reason="here it is")
    assert (appealed["state"], appealed["decision"]) == ("appealed", "reject")
    upheld = take(client, case, "decide", decision="accept", reason="the contract holds")
    assert (upheld["state"], upheld["decision"], upheld["assignee"]) == ("decided", "accept", "Ada Lovelace")
    assert take(client, case, "reopen", reason="it was another song's")["state"] == "open"
    history = steps(client, case)
    assert [one["version"] for one in history] == [1, 2, 3, 4, 5, 6, 7]
    assert [one["type"] for one in history] == [
        *("open", "assign", "comment", "decide", "appeal", "decide", "reopen")
    ]
    own = client.get("/v1/whoami").json()
    assert {(one["who"], one["key_id"]) for one in history[1:]} == {(own["name"], own["key_id"])}
    assert history[0]["who"] == "the policy"
    assert history[0]["reason"].endswith("; no mark") and ".;" not in history[0]["reason"]
    assert (history[4]["by"], history[5]["decision"]) == ("A Distributor", "accept")
    assert client.get(case["links"]["report"]).content == report  # signed once, and never again
    assert client.get(f"/v1/audits/{audit['id']}").json()["findings"]["decision"]["action"] == "review"


def test_a_step_that_cannot_follow_changes_nothing(client: TestClient) -> None:
    case = opened(client)
    for step, said in (("appeal", {"by": "A", "reason": "b"}), ("reopen", {"reason": "b"})):
        answer = client.post(f"/v1/cases/{case['id']}:{step}", json=said)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    take(client, case, "decide", decision="accept", reason="fine")
    answer = client.post(f"/v1/cases/{case['id']}:decide", json={"decision": "reject", "reason": "no"})
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert [one["type"] for one in steps(client, case)] == ["open", "decide"]


def test_of_two_who_saw_the_same_one_decides(client: TestClient) -> None:
    case = opened(client)

    def decide(choice: str) -> int:
        body = {"decision": choice, "reason": "so"}
        headers = {"If-Match": '"1"'}
        return client.post(f"/v1/cases/{case['id']}:decide", json=body, headers=headers).status_code

    with ThreadPoolExecutor(4) as crowd:
        answers = sorted(crowd.map(decide, ["accept", "reject"] * 2))
    assert answers == [200, 412, 412, 412]
    assert [one["type"] for one in steps(client, case)] == ["open", "decide"]
    old = client.post(f"/v1/cases/{case['id']}:comment", json={"text": "a"}, headers={"If-Match": '"1"'})
    assert (old.status_code, old.json()["code"]) == (412, "precondition-failed")
    wrong = client.post(f"/v1/cases/{case['id']}:comment", json={"text": "a"}, headers={"If-Match": "one"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-request")


def test_a_service_may_want_to_know_what_was_seen(client: TestClient, tmp_path: Path) -> None:
    with serve(tmp_path, run_jobs=False, require_if_match=True) as strict:
        case = opened(strict)
        url, body = f"/v1/cases/{case['id']}:comment", {"text": "a"}
        assert strict.post(url, json=body).json()["code"] == "precondition-required"
        assert strict.post(url, json=body, headers={"If-Match": '"1"'}).status_code == 200
        assert strict.post(url, json=body, headers={"Idempotency-Key": "a"}).status_code == 200


def test_a_request_that_is_sent_again_is_one_step(client: TestClient) -> None:
    headers = {"Idempotency-Key": "case-1"}
    body = {"subject": "Something", "reason": "why"}
    first, again = (client.post("/v1/cases", json=body, headers=headers) for _ in "12")
    assert first.json() == again.json() and again.headers["idempotency-replayed"] == "true"
    case = first.json()
    url = f"/v1/cases/{case['id']}:comment"
    for _ in range(2):
        assert client.post(url, json={"text": "a"}, headers=headers).status_code == 200
        with database.writing(parts(client).registry.engine) as connection:  # it died before it answered
            connection.execute(text("DELETE FROM kept_answers"))
    assert client.post("/v1/cases", json=body, headers=headers).json()["id"] == case["id"]
    assert [one["type"] for one in steps(client, case)] == ["open", "comment"]


def test_every_step_is_told_once_without_names_or_words(client: TestClient) -> None:
    hook = {"url": "https://label.example/hook", "events": ["case.opened", "case.step"]}
    made = client.post("/v1/webhooks", json=hook).json()
    case = opened(client)
    take(client, case, "assign", to="Ada Lovelace")
    take(client, case, "decide", decision="reject", reason="a secret reason")
    messages = client.get(f"/v1/webhooks/{made['id']}/deliveries").json()["items"]
    bodies = [one["body"] for one in reversed(messages)]
    assert ['"type":"case.opened"' in one for one in bodies] == [True, False, False]
    assert all(f"/v1/cases/{case['id']}" in one for one in bodies)
    assert '"type":"decide"' in bodies[2] and '"decision":"reject"' in bodies[2]
    assert not any(word in one for one in bodies for word in ("Ada", "secret", "song", "manager"))
    assert client.delete(f"/v1/webhooks/{made['id']}").status_code == 204


def test_cases_are_found_by_what_they_are_about_and_where_they_stand(client: TestClient) -> None:
    headers = key(client, tenant="label-f")
    mine = TestClient(client.app, base_url=str(client.base_url), headers=headers)
    _, first = reviewed(mine, headers=headers)
    second, third = opened(mine, subject="Other tune"), opened(mine, subject="Third tune")
    take(mine, second, "assign", to="Ada Lovelace")
    take(mine, third, "decide", decision="reject", reason="so")

    def found(**asked: str) -> list[str]:
        return [one["id"] for one in mine.get("/v1/cases", params=asked).json()["items"]]

    assert found() == [third["id"], second["id"], first["id"]]
    assert found(sort="created_at", state="open") == [first["id"], second["id"]]
    assert found(state="decided") == found(decision="reject") == [third["id"]]
    assert found(assignee="ada lovelace") == [second["id"]]
    assert found(origin="policy") == found(q="drive night") == [first["id"]]
    assert found(q="tune", state="open") == [second["id"]]
    assert found(decision="accept") == []
    page = mine.get("/v1/cases", params={"limit": 2}).json()
    rest = mine.get("/v1/cases", params={"limit": 2, "cursor": page["next"]}).json()
    assert [one["id"] for one in (*page["items"], *rest["items"])] == found()
    foreign = mine.get("/v1/cases", params={"cursor": page["next"], "state": "open"})
    assert foreign.json()["code"] == "invalid-request"


def test_a_case_is_about_something_of_ones_own(client: TestClient) -> None:
    audit, _ = reviewed(client)
    by_hand = opened(client, audit_id=audit["id"], subject=None)
    assert (by_hand["origin"], by_hand["subject"]) == ("person", "night drive.wav")
    assert by_hand["audit_decision"] == "review"
    stranger = key(client, tenant="stranger")
    body = {"audit_id": audit["id"], "reason": "why"}
    refused = client.post("/v1/cases", json=body, headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (404, "not-found")
    assert client.post("/v1/cases", json={"reason": "why"}).json()["code"] == "invalid-request"
    for bad in ("", "\x1b[2J", "x" * 5001):
        assert client.post("/v1/cases", json={"subject": "a", "reason": bad}).status_code == 422, bad
    assert client.delete(f"/v1/audits/{audit['id']}").status_code == 204
    left = client.get(f"/v1/cases/{by_hand['id']}").json()
    assert left["audit_kept"] is False and "audit" not in left["links"]


def test_who_may_only_read_takes_no_step(client: TestClient) -> None:
    case = opened(client)
    reader = key(client, Scope.AUDITS_READ)
    assert client.get(f"/v1/cases/{case['id']}", headers=reader).status_code == 200
    for method, path in (("POST", "/v1/cases"), ("POST", f"/v1/cases/{case['id']}:comment")):
        answer = client.request(
            method, path, json={"text": "a", "subject": "a", "reason": "b"}, headers=reader
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    other = key(client, Scope.RECORDS_READ, Scope.RECORDS_WRITE)
    assert client.get("/v1/cases", headers=other).status_code == 403
