"""Access tokens by client credentials: no more than their key, while it is in force; on both databases."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import OKPKey, RSAKey

from api.keys.files import KeyStore
from api.server.api_keys import Scope
from api.server.tokens import ALGORITHM, AUDIENCE, KIND
from core import clock
from tests.api.server.test_trailing import events
from tests.api.serving import parts, serve

Key = tuple[str, str]
UNSIGNED = b64encode(b'{"alg":"none"}').decode().rstrip("=")


@pytest.fixture(scope="module")
def client(either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), **either) as client:
        yield client


def made(client: TestClient, *scopes: Scope, tenant: str = "default") -> Key:
    new = parts(client).keys.create("robot", frozenset(scopes), tenant=tenant)
    return new.info.id, new.secret


def ask(client: TestClient, key: Key, **more: str) -> Any:
    bare = TestClient(client.app, base_url=str(client.base_url))
    sent = {"grant_type": "client_credentials", "client_id": key[0], "client_secret": key[1], **more}
    return bare.post("/oauth/token", data=sent)


def token(client: TestClient, key: Key, **more: str) -> str:
    answer = ask(client, key, **more)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def get(client: TestClient, token: str, path: str = "/v1/whoami") -> Any:
    bare = TestClient(client.app, base_url=str(client.base_url))
    return bare.get(path, headers={"Authorization": f"Bearer {token}"})


def refused(answer: Any, status: int, error: str) -> None:
    told = answer.json()
    assert (answer.status_code, told["error"]) == (status, error), told
    assert told["error_description"] == told["detail"] and told["code"].startswith("invalid-")
    assert answer.headers["content-type"] == "application/problem+json"


def signed(client: TestClient, key: Any = None, header: dict[str, str] | None = None, **claims: Any) -> str:
    """A token as the server makes it, but for what is said otherwise."""
    now = int(clock.now().timestamp())
    own = parts(client).tokens._key
    told = {"iss": AUDIENCE, "aud": AUDIENCE, "sub": "x", "scope": "audits:read", "iat": now, "exp": now + 60}
    told = {name: value for name, value in {**told, **claims}.items() if value is not None}
    protected = {"alg": ALGORITHM, "typ": KIND, **(header or {})}
    return jwt.encode(protected, told, key or own, algorithms=[protected["alg"]])


def test_a_token_is_as_good_as_its_key(client: TestClient) -> None:
    key = made(client, Scope.AUDITS_READ, Scope.RECORDS_READ, tenant="label-a")
    answer = ask(client, key)
    told = answer.json()
    assert (told["token_type"], told["expires_in"], told["scope"]) == (
        "Bearer",
        900,
        "audits:read records:read",
    )
    assert answer.headers["cache-control"] == "no-store"
    who = get(client, told["access_token"]).json()
    assert (who["tenant"], who["scopes"], who["key_id"], who["name"]) == (
        "label-a",
        ["audits:read", "records:read"],
        key[0],
        "robot",
    )
    assert get(client, told["access_token"], "/v1/audits").status_code == 200
    assert get(client, told["access_token"], "/v1/keys").json()["code"] == "forbidden"
    assert key[1] not in told["access_token"]


def test_a_token_may_be_good_for_less_and_never_for_more(client: TestClient) -> None:
    key = made(client, Scope.AUDITS_READ, Scope.RECORDS_READ)
    less = token(client, key, scope="audits:read")
    assert get(client, less, "/v1/audits").status_code == 200
    assert get(client, less, "/v1/records").status_code == 403
    for scope in ("audits:write", "audits:read admin", "nonsense"):
        refused(ask(client, key, scope=scope), 400, "invalid_scope")
    admin = token(client, made(client, Scope.ADMIN), scope="audits:read")
    assert get(client, admin, "/v1/audits").status_code == 200
    assert get(client, admin, "/v1/keys").status_code == 403


def test_a_client_may_say_who_it_is_by_basic(client: TestClient) -> None:
    key = made(client, Scope.AUDITS_READ)
    bare = TestClient(client.app, base_url=str(client.base_url))
    basic = {"Authorization": f"Basic {b64encode(':'.join(key).encode()).decode()}"}
    answer = bare.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic)
    assert get(client, answer.json()["access_token"]).status_code == 200
    both = {"grant_type": "client_credentials", "client_secret": key[1]}
    refused(bare.post("/oauth/token", data=both, headers=basic), 400, "invalid_request")
    broken = {"Authorization": "Basic ???"}
    refused(bare.post("/oauth/token", data={"grant_type": "x"}, headers=broken), 401, "invalid_client")


def test_whoever_is_no_client_gets_none(client: TestClient) -> None:
    key, other = made(client, Scope.AUDITS_READ), made(client, Scope.AUDITS_READ)
    for wrong in ((key[0], "tmk_wrong"), (other[0], key[1]), ("", ""), (key[0], ""), ("nobody", key[1])):
        answer = ask(client, wrong)
        refused(answer, 401, "invalid_client")
        assert "www-authenticate" in answer.headers
    refused(ask(client, key, grant_type="password"), 400, "unsupported_grant_type")
    bare = TestClient(client.app, base_url=str(client.base_url))
    for body, media in (
        (b"{}", "application/json"),
        (b"grant_type=a&grant_type=b", "application/x-www-form-urlencoded"),
        (b"grant_type=\xff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=%d" % n for n in range(30)), "application/x-www-form-urlencoded"),
    ):
        answer = bare.post("/oauth/token", content=body, headers={"Content-Type": media})
        refused(answer, 400, "invalid_request")


def test_a_token_ends_with_its_time_its_key_or_its_tenant(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = made(client, Scope.AUDITS_READ, tenant="label-b")
    good = token(client, key)
    now = clock.now()
    for minutes, status in ((14, 200), (16, 401)):
        monkeypatch.setattr(clock, "now", lambda at=minutes: now + timedelta(minutes=at))
        assert get(client, good).status_code == status
    monkeypatch.undo()
    client.post("/v1/tenants/label-b:suspend", json={"reason": "x"})
    assert get(client, good).json()["code"] == ask(client, key).json()["code"] == "tenant-suspended"
    client.post("/v1/tenants/label-b:resume")
    assert get(client, good).status_code == 200
    parts(client).keys.revoke(key[0], "label-b")
    assert get(client, good).status_code == 401
    refused(ask(client, key), 401, "invalid_client")


def test_a_token_that_is_not_ours_is_refused(client: TestClient) -> None:
    key_id, _ = made(client, Scope.AUDITS_READ)
    good = signed(client, client_id=key_id)
    assert get(client, good).status_code == 200
    foreign, past = OKPKey.generate_key("Ed25519"), int(clock.now().timestamp()) - 1
    head, body, end = good.split(".")
    wrong = [
        signed(client, foreign, client_id=key_id),
        signed(client, client_id="nobody"),
        signed(client),
        signed(client, client_id=key_id, aud="else"),
        signed(client, client_id=key_id, iss="else"),
        signed(client, client_id=key_id, exp=past),
        signed(client, client_id=key_id, exp=None),
        signed(client, client_id=key_id, exp="never"),
        signed(client, client_id=key_id, scope="everything"),
        signed(client, client_id=key_id, header={"typ": "JWT"}),
        signed(client, RSAKey.generate_key(2048), {"alg": "RS256"}, client_id=key_id),
        f"{head}.{body}.",
        f"{UNSIGNED}.{body}.",
        f"{head}.{body}.{end[:-4]}AAAA",
        "..",
        "a.b.c",
        f"{head}.{body}.{'A' * 5000}",
    ]
    for one in wrong:
        answer = get(client, one)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), one


def test_what_a_token_says_is_bounded_by_what_its_key_is_today(client: TestClient) -> None:
    key_id, _ = made(client, Scope.AUDITS_READ)
    more = signed(client, client_id=key_id, scope="audits:read admin")
    assert get(client, more).json()["scopes"] == ["audits:read"]


def test_the_key_of_tokens_lies_with_the_others(client: TestClient) -> None:
    token(client, made(client, Scope.AUDITS_READ))
    path = KeyStore(parts(client).settings.home).folder / "tokens.pem"
    assert path.stat().st_mode & 0o777 == 0o600


def test_issuing_is_in_the_trail_and_acts_in_the_name_of_the_key(client: TestClient) -> None:
    key = made(client, Scope.AUDITS_READ, Scope.AUDITS_WRITE)
    good = token(client, key)
    bare = TestClient(client.app, base_url=str(client.base_url))
    case = {"subject": "a song", "reason": "x"}
    opened = bare.post("/v1/cases", json=case, headers={"Authorization": f"Bearer {good}"})
    found = [one for one in events(client) if one["key_id"] == key[0]]
    assert {"token.issued", "POST /v1/cases", "case.opened"} == {one["action"] for one in found}
    assert opened.status_code == 201 and good not in str(found)


def test_what_is_offered_is_told(client: TestClient) -> None:
    told = client.get("/.well-known/oauth-authorization-server").json()
    assert told["token_endpoint"] == f"{told['issuer']}/oauth/token"
    assert told["grant_types_supported"] == ["client_credentials"]
    assert set(told["scopes_supported"]) == set(Scope)
