"""The start page tells what came in, what changed and whether the service is in order; lists take steps."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.jobs.tally import tally
from api.server.api_keys import Scope
from api.server.pages import dashboard
from core import clock
from tests.api.serving import GOOD, URL, audited, finished, key, parts, register, serve


@pytest.fixture
def browser(client: TestClient) -> Iterator[TestClient]:
    """A browser after signing in: a cookie, no header."""
    secret = client.headers["Authorization"].removeprefix("Bearer ")
    made = TestClient(client.app, base_url=URL)
    made.post("/sign-in", data={"key": secret})
    yield made


def test_what_came_in_is_counted_for_each_tenant(client: TestClient) -> None:
    engine, day = parts(client).registry.engine, timedelta(hours=24)
    headers = key(client, tenant="counted")
    for name in ("a.wav", "b.wav"):
        audited(client, headers=headers, files={"file": (name, GOOD)})
    found = tally(engine, "counted", clock.now() - day)
    assert (found.came, found.failed, found.queued, found.running) == (2, 0, 0, 0)
    assert sum(found.decided.values()) == 2
    later = tally(engine, "counted", clock.now() + day)
    assert (later.came, sum(later.decided.values())) == (0, 0)
    assert tally(engine, "nobody", clock.now() - day).came == 0


def test_what_waits_is_counted_whenever_it_came(tmp_path: Path) -> None:
    with serve(tmp_path, run_jobs=False) as idle:
        idle.post("/v1/audits", files={"file": ("a.wav", GOOD)}).raise_for_status()
        found = tally(parts(idle).registry.engine, "default", clock.now() + timedelta(hours=1))
        assert (found.came, found.queued) == (0, 1)
        assert "0, 1 waiting" in idle.get("/").text


def test_admins_see_what_changed_and_others_do_not(client: TestClient, browser: TestClient) -> None:
    case = client.post("/v1/cases", json={"subject": "a song", "reason": "a call"}).json()["id"]
    client.post(f"/v1/cases/{case}:comment", json={"text": "told"}).raise_for_status()
    record = register(parts(client).registry).record_id
    parts(client).worker.journal.flush()
    page = browser.get("/").text
    assert page.count(f'href="/cases/{case}">A case was worked on<') == 1
    assert f'href="/cases/{case}">A case was opened<' not in page, "of one thing the newest is told"
    assert f'href="/records/{record}">A track was registered<' in page
    reader = TestClient(client.app, base_url=URL)
    secret = key(client, Scope.AUDITS_READ)["Authorization"].removeprefix("Bearer ")
    reader.post("/sign-in", data={"key": secret})
    assert "What changed" not in reader.get("/").text


def test_what_is_not_in_order_is_named(
    client: TestClient, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Service: in order" in " ".join(browser.get("/").text.split())
    monkeypatch.setattr(
        dashboard, "checked", lambda _parts: {"database": "ok", "outputs": "cannot be written"}
    )
    assert "outputs cannot be written" in browser.get("/").text


def test_failed_audits_are_tried_again_together_and_the_rest_is_left(
    client: TestClient, browser: TestClient
) -> None:
    done = audited(client)
    sent = {f"one-{done['id']}": "true", "one-unknown": "true", "step": "retry"}
    answer = browser.post("/audits/bulk", data=sent)
    assert answer.status_code == 200
    assert "Tried again: 0 of 2" in answer.text
    assert "no audit unknown" in answer.text


def test_waiting_audits_are_stopped_together(tmp_path: Path) -> None:
    with serve(tmp_path, run_jobs=False) as idle:
        ids = [idle.post("/v1/audits", files={"file": (n, GOOD)}).json()["id"] for n in ("a.wav", "b.wav")]
        page = idle.get("/audits").text
        assert all(f'name="one-{one}"' in page for one in ids)
        answer = idle.post("/audits/bulk", data={**{f"one-{one}": "true" for one in ids}, "step": "cancel"})
        assert "Stopped: 2 of 2" in answer.text and "a.wav" in answer.text
        assert {finished(idle, f"/v1/audits/{one}")["state"] for one in ids} == {"cancelled"}


def test_cases_are_assigned_together(client: TestClient, browser: TestClient) -> None:
    ids = [
        client.post("/v1/cases", json={"subject": name, "reason": "a call"}).json()["id"]
        for name in ("one", "two")
    ]
    sent = {**{f"one-{one}": "true" for one in ids}, "to": "Ada <Lovelace>", "step": "assign"}
    answer = browser.post("/cases/bulk", data=sent)
    assert "Assigned to Ada &lt;Lovelace&gt;: 2 of 2" in answer.text
    assert {client.get(f"/v1/cases/{one}").json()["assignee"] for one in ids} == {"Ada <Lovelace>"}
    foreign = TestClient(client.app, base_url=URL, headers=key(client, tenant="foreign"))
    assert ": 0 of 2" in foreign.post("/cases/bulk", data={**sent, "to": "Eve"}).text


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/audits/bulk", {"step": "cancel"}),
        ("/audits/bulk", {"step": "erase"}),
        ("/cases/bulk", {}),
        ("/cases/bulk", {"step": "assign"}),
        ("/notices/bulk", {}),
    ],
)
def test_a_step_for_nothing_is_refused(browser: TestClient, path: str, sent: dict[str, str]) -> None:
    assert browser.post(path, data=sent).status_code == 422


@pytest.mark.parametrize(
    ("method", "asked", "back"),
    [
        ("GET", "/audits?q=a&decision=review", "/audits?q=a&amp;decision=review"),
        ("POST", "/cases/0123456789abcdef/decide", "/cases/0123456789abcdef"),
        ("POST", "/webhooks/1/deliveries/2/replay", "/webhooks/1"),
        ("POST", "/audits/bulk", "/audits"),
        ("POST", "/keys/1/revoke", "/keys"),
        ("POST", "/comparisons", "/comparisons"),
    ],
)
def test_a_session_that_ended_leads_back_to_a_page(
    client: TestClient, method: str, asked: str, back: str
) -> None:
    answer = TestClient(client.app, base_url=URL).request(method, asked, headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert f'name="then" value="{back}"' in answer.text


def test_names_of_every_direction_stay_in_their_place(client: TestClient, browser: TestClient) -> None:
    name = "שיר‏.wav"
    made = audited(client, files={"file": (name, GOOD)})
    for path in ("/audits", f"/audits/{made['id']}"):
        assert re.search(r"<bdi>שיר\S*</bdi>", browser.get(path).text), path
