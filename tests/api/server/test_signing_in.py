"""People sign in at a provider that runs here, and who plays a trick on the way is refused; both engines."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey
from sqlalchemy import select, update

from api import database
from api.database.tables import Table
from api.server.parts import COOKIE, SESSION_COOKIE, SIGN_IN_COOKIE
from core import clock
from tests.api.identity.provider import CLIENT, PERSON, SECRET, Provider, running, unsigned
from tests.api.server.routes.test_tenants import of
from tests.api.server.test_trailing import events
from tests.api.serving import URL, parts, serve

CALLBACK = f"{URL}/sign-in/callback"
SIGN_INS, SESSIONS = (Table.metadata.tables[name] for name in ("sign_ins", "member_sessions"))


@pytest.fixture(scope="module")
def at() -> Iterator[Provider]:
    with running(Provider(CALLBACK)) as made:
        yield made


@pytest.fixture(scope="module")
def client(
    at: Provider, either: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    us: dict[str, Any] = {"oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "public_url": URL}
    named = {**either, "oidc_issuer": at.address, "oidc_name": "Label ID", **us}
    with serve(tmp_path_factory.mktemp("home"), **named) as made:
        made.post("/v1/members", json={"email": PERSON["email"], "role": "auditor"})
        yield made


@pytest.fixture
def provider(at: Provider, client: TestClient) -> Iterator[Provider]:
    """The provider, honest again after each test."""
    yield at
    at.person, at.forge, at.called, at.says, at.down = PERSON, None, None, {}, 200
    at.client.methods, at.by_userinfo_only = ("client_secret_basic",), False
    forget(client)


def forget(client: TestClient) -> None:
    """Have the server ask the provider anew."""
    asked = parts(client).signing_in
    assert asked is not None
    asked._provider._metadata = asked._provider._keys = asked._provider._failed = None


def browser(client: TestClient) -> TestClient:
    return TestClient(client.app, base_url=URL, headers={"Accept": "text/html"}, follow_redirects=False)


def asked(person: TestClient, then: str = "/audits") -> str:
    """Where the provider is asked."""
    begun = person.get("/sign-in/begin", params={"then": then})
    assert begun.status_code == 303, begun.text
    return str(begun.headers["location"])


def answered(url: str) -> str:
    """Where the provider sends the browser back to, with which answer."""
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(f"{CALLBACK}?")
    return str(answer.headers["location"]).removeprefix(URL)


def sign_in(person: TestClient, then: str = "/audits") -> Any:
    return person.get(answered(asked(person, then)))


def code_of(answer: Any) -> str:
    (found,) = re.findall(r"Code <code>([a-z-]+)</code>", answer.text)
    return str(found)


def refused(answer: Any, code: str, status: int) -> None:
    assert (answer.status_code, code_of(answer)) == (status, code), answer.text
    assert SESSION_COOKIE not in answer.headers.get("set-cookie", "")


def test_a_member_signs_in_works_and_signs_out(client: TestClient, provider: Provider) -> None:
    ada = browser(client)
    page = ada.get("/audits?q=x")
    assert page.status_code == 401
    (way,) = re.findall(r'href="(/sign-in/begin[^"]*)"', page.text)
    assert "Sign in with <bdi>Label ID</bdi>" in page.text
    begun = ada.get(way)
    sent = {name: one[0] for name, one in parse_qs(urlsplit(begun.headers["location"]).query).items()}
    assert sent.keys() == {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge"),
        "code_challenge_method",
    }
    assert (sent["code_challenge_method"], sent["redirect_uri"]) == ("S256", CALLBACK)
    kept = begun.headers["set-cookie"].lower()
    assert "httponly" in kept and "samesite=lax" in kept and "path=/sign-in" in kept
    answer = ada.get(answered(begun.headers["location"]))
    assert answer.status_code == 200 and 'content="0; url=/audits?q=x"' in answer.text
    given = answer.headers["set-cookie"].lower()
    assert (
        f"{SESSION_COOKIE}=tms_" in given and "samesite=strict" in given and "no-store" in str(answer.headers)
    )
    assert SIGN_IN_COOKIE not in ada.cookies and "code=" not in answer.text
    assert ada.get("/audits").status_code == 200
    assert ada.get("/keys").status_code == 403  # an auditor is no admin
    who = ada.get("/v1/whoami").json()
    assert (who["name"], who["role"], who["tenant"]) == ("Ada <ada@label.example>", "auditor", "default")
    told = [one for one in events(client) if one["who"] == "Ada <ada@label.example>"]
    assert {"member.signed-in", "GET /audits"} <= {one["action"] for one in told}
    out = ada.post("/sign-out")
    (leaving,) = re.findall(r'href="(http[^"]*)"', out.text)
    assert leaving.startswith(f"{provider.address}/logout?client_id=trackmark&amp;post_logout_redirect_uri=")
    assert SESSION_COOKIE not in ada.cookies and ada.get("/audits").status_code == 401


def test_nothing_of_the_provider_is_kept(client: TestClient, provider: Provider) -> None:
    ada = browser(client)
    sign_in(ada)
    secret = ada.cookies[SESSION_COOKIE]
    engine = parts(client).registry.engine
    with database.reading(engine) as connection:
        tables = Table.metadata.sorted_tables
        whole = str([connection.execute(select(table)).all() for table in tables])
    assert "access-" not in whole and secret not in whole and "eyJ" not in whole


def test_a_session_that_is_taken_over_mid_way_does_not_outlive_its_member(
    client: TestClient, provider: Provider
) -> None:
    ada = browser(client)
    sign_in(ada)
    (member,) = client.get("/v1/members").json()["items"]
    here = member["links"]["self"]
    client.post(f"{here}:suspend", json={"reason": "has left"})
    assert ada.get("/audits").status_code == 401
    refused(sign_in(ada), "not-a-member", 403)
    client.post(f"{here}:resume")
    assert ada.get("/audits").status_code == 401
    assert sign_in(ada).status_code == 200 and ada.get("/audits").status_code == 200


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "eve", "email": "eve@label.example", "email_verified": True, "name": "Eve"},
        {"sub": "eve", "email": "bob@label.example", "email_verified": False},
        {"sub": "eve", "email": "bob@label.example", "email_verified": "true"},
        {"sub": "eve", "email": "bob@label.example"},
        {"sub": "eve", "email": "ada@label.example", "email_verified": True},  # another's account
        {"sub": "eve", "email": ["bob@label.example"], "email_verified": True},
        {"sub": "eve"},
    ],
    ids=str,
)
def test_who_is_no_member_gets_a_page_that_says_so(
    client: TestClient, provider: Provider, person: dict[str, Any]
) -> None:
    client.post("/v1/members", json={"email": "bob@label.example", "role": "admin"})
    ada = browser(client)
    sign_in(ada)  # whose invitation is taken up
    provider.person = person
    eve = browser(client)
    refused(sign_in(eve), "not-a-member", 403)
    assert eve.get("/audits").status_code == 401
    assert SESSION_COOKIE not in eve.cookies and SIGN_IN_COOKIE not in eve.cookies


def test_claims_that_only_userinfo_tells_are_fetched(client: TestClient, provider: Provider) -> None:
    provider.by_userinfo_only = True
    client.post("/v1/members", json={"email": "ugo@label.example", "role": "label"})
    provider.person = {"sub": "ugo", "email": "ugo@label.example", "email_verified": True, "name": "Ugo"}
    ugo = browser(client)
    assert sign_in(ugo).status_code == 200
    assert ugo.get("/v1/whoami").json()["name"] == "Ugo <ugo@label.example>"
    provider.forge = lambda claims: provider.signed({**claims, "sub": "mallory"})
    refused(sign_in(browser(client)), "sign-in-failed", 400)  # told of somebody else


@pytest.mark.parametrize(
    "forge",
    [
        lambda at, claims: at.signed({**claims, "nonce": "another"}),
        lambda at, claims: at.signed({name: claims[name] for name in claims if name != "nonce"}),
        lambda at, claims: at.signed({**claims, "exp": claims["iat"] - 120}),
        lambda at, claims: at.signed({**claims, "iat": claims["iat"] - 7200}),
        lambda at, claims: at.signed({**claims, "aud": "another client"}),
        lambda at, claims: at.signed({**claims, "aud": [CLIENT, "x"], "azp": "x"}),
        lambda at, claims: at.signed({**claims, "iss": "https://else.example"}),
        lambda at, claims: at.signed({**claims, "at_hash": "x" * 22}),
        lambda at, claims: at.signed(claims, RSAKey.generate_key(2048)),
        lambda at, claims: unsigned(claims),
        lambda at, claims: "not a token",
        lambda at, claims: 7,
    ],
)
def test_a_forged_id_token_signs_nobody_in(client: TestClient, provider: Provider, forge: Any) -> None:
    provider.forge = lambda claims: forge(provider, claims)
    refused(sign_in(browser(client)), "sign-in-failed", 400)


def test_a_state_works_once_in_the_browser_that_began(client: TestClient, provider: Provider) -> None:
    ada, eve = browser(client), browser(client)
    back = answered(asked(ada))
    refused(eve.get(back), "sign-in-failed", 400)  # who began nothing
    asked(eve)
    back = answered(asked(ada))
    refused(eve.get(back), "sign-in-failed", 400)  # who began another
    refused(ada.get(back), "sign-in-failed", 400)  # it is used up by the attempt
    back = answered(asked(ada))
    secret = ada.cookies[SIGN_IN_COOKIE]
    assert ada.get(back).status_code == 200
    ada.cookies.set(SIGN_IN_COOKIE, secret)
    refused(ada.get(back), "sign-in-failed", 400)  # replayed


def test_nobody_is_signed_in_as_somebody_else_by_a_link(client: TestClient, provider: Provider) -> None:
    """Login CSRF: an attacker's own answer, given to a victim's browser, in which a sign-in is under way."""
    eve, victim = browser(client), browser(client)
    stolen = answered(asked(eve))
    asked(victim)
    refused(victim.get(stolen), "sign-in-failed", 400)
    mine = parse_qs(urlsplit(asked(victim)).query)["state"][0]
    code = parse_qs(urlsplit(answered(asked(eve))).query)["code"][0]  # injected into the victim's sign-in
    refused(victim.get(f"/sign-in/callback?state={mine}&code={code}"), "sign-in-failed", 400)  # PKCE
    key = {"key": client.headers["Authorization"].removeprefix("Bearer ")}
    foreign = victim.post("/sign-in", data=key, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403 and COOKIE not in victim.cookies


def test_a_sign_in_that_takes_too_long_is_over(client: TestClient, provider: Provider) -> None:
    ada = browser(client)
    back = answered(asked(ada))
    with database.writing(parts(client).registry.engine) as connection:
        connection.execute(update(SIGN_INS).values(ends_at=clock.now()))
    refused(ada.get(back), "sign-in-failed", 400)
    asked(browser(client))  # which clears away what is over
    with database.reading(parts(client).registry.engine) as connection:
        assert all(row.ends_at > clock.now() for row in connection.execute(select(SIGN_INS)))


def test_another_providers_answer_is_refused(client: TestClient, provider: Provider) -> None:
    """Mix-up (RFC 9207): who answers is told in the answer, and must be where the provider says so."""
    provider.called = provider.address
    forget(client)
    assert sign_in(browser(client)).status_code == 200
    provider.called = "https://else.example"
    forget(client)
    refused(sign_in(browser(client)), "sign-in-failed", 400)
    provider.called, provider.says = None, {"authorization_response_iss_parameter_supported": True}
    forget(client)
    refused(sign_in(browser(client)), "sign-in-failed", 400)


@pytest.mark.parametrize(
    "query", ["", "?state=x", "?state=x&code=y", "?code=y", "?state=a&state=b&code=y", "?error=access_denied"]
)
def test_an_answer_to_nothing_is_refused(client: TestClient, provider: Provider, query: str) -> None:
    refused(browser(client).get(f"/sign-in/callback{query}"), "sign-in-failed", 400)


def test_what_the_provider_refuses_is_told_without_its_words(client: TestClient, provider: Provider) -> None:
    provider.person = {}
    ada = browser(client)
    answer = sign_in(ada)
    refused(answer, "sign-in-failed", 400)
    assert "access_denied" in answer.text
    state = parse_qs(urlsplit(asked(ada)).query)["state"][0]
    answer = ada.get("/sign-in/callback", params={"state": state, "error": "<b>call 0900"})
    refused(answer, "sign-in-failed", 400)
    assert "0900" not in answer.text


def test_keys_that_were_changed_are_fetched(client: TestClient, provider: Provider) -> None:
    assert sign_in(browser(client)).status_code == 200
    provider.turn_keys(publish_old=False)
    signing = parts(client).signing_in
    assert signing is not None and signing._provider._keys is not None
    at, keys = signing._provider._keys
    signing._provider._keys = at.replace(year=at.year - 1), keys  # fetched a while ago
    assert sign_in(browser(client)).status_code == 200
    provider.turn_keys(publish_old=True)
    forget(client)
    assert sign_in(browser(client)).status_code == 200


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_we_say_who_we_are_as_the_provider_takes_it(
    client: TestClient, provider: Provider, method: str
) -> None:
    provider.client.methods = (method,)
    forget(client)
    assert sign_in(browser(client)).status_code == 200


def test_a_provider_that_is_down_is_told_on_a_page(client: TestClient, provider: Provider) -> None:
    ada = browser(client)
    back = answered(asked(ada))
    provider.down = 503
    forget(client)
    refused(ada.get(back), "provider-unavailable", 503)
    answer = ada.get("/sign-in/begin")
    refused(answer, "provider-unavailable", 503)
    assert "Nobody can be signed in at the moment" in answer.text
    page = ada.get("/audits")  # and who has a key still comes in
    assert page.status_code == 401 and 'name="key"' in page.text
    signed_in = browser(client)
    provider.down = 200
    forget(client)
    sign_in(signed_in)
    provider.down = 503
    forget(client)
    assert signed_in.get("/audits").status_code == 200
    out = signed_in.post("/sign-out")
    assert out.status_code == 303  # with no word of a place that is not known
    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'  # for whoever signs in next


@pytest.mark.parametrize("then", ["//else.example", "https://else.example/", "/\\else.example", "x"])
def test_nobody_is_sent_elsewhere_afterwards(client: TestClient, provider: Provider, then: str) -> None:
    answer = sign_in(browser(client), then)
    assert 'content="0; url=/"' in answer.text and "else.example" not in answer.text


def test_the_member_of_two_tenants_chooses_one(client: TestClient, provider: Provider) -> None:
    of(client, "label-b")
    client.post("/v1/members", json={"email": "two@label.example", "role": "label"})
    there = {"email": "two@label.example", "role": "auditor", "tenant": "label-b"}
    client.post("/v1/members", json=there)
    provider.person = {"sub": "two", "email": "two@label.example", "email_verified": True}
    two = browser(client)
    answer = sign_in(two)
    assert "http-equiv" not in answer.text
    first = two.get("/v1/whoami").json()["tenant"]
    (other,) = re.findall(r'name="member_id" value="([0-9a-f]+)"', answer.text)
    old = two.cookies[SESSION_COOKIE]
    foreign = two.post("/sign-in/tenant", data={"member_id": other}, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert two.post("/sign-in/tenant", data={"member_id": other}).status_code == 200
    assert {first, two.get("/v1/whoami").json()["tenant"]} == {"default", "label-b"}
    again = browser(client)
    again.cookies[SESSION_COOKIE] = old
    assert again.get("/audits").status_code == 401
    (ada,) = [one for one in client.get("/v1/members").json()["items"] if one["email"] == PERSON["email"]]
    assert two.post("/sign-in/tenant", data={"member_id": ada["id"]}).status_code == 401


def test_without_a_provider_the_page_asks_for_a_key_alone(tmp_path: Path) -> None:
    with serve(tmp_path) as alone:
        person = browser(alone)
        page = person.get("/audits")
        assert page.status_code == 401 and "/sign-in/begin" not in page.text
        for path in ("/sign-in/begin", "/sign-in/callback?state=x&code=y"):
            refused(person.get(path), "not-found", 404)
