"""Policies: every version is kept, tried on past audits without a trace, put in force; on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api import database
from api.audit.policy_text import load_policy, parse_policy
from api.policies import policies as kept
from api.server.api_keys import Scope
from tests.api.server.test_trailing import events
from tests.api.serving import audited, finished, key, parts, serve

STRICT = """
[policy]
name = "strict"
version = "{version}"
otherwise = "{otherwise}"
unanswered = "{otherwise}"
"""


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        yield client


def tenant(client: TestClient, name: str, *scopes: Scope) -> TestClient:
    """A client of another tenant: what it puts in force decides for nobody else."""
    return TestClient(client.app, base_url=str(client.base_url), headers=key(client, *scopes, tenant=name))


def keep(client: TestClient, version: str, otherwise: str = "reject", **options: Any) -> dict[str, Any]:
    answer = client.post(
        "/v1/policies", json={"text": STRICT.format(version=version, otherwise=otherwise)}, **options
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_policy_is_kept_as_it_was_sent(client: TestClient) -> None:
    mine = tenant(client, "keeps")
    sent = STRICT.format(version="1", otherwise="reject")
    made = keep(mine, "1")
    assert (made["name"], made["version"], made["rules"], made["in_force"]) == ("strict", "1", 0, False)
    assert made["sha256"] == parse_policy(sent.encode()).sha256 and made["activated"] is None
    read = mine.get(made["links"]["self"]).json()
    assert read == {**made, "text": sent}
    listed = mine.get("/v1/policies").json()
    assert (listed["items"], listed["in_force"]) == ([made], "default")


def test_a_changed_text_needs_another_version(client: TestClient) -> None:
    mine = tenant(client, "changes")
    first = keep(mine, "1")
    for otherwise in ("reject", "accept"):
        body = {"text": STRICT.format(version="1", otherwise=otherwise)}
        again = mine.post("/v1/policies", json=body)
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
        assert first["id"] in again.json()["detail"]
    keep(mine, "2", "accept")
    versions = [one["version"] for one in mine.get("/v1/policies").json()["items"]]
    assert versions == ["2", "1"]
    keep(tenant(client, "changes-too"), "1")  # names are a tenant's own


def test_what_is_no_policy_is_refused_and_not_kept(client: TestClient) -> None:
    mine = tenant(client, "refused")
    for sent in ("nonsense [", "", "[policy]", "x" * 70_000, STRICT.format(version="", otherwise="accept")):
        answer = mine.post("/v1/policies", json={"text": sent})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), sent[:20]
    assert mine.get("/v1/policies").json()["items"] == []


def test_the_default_policy_can_be_read_by_everybody(client: TestClient) -> None:
    told = tenant(client, "reads", Scope.AUDITS_READ).get("/v1/policies/default").json()
    assert told["in_force"] is True and told["created_at"] is None
    assert parse_policy(told["text"].encode()).sha256 == told["sha256"] == load_policy().sha256


def test_an_active_policy_decides_audits_that_bring_none_and_they_name_it(client: TestClient) -> None:
    mine = tenant(client, "decides")
    before = audited(mine)["findings"]["decision"]
    assert before["policy_sha256"] == load_policy().sha256
    strict, mild = keep(mine, "1"), keep(mine, "2", "accept")
    reason = {"reason": "agreed"}
    active = mine.post(f"/v1/policies/{strict['id']}/activate", json=reason).json()
    assert active["in_force"] is True and active["activated"]["reason"] == "agreed"
    decided = audited(mine)["findings"]["decision"]
    assert (decided["action"], decided["policy"]) == ("reject", "strict 1")
    assert decided["policy_sha256"] == strict["sha256"]
    own = audited(mine, data={"policy": STRICT.format(version="9", otherwise="review")})
    assert own["findings"]["decision"]["policy"] == "strict 9"
    others = audited(tenant(client, "decides-not"))["findings"]["decision"]
    assert others["policy_sha256"] == load_policy().sha256
    mine.post(f"/v1/policies/{mild['id']}/activate")
    assert audited(mine)["findings"]["decision"]["policy"] == "strict 2"
    assert mine.post("/v1/policies/default/activate").json()["in_force"] is True
    assert audited(mine)["findings"]["decision"]["policy_sha256"] == load_policy().sha256
    states = {one["version"]: one for one in mine.get("/v1/policies").json()["items"]}
    assert not any(one["in_force"] for one in states.values()) and states["1"]["activated"]["at"]


def test_the_report_names_the_policy_that_decided(client: TestClient) -> None:
    mine = tenant(client, "reports")
    strict = keep(mine, "1")
    mine.post(f"/v1/policies/{strict['id']}/activate")
    shown = mine.get(f"/v1/audits/{audited(mine)['id']}/report?format=html")
    assert strict["sha256"] in shown.text and "strict" in shown.text


def test_who_put_a_policy_in_force_is_in_the_trail(client: TestClient) -> None:
    made = keep(client, "1")
    path = f"/v1/policies/{made['id']}"
    for _ in "12":  # the second time it is in force already
        assert client.post(f"{path}/activate").status_code == 200
    name = client.get("/v1/whoami").json()["name"]
    found = [one for one in events(client, of=path) if one["phase"] == "done"]
    assert [(one["action"], one["who"]) for one in found] == [
        ("policy.kept", name),
        ("policy.activated", name),
    ]
    client.post("/v1/policies/default/activate")


def test_a_trial_tells_what_would_change_and_changes_nothing(client: TestClient) -> None:
    mine = tenant(client, "tries")
    mild, strict = keep(mine, "1", "accept"), keep(mine, "2")
    mine.post(f"/v1/policies/{mild['id']}/activate")
    ids = [audited(mine)["id"] for _ in "123"]
    audited(tenant(client, "tries-not"))
    before = {one: mine.get(f"/v1/audits/{one}").json() for one in ids}
    steps = mine.get("/v1/cases").json()["items"]
    told = mine.post(f"/v1/policies/{strict['id']}/dry-run").json()
    assert (told["audits"], told["changed"], told["sha256"]) == (3, 3, strict["sha256"])
    assert told["outcomes"] == [{"was": "accept", "would": "reject", "audits": 3}]
    assert [one["audit_id"] for one in told["changes"]] == ids[::-1]
    assert {(one["policy"], one["was"], one["would"]) for one in told["changes"]} == {
        ("strict 1", "accept", "reject")
    }
    alike = mine.post(f"/v1/policies/{mild['id']}/dry-run").json()
    assert (alike["audits"], alike["changed"], alike["changes"]) == (3, 0, [])
    newest = mine.post(f"/v1/policies/{strict['id']}/dry-run", json={"limit": 1}).json()
    assert [one["audit_id"] for one in newest["changes"]] == ids[2:]
    moment = before[ids[1]]["created_at"]
    early = mine.post(f"/v1/policies/{strict['id']}/dry-run", json={"created_to": moment}).json()
    late = mine.post(f"/v1/policies/{strict['id']}/dry-run", json={"created_from": moment}).json()
    assert [one["audit_id"] for one in early["changes"]] == ids[:1]
    assert [one["audit_id"] for one in late["changes"]] == ids[:0:-1]
    assert {one: mine.get(f"/v1/audits/{one}").json() for one in ids} == before
    assert mine.get("/v1/cases").json()["items"] == steps
    assert mine.get("/v1/policies").json()["in_force"] == mild["id"]


def test_a_policy_sent_twice_under_one_key_is_kept_once(client: TestClient) -> None:
    mine = tenant(client, "repeats")
    first, second = (keep(mine, "1", headers={"Idempotency-Key": "a"}) for _ in "12")
    assert first == second and len(mine.get("/v1/policies").json()["items"]) == 1
    with database.writing(parts(client).registry.engine) as connection:  # as after a crash
        connection.execute(text("DELETE FROM kept_answers"))
    assert keep(mine, "1", headers={"Idempotency-Key": "a"})["id"] == first["id"]


def test_no_version_is_ever_changed_or_removed(client: TestClient) -> None:
    made = keep(tenant(client, "grows"), "1")
    for statement in (
        "UPDATE policies SET text = 'x' WHERE id = :id",
        "DELETE FROM policies WHERE id = :id",
        "UPDATE policy_activations SET who = 'x'",
        "DELETE FROM policy_activations",
    ):
        asked = {"id": made["id"]} if ":id" in statement else {}
        with (
            pytest.raises(DBAPIError, match="only grows"),
            database.writing(parts(client).registry.engine) as connection,
        ):
            connection.execute(text(statement), asked)


def test_a_tenant_keeps_a_bounded_number(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tenant(client, "many")
    monkeypatch.setattr(kept, "MOST", 1)
    keep(mine, "1")
    body = {"text": STRICT.format(version="2", otherwise="reject")}
    answer = mine.post("/v1/policies", json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "quota-reached")


def test_a_policy_of_another_tenant_is_not_there(client: TestClient) -> None:
    made = keep(tenant(client, "owns"), "1")
    stranger = tenant(client, "owns-not")
    for method, path in (("GET", ""), ("POST", "/dry-run"), ("POST", "/activate")):
        assert stranger.request(method, f"/v1/policies/{made['id']}{path}").status_code == 404
    job = stranger.post("/v1/audits", files={"file": ("a.wav", b"RIFF")})
    decision = finished(stranger, job.headers["location"])["findings"]["decision"]
    assert decision["policy_sha256"] == load_policy().sha256
