"""Keys on pages: made, shown once, handed over and revoked; lists are kept as tables."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.lists import query
from api.server.api_keys import Scope
from api.server.pages import tables
from tests.api.serving import GOOD, URL, audited, key, parts, register

EVIL = "=cmd|'/C calc'!A0"


@pytest.fixture
def browser(client: TestClient) -> Iterator[TestClient]:
    """A browser after signing in: a cookie, no header."""
    secret = client.headers["Authorization"].removeprefix("Bearer ")
    made = TestClient(client.app, base_url=URL)
    made.post("/sign-in", data={"key": secret})
    yield made


def secret_of(page: str) -> str:
    found = re.search(r'class="secret">(tmk_[^<]+)<', page)
    assert found is not None, page
    return found[1]


def works(client: TestClient, secret: str) -> bool:
    stranger = TestClient(client.app, base_url=URL)
    return stranger.get("/v1/whoami", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_a_key_is_made_and_its_secret_shown_once(client: TestClient, browser: TestClient) -> None:
    sent = {"name": "Studio <b>", "scope-audits:read": "true", "expires_on": "2099-12-31"}
    answer = browser.post("/keys", data=sent)
    secret = secret_of(answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert works(client, secret)
    shown = browser.get("/keys").text
    assert secret not in shown and secret[:12] in shown
    assert "Studio &lt;b&gt;" in shown and "2100-01-01 00:00 UTC" in shown
    made = next(one for one in parts(client).keys.keys("default") if one.name == "Studio <b>")
    assert made.scopes == ("audits:read",)


def test_what_is_missing_is_said_and_what_was_written_stays(browser: TestClient) -> None:
    answer = browser.post("/keys", data={"name": "Half a form"})
    assert answer.status_code == 422
    assert "choose at least one thing" in answer.text and 'value="Half a form"' in answer.text
    past = browser.post("/keys", data={"name": "x", "scope-admin": "true", "expires_on": "2001-01-01"})
    assert past.status_code == 422 and "past" in past.text
    assert (
        browser.post("/keys", data={"name": "x", "scope-admin": "1", "expires_on": "soon"}).status_code == 422
    )


def test_a_key_is_handed_over_with_an_overlap(client: TestClient, browser: TestClient) -> None:
    old = parts(client).keys.create("mixer", frozenset({Scope.AUDITS_READ}))
    new = secret_of(browser.post(f"/keys/{old.info.id}/rotate", data={"overlap_s": "3600"}).text)
    assert works(client, new) and works(client, old.secret)
    replaced = parts(client).keys.find(old.info.id)
    assert replaced.expires_at is not None
    newer = parts(client).keys.keys("default")[-1]
    newest = secret_of(browser.post(f"/keys/{newer.id}/rotate", data={"overlap_s": "0"}).text)
    assert works(client, newest) and not works(client, new)


def test_a_key_is_revoked_and_the_last_admin_stays(client: TestClient, browser: TestClient) -> None:
    made = parts(client).keys.create("gone", frozenset({Scope.AUDITS_READ}))
    assert "Revoked" in browser.post(f"/keys/{made.info.id}/revoke").text
    assert not works(client, made.secret)
    lonely = parts(client).keys.create("only", frozenset({Scope.ADMIN}), tenant="lonely")
    alone = TestClient(client.app, base_url=URL, headers={"Authorization": f"Bearer {lonely.secret}"})
    refused = alone.post(f"/keys/{lonely.info.id}/revoke")
    assert refused.status_code == 409 and "the last admin key" in refused.text
    assert works(client, lonely.secret)


def test_keys_of_another_tenant_are_out_of_reach(client: TestClient, browser: TestClient) -> None:
    theirs = parts(client).keys.create("theirs", frozenset({Scope.AUDITS_READ}), tenant="other")
    assert browser.post(f"/keys/{theirs.info.id}/revoke").status_code == 404
    assert browser.post(f"/keys/{theirs.info.id}/rotate", data={"overlap_s": "0"}).status_code == 404
    assert "theirs" not in browser.get("/keys").text
    assert works(client, theirs.secret)


def test_whoever_is_no_admin_is_refused(client: TestClient) -> None:
    reader = TestClient(client.app, base_url=URL, headers=key(client, Scope.AUDITS_READ))
    assert reader.get("/keys").status_code == 403
    settings = reader.get("/settings").text
    assert "/policies" in settings and 'href="/keys"' not in settings and 'href="/webhooks"' not in settings


def test_settings_tell_whether_the_service_is_in_order(client: TestClient, browser: TestClient) -> None:
    assert browser.get("/settings").text.count("in order") == 3


def table(browser: TestClient, address: str) -> list[dict[str, Any]]:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text[1:])))


def test_a_table_holds_every_page_of_what_the_filters_show(
    client: TestClient, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_PAGE", 2)
    names = {f"take {number}.wav" for number in range(5)}
    for name in [*names, "other.wav"]:
        audited(client, files={"file": (name, GOOD)})
    assert {row["file"] for row in table(browser, "/audits.csv?q=take")} == names
    found = table(browser, "/audits.csv?q=take&decision=reject")
    assert found == []
    every = table(browser, "/audits.csv")
    assert {"decision", "rules", "received"} <= every[0].keys() and len(every) > len(names)
    assert query.MAX_PAGE == 200


def test_a_spreadsheet_runs_nothing_of_a_table(client: TestClient, browser: TestClient) -> None:
    register(parts(client).registry, title=EVIL)
    row = next(one for one in table(browser, "/records.csv") if EVIL in one["title"])
    assert row["title"] == f"'{EVIL}"
    client.post("/v1/cases", json={"subject": EVIL, "reason": "a call"}).raise_for_status()
    client.post("/v1/notices", json={"form": "dmca", "elements": {"material": EVIL}}).raise_for_status()
    assert f"'{EVIL}" in {one["about"] for one in table(browser, "/cases.csv")}
    assert f"'{EVIL}" in {one["material"] for one in table(browser, "/notices.csv")}


def test_a_search_that_says_nothing_is_refused_before_anything_is_sent(browser: TestClient) -> None:
    assert browser.get("/audits.csv?q=%3F").status_code == 422


def test_tables_keep_tenants_apart(client: TestClient) -> None:
    headers = key(client, tenant="stranger")
    stranger = TestClient(client.app, base_url=URL, headers=headers)
    for name in ("audits", "records", "cases", "notices"):
        assert table(stranger, f"/{name}.csv") == []
