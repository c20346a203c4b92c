"""Cases and notices on pages: plain forms lead through every step, and lose nothing that was written."""

import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.notices.forms import FORMS
from api.server.api_keys import Scope
from core import clock
from tests.api.serving import URL, audited, key, parts

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    """A browser after signing in: a cookie, no header."""
    secret = client.headers["Authorization"].removeprefix("Bearer ")
    made = TestClient(client.app, base_url=URL)
    assert made.post("/sign-in", data={"key": secret}).status_code == 200
    return made


def opened(browser: TestClient, subject: str = "a song") -> str:
    answer = browser.post("/cases", data={"subject": subject, "reason": "a call"})
    assert answer.status_code == 200, answer.text
    return str(answer.url.path)


def version(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found is not None
    return found[1]


def test_forms_lead_from_the_case_to_its_appeal(browser: TestClient) -> None:
    path = opened(browser)
    for step, sent, words in (
        ("assign", {"to": "Ada Lovelace"}, "Assigned to Ada Lovelace"),
        ("comment", {"text": "Asked for it.\r\nNone came."}, "Asked for it.\nNone came."),
        ("decide", {"decision": "reject", "reason": "no contract"}, "Rejected"),
        ("appeal", {"by": "A Distributor", "reason": "here it is"}, "Rejected, under appeal"),
        ("decide", {"decision": "accept", "reason": "it holds"}, "People decided to accept."),
        ("reopen", {"reason": "another song's"}, "It was re-opened; people had decided to accept."),
        ("assign", {}, "Assigned to nobody"),
    ):
        sent = {**sent, "version": version(browser.get(path).text)}
        answer = browser.post(f"{path}/{step}", data=sent)
        assert (answer.status_code, answer.url.path) == (200, path), answer.text
        assert words in answer.text, step


def test_what_cannot_follow_is_told_and_what_was_written_stays(browser: TestClient) -> None:
    path = opened(browser)
    seen = version(browser.get(path).text)
    browser.post(f"{path}/comment", data={"text": "first", "version": seen})
    late = {"decision": "reject", "reason": "a long explanation", "version": seen}
    refused = browser.post(f"{path}/decide", data=late)
    assert refused.status_code == 412
    assert "a long explanation" in refused.text and "has changed meanwhile" in refused.text
    assert version(refused.text) == "2"  # sent again, it holds
    again = browser.post(f"{path}/decide", data={**late, "version": version(refused.text)})
    assert again.status_code == 200 and "People decided to reject." in again.text
    for step, sent, status in (
        ("decide", {"decision": "accept", "reason": "x"}, 409),
        ("appeal", {"reason": "x"}, 422),
        ("comment", {}, 422),
        ("comment", {"text": "\x1b[2J"}, 422),
        ("conjure", {"text": "x"}, 422),
    ):
        sent = {**sent, "version": version(browser.get(path).text)}
        assert browser.post(f"{path}/{step}", data=sent).status_code == status, step


def test_names_of_strangers_are_escaped(browser: TestClient) -> None:
    path = opened(browser, EVIL)
    for page in (path, "/cases"):
        shown = browser.get(page).text
        assert "<img src=x" not in shown and "&lt;img src=x" in shown


def test_an_audit_leads_to_its_case_and_back(client: TestClient, browser: TestClient) -> None:
    audit = audited(client)
    opened_by = client.post("/v1/cases", json={"audit_id": audit["id"], "reason": "a call"}).json()
    assert f"/cases/{opened_by['id']}" in browser.get(f"/audits/{audit['id']}").text
    page = browser.get(f"/cases/{opened_by['id']}").text
    assert f"/audits/{audit['id']}" in page
    client.delete(f"/v1/audits/{audit['id']}")
    assert "The audit was erased" in browser.get(f"/cases/{opened_by['id']}").text


def test_forms_lead_from_the_notice_to_its_days(browser: TestClient) -> None:
    assert "This is not legal advice" in browser.get("/notices/new?form=no-fakes").text
    half = {"form": "dmca", "e-material": EVIL, "e-contact": "ada@example.org"}
    answer = browser.post("/notices", data=half)
    path = answer.url.path
    assert answer.status_code == 200 and "It lacks:" in answer.text and "<img src=x" not in answer.text
    rest = {f"e-{one.name}": "true" if one.kind == "statement" else "said" for one in FORMS["dmca"].notice}
    rest.pop("e-material")
    counter = {
        f"e-{one.name}": "true" if one.kind == "statement" else "said" for one in FORMS["dmca"].counter
    }
    for step, sent, words in (
        ("complete", rest, "No element of the form is missing"),
        ("comment", {"text": "told the uploader"}, "told the uploader"),
        ("remove", {"reason": "taken down"}, "Taken down"),
        ("counter", counter, "Days that the law sets"),
        ("restore", {"reason": "nobody sued"}, "Put back"),
    ):
        sent = {**sent, "version": version(browser.get(path).text)}
        answer = browser.post(f"{path}/{step}", data=sent)
        assert (answer.status_code, answer.url.path) == (200, path), (step, answer.text)
        assert words in answer.text, step
    ahead = {
        "form": "dmca",
        "received_on": str(clock.now().date() + timedelta(days=2)),
        "e-work": "kept words",
    }
    refused = browser.post("/notices", data=ahead)
    assert refused.status_code == 422 and "kept words" in refused.text
    assert browser.get("/notices?state=restored").text.count(path) == 1


def test_pages_of_cases_keep_tenants_apart(client: TestClient, browser: TestClient) -> None:
    stranger = TestClient(client.app, base_url=URL, headers=key(client, tenant="stranger-c"))
    case = opened(browser)
    notice = browser.post("/notices", data={"form": "dmca", "e-material": "x"}).url.path
    for path in (case, notice):
        assert stranger.get(path).status_code == 404
        assert stranger.post(f"{path}/comment", data={"text": "x", "version": "1"}).status_code == 404
        assert path not in stranger.get(path.rsplit("/", 1)[0]).text
    assert parts(client).settings.allow_anonymous is False


def test_the_start_page_tells_what_waits(client: TestClient) -> None:
    headers = key(client, tenant="label-w")
    mine = TestClient(client.app, base_url=URL, headers=headers)
    secret = headers["Authorization"].removeprefix("Bearer ")
    mine.post("/sign-in", data={"key": secret})
    assert '<p class="quiet">Nothing.</p>' in mine.get("/").text
    case = mine.post("/v1/cases", json={"subject": "a tune that waits", "reason": "a call"}).json()
    notice = mine.post("/v1/notices", json={"form": "dmca", "elements": {"material": "its copy"}}).json()
    page = mine.get("/").text
    assert f"/cases/{case['id']}" in page and f"/notices/{notice['id']}" in page
    mine.post(f"/v1/cases/{case['id']}:decide", json={"decision": "accept", "reason": "fine"})
    waits = mine.get("/").text.partition('id="waiting"')[2].partition("</section>")[0]
    assert f"/cases/{case['id']}" not in waits and f"/notices/{notice['id']}" in waits
    reader = key(client, Scope.AUDITS_READ, tenant="label-w")["Authorization"].removeprefix("Bearer ")
    weaker = TestClient(client.app, base_url=URL)
    weaker.post("/sign-in", data={"key": reader})
    assert "its copy" not in weaker.get("/").text


def test_a_message_is_sent_again_from_its_page(client: TestClient, browser: TestClient) -> None:
    hook = {"url": "https://label.example/hook", "events": ["case.opened"]}
    made = client.post("/v1/webhooks", json=hook).json()
    opened(browser)
    path = f"/webhooks/{made['id']}"
    (message,) = client.get(f"/v1{path}/deliveries").json()["items"]
    page = browser.get(path).text
    assert message["event"] in page and made["secret"] not in page
    assert "label.example" in browser.get("/webhooks").text
    assert "Disabled" in browser.post(f"{path}/disable").text
    refused = browser.post(f"{path}/deliveries/{message['id']}/replay")
    assert refused.status_code == 409
    assert "Sends" in browser.post(f"{path}/enable").text
    again = browser.post(f"{path}/deliveries/{message['id']}/replay")
    assert (again.status_code, again.url.path) == (200, path)
    assert browser.get("/webhooks/0000000000000000").status_code == 404
    assert client.delete(f"/v1{path}").status_code == 204
