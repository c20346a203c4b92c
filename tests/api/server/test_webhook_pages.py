"""Webhooks on pages: made, with a secret that is shown once, disabled, enabled and deleted."""

import re

import pytest
from fastapi.testclient import TestClient

from api.outbox.outbox import EVENTS
from api.server.api_keys import Scope
from api.server.pages.webhooks import HAPPENINGS
from tests.api.serving import URL, key

EVIL = "<img src=x onerror=alert(1)>"
HOOK = {"url": "https://label.example/made", "event-case.opened": "true", "event-audit.failed": "true"}


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    """A browser after signing in: a cookie, no header."""
    secret = client.headers["Authorization"].removeprefix("Bearer ")
    made = TestClient(client.app, base_url=URL)
    assert made.post("/sign-in", data={"key": secret}).status_code == 200
    return made


def made_one(client: TestClient) -> str:
    hook = {"url": "https://label.example/one", "events": ["case.opened"], "description": EVIL}
    return f"/webhooks/{client.post('/v1/webhooks', json=hook).json()['id']}"


@pytest.mark.parametrize(("scheme", "starts"), [("hmac", "whsec_"), ("ed25519", "whpk_")])
def test_an_endpoint_is_made_and_its_secret_shown_once(
    client: TestClient, browser: TestClient, scheme: str, starts: str
) -> None:
    url = f"https://label.example/{scheme}"
    answer = browser.post("/webhooks", data={**HOOK, "url": url, "scheme": scheme, "description": EVIL})
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    secret = re.search(r'<code class="secret">(.*?)</code>', answer.text)
    assert secret is not None and secret[1].startswith(starts)
    assert EVIL not in answer.text and "&lt;img" in answer.text
    (hook,) = [one for one in client.get("/v1/webhooks").json()["items"] if one["url"] == url]
    assert (hook["events"], hook["scheme"], hook["description"]) == (
        ["audit.failed", "case.opened"],
        scheme,
        EVIL,
    )
    for page in ("/webhooks", f"/webhooks/{hook['id']}"):
        again = browser.get(page).text
        assert url in again and secret[1] not in again and EVIL not in again


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"url": "http://label.example/plain"}, "https"),
        ({"url": "https://169.254.169.254/latest"}, "the address is not a public one"),
        ({"url": "https://[::1]/"}, "the address is not a public one"),
        (
            {"url": "https://label.example/none", "event-case.opened": "", "event-audit.failed": ""},
            "at least",
        ),
        ({"scheme": "none"}, "scheme"),
        ({"url": ""}, "url: something must be said"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(
    client: TestClient, browser: TestClient, told: dict[str, str], says: str
) -> None:
    before = client.get("/v1/webhooks").json()["items"]
    sent = {**HOOK, "description": f"typed {EVIL}", **told}
    answer = browser.post("/webhooks", data=sent)
    refusal = re.search(r'<p class="error" role="alert"[^>]*>(.*?)</p>', answer.text)
    assert answer.status_code == 422 and refusal is not None and says in refusal[1]
    assert f'value="{sent["url"]}"' in answer.text and 'value="typed &lt;img' in answer.text
    box = re.search(r'name="event-case.opened" value="true"( checked)?>', answer.text)
    assert box is not None and bool(box[1]) == bool(sent["event-case.opened"])
    assert EVIL not in answer.text and client.get("/v1/webhooks").json()["items"] == before


def test_an_endpoint_is_deleted_behind_a_page_that_asks(client: TestClient, browser: TestClient) -> None:
    path = made_one(client)
    assert f'href="{path}/delete"' in browser.get(path).text
    asked = browser.get(f"{path}/delete").text
    assert "https://label.example/one" in asked and "cannot be undone" in asked and EVIL not in asked
    assert client.get(f"/v1{path}").status_code == 200
    done = browser.post(f"{path}/delete")
    assert (done.status_code, done.url.path) == (200, "/webhooks")
    assert path not in done.text and client.get(f"/v1{path}").status_code == 404
    again = browser.post(f"{path}/delete", headers={"Accept": "text/html"})
    assert again.status_code == 404 and "<h1" in again.text


def test_another_tenants_endpoint_is_not_there(client: TestClient) -> None:
    path = made_one(client)
    stranger = TestClient(client.app, base_url=URL, headers=key(client, tenant="stranger"))
    assert "There is none yet" in stranger.get("/webhooks").text
    for method in ("GET", "POST"):
        assert stranger.request(method, f"{path}/delete").status_code == 404
    assert client.get(f"/v1{path}").status_code == 200


def test_who_is_no_admin_and_what_another_site_sends_is_refused(
    client: TestClient, browser: TestClient
) -> None:
    path = made_one(client)
    headers = {**key(client, Scope.AUDITS_READ), "Accept": "text/html"}
    reader = TestClient(client.app, base_url=URL, headers=headers)
    for page in ("/webhooks", f"{path}/delete"):
        refused = reader.post(page, data=HOOK)
        assert refused.status_code == 403 and "<h1" in refused.text
        assert browser.post(page, data=HOOK, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.get(f"/v1{path}").status_code == 200


def test_every_event_has_its_words() -> None:
    assert set(HAPPENINGS) == set(EVENTS)
