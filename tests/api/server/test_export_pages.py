"""Exports on pages: begun, followed, fetched with a digest to check, erased, for whoever may read them."""

import re
from hashlib import sha256

import pytest
from fastapi.testclient import TestClient

from api.jobs.exporting import WHATS as EVERY
from api.jobs.tables import MEDIA
from api.server.api_keys import Scope
from api.server.pages.exports import FORMS, WHATS
from tests.api.serving import URL, finished, key, serve


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    headers = {**key(client), "Accept": "text/html"}
    return TestClient(client.app, base_url=URL, headers=headers)


def test_an_export_is_begun_followed_fetched_and_erased(client: TestClient, browser: TestClient) -> None:
    client.post("/v1/cases", json={"subject": "a song", "reason": "a call"})
    begun = browser.post("/exports", data={"what": "cases", "format": "csv"}, follow_redirects=False)
    page = begun.headers["location"]
    assert begun.status_code == 303 and page.startswith("/exports/")
    finished(client, f"/v1{page}")
    ready = browser.get(page).text
    link = re.search(r'href="(/v1/exports/[^"]+/file)" download', ready)
    assert link is not None
    assert sha256(browser.get(link[1]).content).hexdigest() in ready and "sha256sum cases.csv" in ready
    assert page in browser.get("/exports").text
    done = browser.post(f"{page}/delete")
    assert (done.status_code, done.url.path) == (200, "/exports") and page not in done.text
    assert browser.get(link[1]).status_code == 404


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"format": "csv"}, "what"),
        ({"what": "keys"}, "what"),
        ({"what": "cases", "from": "soon"}, "is no day"),
        ({"what": "cases", "from": "2026-11-02", "to": "2026-11-01"}, "nothing could be found"),
    ],
)
def test_what_is_refused_is_said_and_what_was_typed_stays(
    browser: TestClient, told: dict[str, str], says: str
) -> None:
    answer = browser.post("/exports", data={"format": "jsonl", **told})
    assert answer.status_code == 422 and says in answer.text and 'role="alert"' in answer.text
    assert f'<option value="{told.get("format", "jsonl")}" selected>' in answer.text
    assert f'name="from" value="{told.get("from", "")}"' in answer.text


def test_whoever_may_not_read_a_kind_neither_begins_nor_sees_its_exports(client: TestClient) -> None:
    made = client.post("/v1/exports", json={"what": "records"}).json()["id"]
    headers = {**key(client, Scope.AUDITS_READ), "Accept": "text/html"}
    reader = TestClient(client.app, base_url=URL, headers=headers)
    form = reader.get("/exports").text
    assert 'value="records"' not in form and 'value="audits"' in form and made not in form
    assert reader.get(f"/exports/{made}").status_code == 403
    assert reader.post("/exports", data={"what": "records", "format": "csv"}).status_code == 403
    assert reader.post(f"/exports/{made}/delete").status_code == 403
    stranger = TestClient(client.app, base_url=URL, headers=key(client, tenant="stranger"))
    assert stranger.get(f"/exports/{made}").status_code == 404


def test_one_that_is_under_way_is_followed(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serve(tmp_path_factory.mktemp("idle"), run_jobs=False) as idle:
        page = idle.post("/exports", data={"what": "audits", "format": "csv"})
        assert page.status_code == 200 and 'data-job="/v1/exports/' in page.text
        assert "Waiting" in idle.get("/exports").text
        for _ in range(3):
            idle.post("/exports", data={"what": "audits", "format": "csv"})
        assert idle.post("/exports", data={"what": "audits", "format": "csv"}).status_code == 429


def test_everything_has_its_words() -> None:
    assert set(WHATS) == set(EVERY) and set(FORMS) == set(MEDIA)
