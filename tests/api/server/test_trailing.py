"""Every write, and every read of a record, a voice or a report, is in the audit trail; on both databases."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import text

from api import database
from api.cases.cases import Cases
from api.server.api_keys import Scope
from api.server.route import asks_who
from api.server.trailing import watched
from api.trail import chain, trail
from tests.api.serving import GOOD, audited, key, parts, register, serve

NOT_TOLD = {
    "/metrics",
    *("/v1/keys", "/v1/tenants/{tenant}/keys", "/v1/whoami", "/v1/webhooks", "/v1/webhooks/{webhook_id}"),
    *("/v1/webhooks/{webhook_id}/deliveries", "/c2pa/v1/services/supportedAlgorithms"),
    "/c2pa/v1/matches/byBinding",
    *("/settings", "/keys", "/members"),
    *("/webhooks", "/webhooks/{webhook_id}", "/webhooks/{webhook_id}/delete"),
    *("/v1/uploads", "/v1/uploads/{upload_id}"),
    *("/v1/policies", "/v1/policies/{policy_id}"),
    *("/policies", "/policies/new", "/policies/difference", "/policies/{policy_id}"),
    "/policies/{policy_id}/activate",
    *("/v1/tenants", "/v1/tenants/{tenant}"),
    *("/v1/members", "/v1/members/{member_id}"),
    *("/v1/retention", "/v1/holds", "/v1/holds/{hold_id}"),
    *("/retention", "/retention/change", "/holds", "/holds/{hold_id}", "/tenants", "/tenants/{tenant}"),
    *("/keys.csv", "/members.csv", "/webhooks.csv", "/webhooks/{webhook_id}.csv"),
    *("/holds.csv", "/tenants.csv"),
}
"""What may be read without being told of: nothing of a record, a voice or a report is in it."""


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        yield client


def events(client: TestClient, **asked: Any) -> list[dict[str, Any]]:
    """The trail, oldest first, with what waited."""
    parts(client).worker.journal.flush()
    items: list[dict[str, Any]] = client.get("/v1/audit-events", params={"limit": 200, **asked}).json()[
        "items"
    ]
    return [one for one in reversed(items) if one["object"] != "/v1/audit-events"]


def test_a_write_is_told_of_before_and_behind_it(client: TestClient) -> None:
    answer = client.post("/v1/cases", json={"subject": "a song", "reason": "a call"})
    case = answer.json()
    found = [
        one for one in events(client) if one["request_id"] == events(client, of="/v1/cases")[-1]["request_id"]
    ]
    assert [(one["phase"], one["action"], one["object"], one["outcome"]) for one in found] == [
        ("asked", "POST /v1/cases", "/v1/cases", None),
        ("done", "case.opened", f"/v1/cases/{case['id']}", None),
        ("answered", "POST /v1/cases", "/v1/cases", 201),
    ]
    own = client.get("/v1/whoami").json()
    assert {(one["who"], one["key_id"]) for one in found} == {(own["name"], own["key_id"])}


def test_a_write_is_on_disk_before_anything_is_done(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = Cases.open

    def counting(self: Cases, *arguments: Any, **options: Any) -> Any:
        with database.reading(parts(client).registry.engine) as connection:
            query = "SELECT count(*) FROM trail_events WHERE action = 'POST /v1/cases' AND phase = 'asked'"
            seen.append(connection.execute(text(query)).scalar_one())
        return real(self, *arguments, **options)

    before = len(events(client, of="/v1/cases"))
    monkeypatch.setattr(Cases, "open", counting)
    client.post("/v1/cases", json={"subject": "a song", "reason": "a call"})
    assert seen[0] > 0
    assert len(events(client, of="/v1/cases")) == before + 2


def test_what_was_refused_is_told_of_too(client: TestClient) -> None:
    reader = key(client, Scope.AUDITS_READ)
    assert client.post("/v1/cases", json={}, headers=reader).status_code == 403
    assert client.post("/v1/cases", json={}).status_code == 422
    assert client.get("/v1/records/0000000000000000").status_code == 404
    outcomes = [one["outcome"] for one in events(client, of="/v1/cases") if one["phase"] == "answered"]
    assert outcomes[-2:] == [403, 422]
    (missing,) = events(client, of="/v1/records/0000000000000000")
    assert (missing["phase"], missing["outcome"]) == ("read", 404)


def test_reads_of_records_voices_and_reports_are_told_of(client: TestClient) -> None:
    record = register(parts(client).registry).record_id
    client.post("/v1/artists", files={"files": ("v.wav", GOOD)}, data={"name": "Ada"})
    audit = audited(client)
    paths = [f"/v1/records/{record}", f"/v1/audits/{audit['id']}/report", "/v1/artists/Ada/reads"]
    paths += [f"/records/{record}", f"/audits/{audit['id']}"]
    for path in paths:
        assert client.get(path).status_code == 200, path
        assert [one["phase"] for one in events(client, of=path) if one["phase"] != "done"] == ["read"], path
    kinds = {one["action"] for one in events(client)}
    assert {"record.registered", "audit.completed", "voice-print.opened"} <= kinds
    followed = [one for one in events(client, of=f"/v1/audits/{audit['id']}") if one["phase"] == "read"]
    assert len(followed) == 1  # of all the times that it was asked whether it had ended


def test_the_trail_of_a_served_tenant_holds_together(client: TestClient) -> None:
    headers = key(client, tenant="label-t")
    mine = TestClient(client.app, base_url=str(client.base_url), headers=headers)
    mine.post("/v1/cases", json={"subject": "a song", "reason": "a call"})
    found = events(mine)
    assert {one["object"].partition(":")[0] for one in found} == {"/v1/cases", found[1]["object"]}
    keys = parts(client).registry.keys
    assert trail.verify(keys, "label-t").events >= 3
    assert trail.verify(keys, "default").events > 10
    page = mine.get("/v1/audit-events", params={"limit": 1}).json()
    rest = mine.get("/v1/audit-events", params={"limit": 1, "cursor": page["next"]}).json()
    assert rest["items"] and rest["items"] != page["items"]
    assert mine.get("/v1/audit-events", params={"cursor": page["next"], "of": "/"}).status_code == 422
    assert client.get("/v1/audit-events", headers=key(client, Scope.AUDITS_READ)).status_code == 403


def test_every_private_route_is_told_of_or_known_not_to_be(client: TestClient) -> None:
    """A new route is told of when it is read, or stands in the list above."""
    app: Any = client.app
    quiet = set()
    for route in iter_route_contexts(app.routes):
        if getattr(route, "dependant", None) is None or not asks_who(route.dependant):
            continue
        for method in route.methods or ():
            phase = watched(method, str(route.path_format))
            assert phase == "asked" or method == "GET", (method, route.path_format)
            if phase is None:
                quiet.add(str(route.path_format))
    assert quiet == NOT_TOLD


def test_who_is_let_in_anonymously_is_told_as_such(tmp_path: Path) -> None:
    with serve(tmp_path, run_jobs=False, allow_anonymous=True) as client:
        anyone = TestClient(client.app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000))
        assert anyone.post("/v1/cases", json={"subject": "a", "reason": "b"}).status_code == 201
        assert {one["who"] for one in events(client, of="/v1/cases")} == {"somebody at this machine"}
        chain.chain(parts(client).registry.engine)
