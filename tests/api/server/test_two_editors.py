"""Of two who change the same thing at once, the second is told what the first has done."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.server.routes.policies import EXAMPLE as POLICY
from tests.api.serving import key, serve

DAYS = {"audio_days": 7, "reports_days": 30, "voices_days": None, "tagged_days": None}
MOVED = {"reports_days": 1, "audio_days": None, "voices_days": None, "tagged_days": None}


@pytest.fixture
def mine(client: TestClient, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """An admin of a tenant of this test."""
    own = TestClient(client.app, base_url=str(client.base_url))
    own.headers.update(key(client, tenant=re.sub("[^a-z0-9]", "-", request.node.name.lower())[:60]))
    yield own


def member(mine: TestClient) -> str:
    made = mine.post("/v1/members", json={"email": "ada@label.example", "role": "label"}).json()
    return f"/v1/members/{made['id']}"


def retention(_mine: TestClient) -> tuple[str, str, str, Mapping[str, Any], Mapping[str, Any]]:
    return "/v1/retention", "PUT", "/v1/retention", DAYS, MOVED


def role(mine: TestClient) -> tuple[str, str, str, Mapping[str, Any], Mapping[str, Any]]:
    where = member(mine)
    return where, "POST", f"{where}:change-role", {"role": "auditor"}, {"role": "admin"}


def policy(mine: TestClient) -> tuple[str, str, str, Mapping[str, Any], Mapping[str, Any]]:
    kept = mine.post("/v1/policies", json={"text": POLICY}).json()["id"]
    return "/v1/policies", "POST", f"/v1/policies/{kept}/activate", {}, {}


Changed = Callable[[TestClient], tuple[str, str, str, Mapping[str, Any], Mapping[str, Any]]]


@pytest.mark.parametrize("thing", [retention, role, policy])
def test_a_change_is_made_on_the_state_that_was_seen(mine: TestClient, thing: Changed) -> None:
    read, method, path, one, other = thing(mine)
    seen = {"If-Match": mine.get(read).headers["etag"]}
    assert mine.get(read).headers["etag"] == seen["If-Match"]
    first = mine.request(method, path, json=one, headers=seen)
    assert first.status_code == 200, first.text
    second = mine.request(method, path, json=other, headers=seen)
    assert (second.status_code, second.json()["code"]) == (412, "precondition-failed")
    now = mine.get(read).headers["etag"]
    assert now != seen["If-Match"]
    if "etag" in first.headers:
        assert first.headers["etag"] == now
    assert mine.request(method, path, json=other, headers={"If-Match": now}).status_code == 200
    assert mine.request(method, path, json=one, headers={"If-Match": '"2'}).status_code == 422


@pytest.mark.parametrize("step", ["suspend", "resume", "change-role", "remove"])
def test_every_change_of_a_member_is(mine: TestClient, step: str) -> None:
    where = member(mine)
    seen = {"If-Match": mine.get(where).headers["etag"]}
    mine.post(f"{where}:suspend", json={"reason": "has left"}).raise_for_status()
    body = {"suspend": {"reason": "so"}, "change-role": {"role": "admin"}}.get(step)
    method, path = ("DELETE", where) if step == "remove" else ("POST", f"{where}:{step}")
    assert mine.request(method, path, json=body, headers=seen).status_code == 412
    assert mine.get(where).json()["suspended_reason"] == "has left"


def test_a_server_may_want_it_said(tmp_path: Any) -> None:
    with serve(tmp_path, require_if_match=True, run_jobs=False) as client:
        assert client.put("/v1/retention", json=DAYS).status_code == 428
        assert client.put("/v1/retention", json=DAYS, headers={"If-Match": "*"}).status_code == 200


def version(page: str, action: str) -> str:
    """What the form with this address says of the state that it was made for."""
    form = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    found = re.search(r'name="version" value="([^"]+)"', form)
    assert found is not None, action
    return found[1]


def test_the_second_of_two_retentions_is_told_and_keeps_what_was_typed(mine: TestClient) -> None:
    seen = version(mine.get("/retention").text, "/retention/change")
    asked = mine.get("/retention/change", params={"reports_days": "30", "version": seen})
    assert version(asked.text, "/retention") == seen
    mine.put("/v1/retention", json={**DAYS, "audio_days": 99}).raise_for_status()
    for late in (
        mine.post("/retention", data={"reports_days": "1", "version": seen}),
        mine.get("/retention/change", params={"reports_days": "1", "version": seen}),
        mine.post("/retention", data={"reports_days": "1"}),
    ):
        assert late.status_code == 412
        assert "somebody else has changed the retention" in late.text
        assert "99 days" in late.text and 'name="reports_days"' in late.text
        assert version(late.text, "/retention/change") != seen
    assert mine.get("/v1/retention").json()["reports_days"] == 30


@pytest.mark.parametrize(("step", "told"), [("role", {"role": "admin"}), ("remove", {}), ("resume", {})])
def test_the_second_of_two_who_govern_a_member_is_told(
    mine: TestClient, step: str, told: dict[str, str]
) -> None:
    where = member(mine)
    action = where.removeprefix("/v1")
    seen = version(mine.get("/members").text, f"{action}/role")
    mine.post(f"{where}:suspend", json={"reason": "has left"}).raise_for_status()
    late = mine.post(f"{action}/{step}", data={**told, "version": seen})
    assert late.status_code == 412
    assert "somebody else has changed this member" in late.text
    assert mine.get(where).json()["state"] == "suspended"
    fresh = version(mine.get("/members").text, f"{action}/{step}")
    assert mine.post(f"{action}/{step}", data={**told, "version": fresh}).status_code == 200
