"""Retention and legal holds on pages: what ends is said before it ends, and what is held stays."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.jobs.retention import Retention
from api.retention import rules
from api.server.pages.holds import THINGS
from api.server.pages.retention import ENDED, ENDS, KEPT
from core import clock
from tests.api.serving import URL, audited, key, parts

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def mine(client: TestClient, request: pytest.FixtureRequest) -> TestClient:
    """A tenant of its own."""
    tenant = f"t{abs(hash(request.node.name)) % 10**9}"
    headers = {**key(client, tenant=tenant), "Accept": "text/html"}
    return TestClient(client.app, base_url=URL, headers=headers)


def in_days(client: TestClient, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be so many days later."""
    then = clock.now() + timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: then)


def test_what_ends_is_said_before_anything_does(mine: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = audited(mine, data={"retain": "true"})["id"]
    fresh = mine.get("/retention").text
    assert "until somebody erases it" in fresh and "with the next sweep" not in fresh
    asked = mine.get("/retention/change", params={"audio_days": "", "reports_days": "30"}).text
    assert "Nothing that is there today." in asked and "Set these numbers" in asked
    in_days(mine, 31, monkeypatch)
    asked = mine.get("/retention/change", params={"reports_days": "30"}).text
    assert "Audits and comparisons</dt><dd>1<" in asked and "This cannot be undone" in asked
    assert mine.get("/v1/retention").json()["reports_days"] is None  # asking sets nothing
    done = mine.post("/retention", data={"reports_days": "30", "version": "never-set"})
    assert (done.status_code, done.url.path) == (200, "/retention")
    assert "30 days" in done.text and "with the next sweep" in done.text
    keeping = Retention(parts(mine).registry.engine, parts(mine).worker.files)
    tenant = mine.get("/v1/whoami").json()["tenant"]
    ended = [one.object for one in keeping.sweep(clock.now()) if one.tenant == tenant]
    assert ended == [f"/v1/audits/{audit}"]
    assert "there is none" in mine.get("/retention").text


def test_the_first_end_counts_from_the_oldest(mine: TestClient) -> None:
    audited(mine, data={"retain": "true"})
    mine.post("/retention", data={"audio_days": "7", "voices_days": "9", "version": "never-set"})
    keeping = Retention(parts(mine).registry.engine, parts(mine).worker.files)
    tenant = mine.get("/v1/whoami").json()["tenant"]
    ends = keeping.first_ends(rules.of(parts(mine).registry.engine, tenant))
    assert set(ends) == {"audio"}
    assert timedelta(days=6) < ends["audio"] - clock.now() <= timedelta(days=7)


@pytest.mark.parametrize("wrong", ["0", "36501", "ten", "-1"])
def test_a_number_that_is_refused_is_said_and_stays(mine: TestClient, wrong: str) -> None:
    for answer in (
        mine.get("/retention/change", params={"audio_days": wrong, "reports_days": "30"}),
        mine.post("/retention", data={"audio_days": wrong, "reports_days": "30"}),
    ):
        assert answer.status_code == 422 and 'role="alert"' in answer.text
        assert f'name="audio_days" min="1" max="36500" inputmode="numeric" value="{wrong}"' in answer.text
    assert mine.get("/v1/retention").json()["reports_days"] is None


def test_a_hold_is_placed_from_the_page_of_a_thing_and_released_behind_one_that_asks(
    mine: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = mine.post("/v1/cases", json={"subject": f"A song {EVIL}", "reason": "a call"}).json()["id"]
    assert f'href="/holds?kind=case&amp;id={case}"' in mine.get(f"/cases/{case}").text
    form = mine.get("/holds", params={"kind": "case", "id": case}).text
    assert 'value="case" required checked' in form and f'value="{case}"' in form
    mine.post("/holds", data={"kind": "case", "id": case, "reason": f"a suit {EVIL}"})
    (hold,) = mine.get("/v1/holds").json()["items"]
    listed = mine.get("/holds?state=in_force").text
    assert f'href="/cases/{case}"' in listed and f'href="/holds/{hold["id"]}"' in listed
    assert EVIL not in listed
    page = mine.get(f"/holds/{hold['id']}").text
    assert "ends with the next sweep" in page and EVIL not in page
    done = mine.post(f"/holds/{hold['id']}/release", data={"reason": "settled"})
    assert (done.status_code, done.url.path) == (200, "/holds")
    assert mine.get(f"/v1/holds/{hold['id']}").json()["released_reason"] == "settled"
    again = mine.post(f"/holds/{hold['id']}/release", data={"reason": "once more"})
    assert again.status_code == 409 and "released before" in again.text
    assert "Release the hold" not in again.text
    assert mine.get("/holds?state=in_force").text.count("Nothing is held") == 0


def test_what_a_hold_keeps_is_not_told_to_end(mine: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = audited(mine)["id"]
    mine.post("/holds", data={"kind": "audit", "id": audit, "reason": "a suit"})
    in_days(mine, 31, monkeypatch)
    assert "Nothing that is there today." in mine.get("/retention/change?reports_days=30").text


@pytest.mark.parametrize(
    ("told", "status", "says"),
    [
        ({"kind": "audit", "id": "nothing", "reason": "x"}, 404, "no audit nothing"),
        ({"kind": "planet", "id": "x", "reason": "x"}, 422, "kind"),
        ({"kind": "case", "id": "x"}, 422, "reason: something must be said"),
    ],
)
def test_a_hold_that_is_refused_is_said_and_what_was_typed_stays(
    mine: TestClient, told: dict[str, str], status: int, says: str
) -> None:
    answer = mine.post("/holds", data=told)
    assert answer.status_code == status and says in answer.text
    assert f'value="{told["id"]}"' in answer.text and mine.get("/v1/holds").json()["items"] == []


def test_another_tenants_hold_is_not_there(client: TestClient, mine: TestClient) -> None:
    case = mine.post("/v1/cases", json={"subject": "a song", "reason": "a call"}).json()["id"]
    hold = mine.post("/v1/holds", json={"kind": "case", "id": case, "reason": "a suit"}).json()["id"]
    headers = {**key(client, tenant="stranger"), "Accept": "text/html"}
    stranger = TestClient(client.app, base_url=URL, headers=headers)
    assert stranger.get(f"/holds/{hold}").status_code == 404
    assert stranger.post(f"/holds/{hold}/release", data={"reason": "x"}).status_code == 404
    assert stranger.post("/holds", data={"kind": "case", "id": case, "reason": "x"}).status_code == 404
    assert mine.get(f"/v1/holds/{hold}").json()["released_at"] is None


def test_everything_has_its_words() -> None:
    assert set(KEPT) == set(ENDS) == {"audio", "reports", "voices", "tagged"}
    assert {what for whats in ENDS.values() for what in whats} | {"batch"} == set(ENDED)
    assert set(THINGS) == {"audit", "case", "record", "artist"}
