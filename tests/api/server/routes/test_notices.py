"""Notices over HTTP: received, completed, answered, countered, with their days; on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api import database
from api.law.days import business_days_after
from api.server.api_keys import Scope
from core import clock
from tests.api.notices.test_forms import full
from tests.api.serving import key, parts, register, serve


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), run_jobs=False, **either) as client:
        yield client


def received(client: TestClient, **said: Any) -> dict[str, Any]:
    body = {"form": "dmca", "elements": full("dmca"), **said}
    answer = client.post("/v1/notices", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"1"'
    notice: dict[str, Any] = answer.json()
    return notice


def take(client: TestClient, notice: dict[str, Any], step: str, **said: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/notices/{notice['id']}:{step}", json=said)
    assert answer.status_code == 200, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


def refused(client: TestClient, notice: dict[str, Any], step: str, **said: Any) -> tuple[int, str]:
    answer = client.post(f"/v1/notices/{notice['id']}:{step}", json=said)
    return answer.status_code, answer.json()["code"]


def test_a_notice_from_its_first_half_to_the_days_of_the_law(client: TestClient) -> None:
    today = clock.now().date()
    came, down, answered = (today - timedelta(days=days) for days in (9, 7, 3))
    half = {name: value for name, value in full("dmca").items() if name not in ("work", "authority")}
    notice = received(client, elements=half, received_on=str(came))
    assert (notice["state"], notice["missing"]) == ("incomplete", ["work", "authority"])
    assert refused(client, notice, "remove", reason="so") == (409, "conflict")
    take(client, notice, "complete", elements={"work": "Night Drive"})
    done = take(client, notice, "complete", elements={"authority": True})
    assert (done["state"], done["missing"], done["elements"]["work"]) == ("received", [], "Night Drive")
    assert take(client, notice, "remove", reason="taken down", on=str(down))["deadlines"] == []
    body = {"elements": full("dmca", counter=True), "on": str(answered)}
    countered = take(client, notice, "counter", **body)
    assert [(one["id"], one["on"]) for one in countered["deadlines"]] == [
        ("restore-earliest", str(business_days_after(answered, 10))),
        ("restore-latest", str(business_days_after(answered, 14))),
    ]
    assert countered["deadlines"][0]["article"].startswith("512(c)")
    assert take(client, notice, "restore", reason="nobody sued")["deadlines"] == []
    items = client.get(f"/v1/notices/{notice['id']}/steps").json()["items"]
    assert [one["type"] for one in items] == [
        *("receive", "complete", "complete", "remove", "counter", "restore")
    ]
    own = client.get("/v1/whoami").json()
    assert {(one["who"], one["key_id"]) for one in items} == {(own["name"], own["key_id"])}
    assert items[3]["said"] == {"reason": "taken down", "on": str(down)}


def test_days_that_cannot_be_are_refused(client: TestClient) -> None:
    today = clock.now().date()
    ahead = {"form": "dmca", "elements": {}, "received_on": str(today + timedelta(days=1))}
    assert client.post("/v1/notices", json=ahead).json()["code"] == "invalid-request"
    notice = received(client, received_on=str(today - timedelta(days=2)))
    for days in (-1, 3):
        day = str(today - timedelta(days=days))
        assert refused(client, notice, "remove", reason="so", on=day) == (422, "invalid-request")
    take(client, notice, "remove", reason="so", on=str(today - timedelta(days=1)))
    early = {"elements": full("dmca", counter=True), "on": str(today - timedelta(days=2))}
    assert refused(client, notice, "counter", **early) == (422, "invalid-request")


def test_a_counter_notice_is_complete_or_none(client: TestClient) -> None:
    notice = received(client)
    take(client, notice, "remove", reason="so")
    half = {"signature": "B. Uploader", "mistake": True}
    answer = client.post(f"/v1/notices/{notice['id']}:counter", json={"elements": half})
    assert answer.status_code == 422
    assert "lacks location, contact, jurisdiction" in answer.json()["detail"]
    assert client.get(f"/v1/notices/{notice['id']}").json()["state"] == "removed"
    foreign = {"elements": {"person": "Ada"}, "form": "dmca"}
    assert client.post("/v1/notices", json=foreign).json()["code"] == "invalid-request"


def test_a_bill_is_told_as_one(client: TestClient) -> None:
    notice = received(client, form="no-fakes", elements=full("no-fakes"))
    removed = take(client, notice, "remove", reason="so")
    (sues,) = removed["deadlines"]
    assert (sues["pending"], sues["on"]) == (True, str(clock.now().date() + timedelta(days=14)))
    forms = client.get("/v1/notices/forms").json()
    assert {one["form"]: one["standing"] for one in forms["items"]}["no-fakes"] == "a bill, not law"
    assert "not legal advice" in forms["not_legal_advice"]


def test_of_two_who_saw_the_same_one_acts(client: TestClient) -> None:
    notice = received(client)

    def act(step: str) -> int:
        url, headers = f"/v1/notices/{notice['id']}:{step}", {"If-Match": '"1"'}
        return client.post(url, json={"reason": "so"}, headers=headers).status_code

    with ThreadPoolExecutor(4) as crowd:
        assert sorted(crowd.map(act, ["remove", "refuse"] * 2)) == [200, 412, 412, 412]


def test_a_request_that_is_sent_again_is_one_step(client: TestClient) -> None:
    headers = {"Idempotency-Key": "notice-1"}
    body = {"form": "dmca", "elements": full("dmca")}
    first = client.post("/v1/notices", json=body, headers=headers).json()
    url = f"/v1/notices/{first['id']}:comment"
    for _ in range(2):
        assert client.post(url, json={"text": "a"}, headers=headers).status_code == 200
        with database.writing(parts(client).registry.engine) as connection:  # it died before it answered
            connection.execute(text("DELETE FROM kept_answers"))
    assert client.post("/v1/notices", json=body, headers=headers).json()["id"] == first["id"]
    items = client.get(f"/v1/notices/{first['id']}/steps").json()["items"]
    assert [one["type"] for one in items] == ["receive", "comment"]


def test_every_step_is_told_without_names(client: TestClient) -> None:
    hook = {"url": "https://label.example/hook", "events": ["notice.received", "notice.step"]}
    made = client.post("/v1/webhooks", json=hook).json()
    notice = received(client)
    take(client, notice, "remove", reason="a secret reason")
    messages = client.get(f"/v1/webhooks/{made['id']}/deliveries").json()["items"]
    bodies = [one["body"] for one in reversed(messages)]
    assert ['"type":"notice.received"' in one for one in bodies] == [True, False]
    assert '"type":"remove"' in bodies[1] and '"state":"removed"' in bodies[1]
    assert not any(word in one for one in bodies for word in ("secret", "the contact", "the signature"))
    assert client.delete(f"/v1/webhooks/{made['id']}").status_code == 204


def test_notices_are_found_by_what_they_are_about(client: TestClient) -> None:
    headers = key(client, tenant="label-n")
    mine = TestClient(client.app, base_url=str(client.base_url), headers=headers)
    record = register(parts(client).registry.for_tenant("label-n")).record_id
    song = {**full("no-fakes"), "person": "Ada Lovelace", "material": "Night Drive"}
    first = received(mine, form="no-fakes", elements=song, record_id=record)
    second = received(mine, elements={"material": "Other tune"})

    def found(**asked: str) -> list[str]:
        return [one["id"] for one in mine.get("/v1/notices", params=asked).json()["items"]]

    assert found() == [second["id"], first["id"]]
    assert found(state="incomplete") == found(form="dmca") == found(q="tune") == [second["id"]]
    assert found(q="lovelace drive") == found(record=record) == [first["id"]]
    strange = {"form": "dmca", "elements": {}, "record_id": record}
    assert client.post("/v1/notices", json=strange).status_code == 404
    assert client.post("/v1/notices", json={**strange, "record_id": None, "audit_id": "x"}).status_code == 404


def test_scopes(client: TestClient) -> None:
    notice = received(client)
    reader, other = key(client, Scope.RECORDS_READ), key(client, Scope.AUDITS_READ, Scope.AUDITS_WRITE)
    assert client.get(f"/v1/notices/{notice['id']}", headers=reader).status_code == 200
    for method, path in (("POST", "/v1/notices"), ("POST", f"/v1/notices/{notice['id']}:comment")):
        assert client.request(method, path, json={}, headers=reader).status_code == 403
    assert client.get("/v1/notices", headers=other).status_code == 403
