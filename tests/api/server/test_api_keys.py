"""API keys: made, used within their scopes, expired, revoked; their secrets kept nowhere."""

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.server.api_keys import EVERYDAY, Scope
from core import clock
from core.errors import InvalidInput
from tests.api.serving import URL, key, parts


def bare(client: TestClient) -> TestClient:
    return TestClient(client.app, base_url=URL)


def test_the_first_admin_key_is_a_private_file_and_stays(client: TestClient) -> None:
    home = parts(client).settings.home
    secret, path = parts(client).keys.first_admin(home)
    assert parts(client).keys.first_admin(home)[0] == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret.encode() not in b"".join(file.read_bytes() for file in home.glob("*.db*"))


def test_a_key_is_made_listed_used_and_revoked(client: TestClient) -> None:
    made = client.post("/v1/keys", json={"name": "studio", "scopes": ["audits:read"]})
    assert made.status_code == 201
    secret = made.json()["secret"]
    headers = {"Authorization": f"Bearer {secret}"}
    assert bare(client).get("/v1/audits", headers=headers).status_code == 200
    listed = next(k for k in client.get("/v1/keys").json()["items"] if k["id"] == made.json()["id"])
    assert listed["last_used_at"] is not None
    assert secret not in client.get("/v1/keys").text
    assert client.delete(f"/v1/keys/{made.json()['id']}").status_code == 204
    refused = bare(client).get("/v1/audits", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert refused.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer tmk_00000000_wrong"}, {"X-API-Key": "x" * 5000}]
)
def test_without_a_good_key_nothing_is_answered(client: TestClient, header: dict[str, str]) -> None:
    for path in ("/v1/audits", "/v1/tracks", "/v1/records", "/v1/artists", "/v1/keys"):
        assert bare(client).get(path, headers=header).status_code == 401


def test_a_key_reaches_as_far_as_its_scopes(client: TestClient) -> None:
    reader = key(client, Scope.AUDITS_READ)
    assert bare(client).get("/v1/audits", headers=reader).status_code == 200
    for method, path in (
        ("GET", "/v1/records"),
        ("GET", "/v1/keys"),
        ("POST", "/v1/audits"),
        ("POST", "/v1/keys"),
    ):
        answer = bare(client).request(method, path, headers=reader, json={"name": "x", "scopes": ["admin"]})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_an_expired_key_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = clock.now() + timedelta(days=1)
    made = parts(client).keys.create("brief", EVERYDAY, expires_at=soon)
    headers = {"Authorization": f"Bearer {made.secret}"}
    monkeypatch.setattr(clock, "now", lambda: soon - timedelta(microseconds=1))
    assert bare(client).get("/v1/audits", headers=headers).status_code == 200
    monkeypatch.setattr(clock, "now", lambda: soon)
    assert bare(client).get("/v1/audits", headers=headers).status_code == 401
    with pytest.raises(InvalidInput):
        parts(client).keys.create("late", EVERYDAY, expires_at=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("name", ["  ", "two\nlines", "turned \u202ename"])
def test_a_key_whose_name_cannot_be_seen_is_refused(client: TestClient, name: str) -> None:
    with pytest.raises(InvalidInput, match="one line of visible text"):
        parts(client).keys.create(name, EVERYDAY)


def test_why_a_body_does_not_fit_is_said_in_our_own_words(client: TestClient) -> None:
    told = client.post("/v1/keys", json={"name": "x"}).json()
    assert told["errors"] == [{"field": "body", "detail": "send either scopes or a role"}]
    assert "Value error" not in told["detail"]


def test_only_the_default_tenants_admin_makes_keys_of_others(client: TestClient) -> None:
    wanted = {"name": "x", "scopes": ["admin"], "tenant": "label-b"}
    made = client.post("/v1/keys", json=wanted)
    assert made.json()["tenant"] == "label-b"
    theirs = {"Authorization": f"Bearer {made.json()['secret']}"}
    answer = bare(client).post("/v1/keys", headers=theirs, json={**wanted, "tenant": "label-c"})
    assert answer.status_code == 403
    assert [k["tenant"] for k in bare(client).get("/v1/keys", headers=theirs).json()["items"]] == ["label-b"]


def test_anonymous_access_is_for_this_machines_own_page(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = parts(client).settings.model_copy(update={"allow_anonymous": True})
    assert isinstance(client.app, FastAPI)
    monkeypatch.setattr(client.app.state, "parts", replace(parts(client), settings=opened))
    anyone = TestClient(client.app, base_url=URL, client=("127.0.0.1", 50000))
    assert anyone.get("/v1/audits").status_code == 200
    assert bare(client).get("/v1/audits").status_code == 401  # from no address of this machine
    for headers in (
        {"X-Forwarded-For": "203.0.113.9"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": "127.0.0.1"},
        {"Forwarded": "for=203.0.113.9"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"X-Client-IP": ""},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Token x"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": ""},
        {"Authorization": "tmk_x"},
        {"X-API-Key": ""},
    ):
        assert anyone.get("/v1/audits", headers=headers).status_code == 401, headers
    assert anyone.get("/v1/keys").status_code == 403
    for headers in (
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert anyone.get("/v1/audits", headers=headers).status_code == 403, headers
    assert anyone.get("/v1/audits", headers={"Origin": URL}).status_code == 200
