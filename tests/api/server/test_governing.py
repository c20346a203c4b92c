"""Operators govern the keys of every tenant, admins those of their own; nobody is locked out."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli import main
from api.errors import ConflictingEntry
from api.server.api_keys import Scope
from api.server.rate_limit import RateLimit
from core import clock
from tests.api.serving import key, parts, serve


@pytest.fixture
def client(tmp_path: Path, database_url: str) -> Iterator[TestClient]:
    with serve(tmp_path, database_url=database_url, run_jobs=False) as client:
        yield client


def made(client: TestClient, *scopes: str, tenant: str = "label-b", **options: Any) -> dict[str, Any]:
    body = {"name": "a", "scopes": scopes or ["admin"], "tenant": tenant}
    answer: dict[str, Any] = client.post("/v1/keys", json=body, **options).json()
    return answer


def bearer(one: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {one['secret']}"}


def test_an_operator_governs_every_tenants_keys(client: TestClient) -> None:
    first, second = made(client), made(client, "audits:read")
    listed = client.get("/v1/tenants/label-b/keys").json()["items"]
    assert [one["id"] for one in listed] == [first["id"], second["id"]]
    assert "secret" not in json.dumps(listed)
    assert client.delete(f"/v1/keys/{second['id']}").status_code == 204
    assert client.get("/v1/audits", headers=bearer(second)).status_code == 401
    assert client.delete(f"/v1/tenants/default/keys/{first['id']}").status_code == 404  # not that tenant's
    assert client.delete(f"/v1/tenants/label-b/keys/{first['id']}").status_code == 204  # the last
    assert client.get("/v1/whoami", headers=bearer(first)).status_code == 401
    assert client.delete(f"/v1/tenants/label-b/keys/{first['id']}").status_code == 404


def test_an_admin_governs_no_other_tenants_keys(client: TestClient) -> None:
    admin, foreign = made(client), made(client, tenant="label-c")
    headers = bearer(admin)
    assert client.get("/v1/tenants/label-c/keys", headers=headers).status_code == 404
    assert client.get("/v1/tenants/default/keys", headers=headers).status_code == 404
    assert client.get("/v1/tenants/label-b/keys", headers=headers).status_code == 200
    for method, path in (
        ("DELETE", f"/v1/keys/{foreign['id']}"),
        ("POST", f"/v1/keys/{foreign['id']}:rotate"),
    ):
        assert client.request(method, path, headers=headers).status_code == 404
    path = f"/v1/tenants/label-c/keys/{foreign['id']}"
    assert client.delete(path, headers=headers).status_code == 404
    assert client.get("/v1/whoami", headers=bearer(foreign)).status_code == 200
    assert client.get("/v1/tenants/label-b/keys", headers=key(client, Scope.AUDITS_READ)).status_code == 403


def test_the_last_admin_key_stays(client: TestClient) -> None:
    own = client.get("/v1/whoami").json()["key_id"]
    for path in (f"/v1/keys/{own}", f"/v1/tenants/default/keys/{own}"):
        answer = client.delete(path)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    body = {"name": "short", "scopes": ["admin"], "expires_at": "2999-01-01T00:00:00Z"}
    second = client.post("/v1/keys", json=body).json()
    parts(client).keys.create("weak", frozenset({Scope.AUDITS_READ}))
    assert client.delete(f"/v1/keys/{own}", headers=bearer(second)).status_code == 204
    assert client.delete(f"/v1/keys/{second['id']}", headers=bearer(second)).status_code == 409
    label = made(client, headers=bearer(second))
    assert client.delete(f"/v1/keys/{label['id']}", headers=bearer(label)).status_code == 409  # of itself


def test_an_admin_key_that_has_ended_saves_nobody(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = parts(client).keys
    own = client.get("/v1/whoami").json()["key_id"]
    keys.create("ends", frozenset({Scope.ADMIN}), expires_at=clock.now() + timedelta(hours=1))
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr("api.server.api_keys.clock.now", lambda: later)
    with pytest.raises(ConflictingEntry, match="last admin"):
        keys.revoke(own, "default", by_operator=True)


def test_of_admins_who_revoke_each_other_one_stays(client: TestClient) -> None:
    keys = parts(client).keys
    ids = [keys.create(str(n), frozenset({Scope.ADMIN}), tenant="crowd").info.id for n in range(6)]

    def revoke(key_id: str) -> bool:
        try:
            keys.revoke(key_id, "crowd")
        except ConflictingEntry:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(revoke, ids)) == [False] + [True] * 5


def test_a_rotated_key_works_for_the_overlap_and_no_longer(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = made(client, "audits:read", "tracks:write", tenant="default")
    answer = client.post(f"/v1/keys/{old['id']}:rotate", json={"overlap_s": 3600})
    new = answer.json()
    assert answer.status_code == 201
    assert (new["scopes"], new["name"], new["tenant"]) == (old["scopes"], old["name"], old["tenant"])
    assert new["id"] != old["id"] and new["expires_at"] is None
    assert {client.get("/v1/audits", headers=bearer(one)).status_code for one in (old, new)} == {200}
    later = clock.now() + timedelta(seconds=3601)
    with monkeypatch.context() as patched:
        patched.setattr("api.server.api_keys.clock.now", lambda: later)
        assert client.get("/v1/audits", headers=bearer(old)).status_code == 401
        assert client.get("/v1/audits", headers=bearer(new)).status_code == 200
        assert client.post(f"/v1/keys/{old['id']}:rotate").status_code == 404
    at_once = client.post(f"/v1/keys/{new['id']}:rotate", json={"overlap_s": 0}).json()
    assert client.get("/v1/audits", headers=bearer(new)).status_code == 401
    assert client.get("/v1/audits", headers=bearer(at_once)).status_code == 200
    for bad in ({"overlap_s": -1}, {"overlap_s": 10**9}, {"overlap": 1}):
        assert client.post(f"/v1/keys/{at_once['id']}:rotate", json=bad).status_code == 422
    own = client.get("/v1/whoami").json()["key_id"]  # the only admin may rotate itself
    fresh = client.post(f"/v1/keys/{own}:rotate", json={"overlap_s": 0}).json()
    assert client.get("/v1/whoami", headers=bearer(fresh)).json()["scopes"] == ["admin"]


def test_a_key_that_was_rotated_is_not_rotated_again(client: TestClient) -> None:
    """Its successor would end with what is left of the overlap."""
    old = made(client, "audits:read")
    new = client.post(f"/v1/keys/{old['id']}:rotate", json={"overlap_s": 3600}).json()
    again = client.post(f"/v1/keys/{old['id']}:rotate", json={"overlap_s": 3600})
    assert again.status_code == 409 and new["id"] in again.json()["detail"]
    listed = client.get("/v1/tenants/label-b/keys").json()["items"]
    assert {one["id"]: one["replaced_by"] for one in listed} == {old["id"]: new["id"], new["id"]: None}
    assert new["expires_at"] is None


def test_rotation_never_makes_a_key_live_longer(client: TestClient) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {"name": "a", "scopes": ["audits:read"], "expires_at": soon}
    old = client.post("/v1/keys", json=body).json()
    new = client.post(f"/v1/keys/{old['id']}:rotate", json={"overlap_s": 86_400}).json()
    ends = {one["id"]: one["expires_at"] for one in client.get("/v1/keys").json()["items"]}
    assert ends[old["id"]] == ends[new["id"]] == old["expires_at"]


def test_whoami_tells_every_caller_who_they_are(client: TestClient) -> None:
    weak = made(client, "audits:read")
    told = client.get("/v1/whoami", headers=bearer(weak)).json()
    assert told == {
        "tenant": "label-b",
        "scopes": ["audits:read"],
        "role": None,
        "key_id": weak["id"],
        "name": "a",
        "expires_at": None,
    }
    assert client.get("/v1/whoami", headers={"Authorization": "Bearer x"}).status_code == 401


def test_the_command_works_where_no_admin_key_is_left(tmp_path: Path, database_url: str) -> None:
    runner = CliRunner(env={"TRACKMARK_HOME": str(tmp_path), "TRACKMARK_DATABASE_URL": database_url})

    def run(*words: str, code: int = 0) -> str:
        result = runner.invoke(main, ["apikey", *words])
        assert result.exit_code == code, result.output
        return result.stdout

    admin = json.loads(run("create", "operator", "--json"))
    weak = json.loads(run("create", "studio", "--scope", "audits:read", "--tenant", "label-b", "--json"))
    assert [json.loads(line)["id"] for line in run("list", "--json").splitlines()] == [
        admin["id"],
        weak["id"],
    ]
    assert weak["id"] in run("list", "--tenant", "label-b") and admin["id"] not in run(
        "list", "--tenant", "label-b"
    )
    run("revoke", admin["id"], code=1)  # the last one
    second = json.loads(run("rotate", admin["id"], "--overlap-hours", "0", "--json"))
    assert second["secret"] != admin["secret"] and second["scopes"] == ["admin"]
    assert "expired" in run("list")
    run("revoke", weak["id"])
    assert "revoked" in run("list")
    run("revoke", "nothing", code=2)
    for bad in (["--scope", "root"], ["--tenant", "No Such!"]):
        run("create", "x", *bad, code=2)
    assert run("create", "x").startswith("tmk_")


def test_a_limit_tells_what_is_left(tmp_path: Path) -> None:
    now = 0.0
    limit = RateLimit(2, lambda: now)
    spent = [limit.spend("a") for _ in range(3)]
    assert [(one.allowed, one.remaining) for one in spent if one] == [(True, 1), (True, 0), (False, 0)]
    assert spent[2] is not None and spent[2].wait_s == 30
    now = 30.0
    again = limit.spend("a")
    assert again is not None and again.allowed
    with serve(tmp_path, requests_per_minute=3, run_jobs=False) as client:
        first, second = client.get("/v1/audits"), client.get("/v1/audits?x=1")
        assert first.headers["ratelimit-policy"] == '"requests";q=3;w=60'
        assert first.headers["ratelimit"] == '"requests";r=2'
        assert second.status_code == 422  # and counted for nobody: nobody was asked who it is
        codes = [client.get("/v1/audits").status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        last = client.get("/v1/audits")
        assert last.headers["ratelimit"].startswith('"requests";r=0;t=')


def test_what_is_public_is_limited_by_address_and_health_is_not(tmp_path: Path) -> None:
    with serve(tmp_path, requests_per_minute=3, run_jobs=False) as client:
        public = (
            "/v1/log/checkpoint",
            "/v1/log/key",
            "/.well-known/trackmark-keys.json",
            "/v1/log/entries/0",
        )
        codes = [client.get(path).status_code for path in public]
        assert codes == [200, 200, 200, 429]
        assert client.get("/c2pa/v1/services/capabilities").status_code == 429
        assert {client.get("/healthz").status_code for _ in range(9)} == {200}
        assert client.get("/v1/audits").status_code == 200  # a key has an allowance of its own
        wrong = [
            client.get("/v1/audits", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(5)
        ]
        assert wrong == [401] * 3 + [429] * 2
        assert client.get("/v1/audits").status_code == 200
