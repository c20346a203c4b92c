"""Tenants are entered and suspended by operators; roles are names of scopes; on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.jobs.leases import Leases
from api.members.role import Role
from api.server.api_keys import Scope
from api.server.roles import SCOPES, role_of
from core import clock
from tests.api.server.test_trailing import events
from tests.api.serving import GOOD, finished, key, parts, serve


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        yield client


def of(client: TestClient, tenant: str, *scopes: Scope) -> TestClient:
    return TestClient(client.app, base_url=str(client.base_url), headers=key(client, *scopes, tenant=tenant))


def suspend(client: TestClient, tenant: str) -> Any:
    return client.post(f"/v1/tenants/{tenant}:suspend", json={"reason": "the contract has ended"})


def test_a_tenant_is_entered_once_and_its_keys_work(client: TestClient) -> None:
    wanted = {"tenant": "label-a", "name": "Label A"}
    made = client.post("/v1/tenants", json=wanted).json()
    assert (made["tenant"], made["name"], made["suspended_at"]) == ("label-a", "Label A", None)
    assert client.post("/v1/tenants", json=wanted).json()["code"] == "conflict"
    secret = client.post("/v1/keys", json={"name": "x", "role": "label", "tenant": "label-a"}).json()[
        "secret"
    ]
    mine = TestClient(client.app, base_url=str(client.base_url), headers={"X-API-Key": secret})
    assert mine.get("/v1/whoami").json()["tenant"] == "label-a"
    of(client, "only-keys")
    listed = {one["tenant"]: one for one in client.get("/v1/tenants").json()["items"]}
    assert listed["label-a"] == made and listed["only-keys"]["created_at"] is None
    assert client.get("/v1/tenants/label-a").json() == made
    assert client.get("/v1/tenants/nobody").status_code == 404
    for wrong in ({"tenant": "Label", "name": "x"}, {"tenant": "a b", "name": "x"}, {"tenant": "c"}):
        assert client.post("/v1/tenants", json=wrong).status_code == 422


def test_only_operators_govern_tenants(client: TestClient) -> None:
    admin = of(client, "label-b", Scope.ADMIN)
    assert admin.get("/v1/tenants/label-b").status_code == 200
    assert admin.get("/v1/tenants").json()["code"] == "forbidden"
    assert admin.post("/v1/tenants", json={"tenant": "mine", "name": "x"}).json()["code"] == "forbidden"
    assert suspend(admin, "label-b").json()["code"] == "forbidden"
    for tenant in ("default", "label-a", "nobody"):
        assert admin.get(f"/v1/tenants/{tenant}").json()["code"] == "not-found"
        assert suspend(admin, tenant).json()["code"] == "not-found"


def test_a_suspended_tenant_is_answered_nothing_and_others_are(client: TestClient) -> None:
    mine, other = of(client, "label-c"), of(client, "label-d")
    assert mine.get("/v1/audits").status_code == 200
    told = suspend(client, "label-c").json()
    assert told["suspended_reason"] == "the contract has ended" and told["suspended_by"]
    for method, path in (("GET", "/v1/audits"), ("GET", "/v1/whoami"), ("POST", "/v1/audits")):
        answer = mine.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "tenant-suspended"), path
    page = mine.get("/audits", headers={"Accept": "text/html"})
    assert page.status_code == 403
    assert other.get("/v1/audits").status_code == client.get("/v1/audits").status_code == 200
    wrong = TestClient(client.app, base_url=str(client.base_url), headers={"X-API-Key": "tmk_no"})
    assert wrong.get("/v1/audits").status_code == 401
    assert suspend(client, "label-c").json()["code"] == "conflict"
    assert suspend(client, "default").json()["code"] == "conflict"
    assert client.post("/v1/tenants/label-c:resume").json()["suspended_at"] is None
    assert mine.get("/v1/audits").status_code == 200
    assert client.post("/v1/tenants/label-c:resume").json()["code"] == "conflict"
    for whose in (client, mine):
        done = [one["action"] for one in events(whose, of="/v1/tenants/label-c") if one["phase"] == "done"]
        assert done == ["tenant.suspended", "tenant.resumed"]


def test_jobs_of_a_suspended_tenant_wait_and_do_not_expire(tmp_path: Path) -> None:
    with serve(tmp_path / "home", run_jobs=False) as client:
        mine, other = of(client, "label-e"), of(client, "label-f")
        waits = mine.post("/v1/audits", files={"file": ("a.wav", GOOD)}).json()["id"]
        runs = other.post("/v1/audits", files={"file": ("a.wav", GOOD)}).json()["id"]
        suspend(client, "label-e")
        engine = parts(client).registry.engine
        later = clock.now() + timedelta(days=30)
        leases = Leases(engine, lease_s=60, attempts=3)
        taken = [leases.take("w"), leases.take("w")]
        assert [one and one.job.id for one in taken] == [runs, None]
        Leases(engine, lease_s=1e8, attempts=3, now=lambda _: later).expire(timedelta(days=7))
        client.post("/v1/tenants/label-e:resume")
        again = leases.take("w")
        assert again is not None and again.job.id == waits and again.job.queued_at is not None


def test_a_suspended_tenants_job_is_done_once_it_is_let_in(client: TestClient) -> None:
    mine = of(client, "label-g")
    suspend(client, "label-g")
    client.post("/v1/tenants/label-g:resume")
    sent = mine.post("/v1/audits", files={"file": ("a.wav", GOOD)})
    assert finished(mine, sent.headers["location"])["state"] == "succeeded"


@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_a_name_of_scopes(client: TestClient, role: Role) -> None:
    made = client.post("/v1/keys", json={"name": "x", "role": role}).json()
    assert set(made["scopes"]) == {scope.value for scope in SCOPES[role]} and made["role"] == role.value
    named = {"name": "x", "scopes": sorted(SCOPES[role])}
    assert client.post("/v1/keys", json=named).json()["role"] == role
    own = TestClient(client.app, base_url=str(client.base_url), headers={"X-API-Key": made["secret"]})
    assert own.get("/v1/whoami").json()["role"] == role


def test_an_auditor_reads_the_trail_and_changes_nothing(client: TestClient) -> None:
    auditor = of(client, "default", *SCOPES[Role.AUDITOR])
    for path in ("/v1/audits", "/v1/records", "/v1/cases", "/v1/notices", "/v1/audit-events"):
        assert auditor.get(path).status_code == 200, path
    for path in ("/v1/audits", "/v1/cases", "/v1/notices", "/v1/policies", "/v1/keys", "/v1/holds"):
        assert auditor.post(path, json={}).status_code == 403, path
    assert not any(scope.endswith(":write") for scope in SCOPES[Role.AUDITOR])


def test_a_key_has_either_scopes_or_a_role(client: TestClient) -> None:
    for wanted in (
        {"name": "x"},
        {"name": "x", "scopes": ["audits:read"], "role": "label"},
        {"name": "x", "role": "king"},
        {"name": "x", "scopes": []},
    ):
        assert client.post("/v1/keys", json=wanted).status_code == 422
    odd = client.post("/v1/keys", json={"name": "x", "scopes": ["audits:read"]}).json()
    assert odd["role"] is None and role_of([Scope.ADMIN]) is Role.ADMIN
