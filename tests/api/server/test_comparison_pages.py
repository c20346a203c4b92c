"""Comparisons on pages: names are escaped, what was erased is said, a track stands beside an audit."""

import html
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from provenance.fingerprint import extract
from tests.api.compare import pairs
from tests.api.serving import URL, audited, blank_record, finished, key, parts, serve

EVIL = "<img src=x onerror=alert(1)>.wav"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with serve(tmp_path_factory.mktemp("home"), pairs.engines()) as client:
        yield client


@pytest.fixture
def browser(client: TestClient) -> Iterator[TestClient]:
    """A browser after signing in: a cookie, no header."""
    secret = client.headers["Authorization"].removeprefix("Bearer ")
    made = TestClient(client.app, base_url=URL)
    made.post("/sign-in", data={"key": secret})
    yield made


def compared(client: TestClient, browser: TestClient, original: bytes, suspect: bytes, **data: str) -> str:
    """The page of a comparison that was begun by the form and has ended."""
    files = {"original": (EVIL, original), "suspect": ("copy.wav", suspect)}
    begun = browser.post("/comparisons", files=files, data=data)
    assert begun.status_code == 200, begun.text
    finished(client, f"/v1{begun.url.path}")
    return browser.get(begun.url.path).text


def test_a_page_tells_the_stretch_and_escapes_the_name(client: TestClient, browser: TestClient) -> None:
    page = compared(client, browser, pairs.SONG, pairs.COPY, retain="true")
    assert "One stretch matches" in page and "<img src=x" not in page and html.escape(EVIL) in page
    assert page.count("<audio") == 2 and page.count('class="sound"') == 2
    for form in ("html", "pdf", "dsse"):
        assert f"/report?format={form}" in page
    address = re.search(r"/v1/comparisons/[^\"?]+/report\?format=html", page)
    assert address is not None
    report = browser.get(address[0]).text
    assert "data:image/png;base64," in report
    listed = browser.get("/comparisons").text
    assert "<img src=x" not in listed and "One stretch matches" in listed


def test_audio_that_was_not_kept_is_said_to_be_gone(client: TestClient, browser: TestClient) -> None:
    page = compared(client, browser, pairs.SONG, pairs.OTHER)
    assert "<audio" not in page and page.count("its picture remains") == 2
    assert "No match found" in page and "does not show that they are different works" in page


def test_what_failed_says_why_on_its_page(client: TestClient, browser: TestClient) -> None:
    assert "The suspect: not audio" in compared(client, browser, pairs.SONG, pairs.BAD)


def test_a_missing_file_is_told(browser: TestClient) -> None:
    answer = browser.post("/comparisons", files={"original": ("a.wav", pairs.SONG)})
    assert answer.status_code == 422 and "suspect" in answer.text


def test_an_audit_stands_beside_the_track_that_is_heard_in_it(
    client: TestClient, browser: TestClient
) -> None:
    registry = parts(client).registry
    made = registry.records.register(
        blank_record(registry, title="The <Song>"), extract(pairs.heard(pairs.SONG), pairs.RATE)
    )
    audit = audited(client, files={"file": ("copy.wav", pairs.COPY)})
    address = f"/audits/{audit['id']}/tracks/{made.record_id}"
    assert f'href="{address}"' in browser.get(f"/audits/{audit['id']}").text
    page = browser.get(address).text
    assert "The &lt;Song&gt;" in page and "One stretch matches" in page
    assert "at 1.06 times its speed" in page
    assert "/report?format" not in page  # the audit has its own
    assert "its fingerprint is kept, its audio is not" in page and f'href="/records/{made.record_id}"' in page
    assert browser.get(f"/audits/{audit['id']}/tracks/{'0' * 16}").status_code == 404
    stranger = TestClient(client.app, base_url=URL, headers=key(client, tenant="stranger"))
    assert stranger.get(address).status_code == 404
