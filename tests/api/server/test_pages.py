"""The page signs in, escapes what strangers wrote, works without scripts, is not driven by other sites."""

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.server import pages
from core import clock
from tests.api.serving import BAD, GOOD, URL, audited, finished, key, parts

EVIL = "<img src=x onerror=alert(1)>\" 'x.wav"


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    """A browser after signing in: a cookie, no header."""
    secret = client.headers["Authorization"].removeprefix("Bearer ")
    made = TestClient(client.app, base_url=URL)
    assert made.post("/sign-in", data={"key": secret}).status_code == 200
    return made


def test_a_stranger_is_asked_for_a_key(client: TestClient) -> None:
    stranger = TestClient(client.app, base_url=URL)
    asked = stranger.get("/")
    assert asked.status_code == 401
    assert 'name="key"' in asked.text
    refused = stranger.post("/sign-in", data={"key": "tmk_wrong"})
    assert refused.status_code == 401
    assert stranger.cookies == {}


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: TestClient) -> None:
    secret = key(client)["Authorization"].removeprefix("Bearer ")
    answer = TestClient(client.app, base_url=URL).post(
        "/sign-in", data={"key": secret}, follow_redirects=False
    )
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_another_sites_form_does_nothing(browser: TestClient) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ):
        answer = browser.post("/audits", files={"file": ("a.wav", GOOD)}, headers=headers)
        assert answer.status_code == 403


def test_our_own_form_is_taken_although_it_tells_no_origin(browser: TestClient) -> None:
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    answer = browser.post("/audits", files={"file": ("a.wav", GOOD)}, headers=headers)
    assert answer.status_code == 200


def test_the_plain_form_leads_from_upload_to_findings(browser: TestClient) -> None:
    answer = browser.post("/audits", files={"file": ("song.wav", GOOD)}, data={"artist": ""})
    assert re.fullmatch(rf"{URL}/audits/[0-9a-f-]{{36}}", str(answer.url))
    finished(browser, f"/v1/audits/{answer.url.path.rsplit('/', 1)[1]}")
    page = browser.get(answer.url.path).text
    for words in (
        "Whose recording is it?",
        "Does it carry this registry&#39;s watermark?",
        "Are there traces of a machine?",
        "Signed report",
        "Where in the file",
    ):
        assert words in page


def test_a_bad_file_is_explained_on_a_page(browser: TestClient) -> None:
    answer = browser.post("/audits", files={"file": ("song.wav", BAD)})
    assert answer.status_code == 422
    assert "not readable audio" in answer.text


def test_a_browser_is_told_in_words(browser: TestClient, client: TestClient) -> None:
    asks = {"Accept": "text/html,*/*"}
    missing = browser.get("/nothing", headers=asks)
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    stranger = TestClient(client.app, base_url=URL).get("/audits/x", headers=asks)
    assert stranger.status_code == 401
    assert 'name="key"' in stranger.text
    assert browser.get("/v1/nothing", headers=asks).headers["content-type"] == "application/problem+json"


def test_text_of_strangers_is_escaped(client: TestClient, browser: TestClient) -> None:
    audit = audited(client, files={"file": (EVIL, GOOD)})
    assert audit["file"] == html.unescape(html.escape(audit["file"]))
    assert "<img" in audit["file"]
    for path in (f"/audits/{audit['id']}", "/"):
        page = browser.get(path).text
        assert "<img src=x" not in page
        assert html.escape(audit["file"], quote=False).split("&")[1] in page


def test_nothing_is_loaded_from_elsewhere(browser: TestClient, client: TestClient) -> None:
    audit = audited(client)
    for path in ("/", "/docs", f"/audits/{audit['id']}"):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert not re.search(r"""(src|href|action)=["'](https?:)?//""", answer.text)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "<script>" not in answer.text
        assert not re.search(r"<\w[^<>]*\son\w+=", answer.text)
        for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
            assert browser.get(asset).status_code == 200, asset


def test_audio_that_was_kept_can_be_heard_and_other_is_said_to_be_gone(
    client: TestClient, browser: TestClient
) -> None:
    kept, gone = audited(client, data={"retain": "true"}), audited(client)
    heard = browser.get(f"/v1/audits/{kept['id']}/sound", headers={"Range": "bytes=0-99"})
    assert (heard.status_code, heard.headers["content-type"]) == (206, "audio/mpeg")
    missing = browser.get(f"/v1/audits/{gone['id']}/sound")
    assert missing.status_code == 404 and "never made, or has been deleted" in missing.json()["detail"]
    assert "<audio" in browser.get(f"/audits/{kept['id']}").text
    page = browser.get(f"/audits/{gone['id']}").text
    assert "<audio" not in page
    assert "The audio was not kept" in page
    for audit in (kept, gone):
        drawn = browser.get(f"/v1/audits/{audit['id']}/spectrogram")
        assert drawn.content.startswith(b"\x89PNG")
        outline = browser.get(f"/v1/audits/{audit['id']}/outline").json()
        assert outline["duration_s"] == 2.0
        assert len(outline["low"]) == len(outline["high"]) > 1000
    assert client.delete(f"/v1/audits/{kept['id']}").status_code == 204
    assert browser.get(f"/v1/audits/{kept['id']}/sound").status_code == 404


def test_a_page_allows_styles_by_a_nonce_of_its_own(client: TestClient, browser: TestClient) -> None:
    path = f"/audits/{audited(client)['id']}"
    nonces = set()
    for _ in range(2):
        answer = browser.get(path)
        (nonce,) = re.findall(r'data-nonce="([^"]+)"', answer.text)
        assert f"'nonce-{nonce}'" in answer.headers["content-security-policy"]
        nonces.add(nonce)
    assert len(nonces) == 2


def test_the_colours_have_contrast() -> None:
    css = (Path(pages.__file__).parents[1] / "static" / "style.css").read_text()
    light, dark = css.split("@media screen and (prefers-color-scheme: dark)")[:2]
    for scheme in (light, dark.split("* {")[0]):
        colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", scheme))
        pairs = [
            ("ink", "page"),
            ("ink", "panel"),
            ("quiet", "page"),
            ("quiet", "panel"),
            ("brand", "panel"),
            ("on-brand", "brand"),
        ]
        pairs += [
            (tone, ground)
            for tone in ("good", "warn", "bad", "neutral")
            for ground in (f"{tone}-bg", "panel")
        ]
        for front, back in pairs:
            assert contrast(colour[front], colour[back]) >= 4.5, (front, back)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_ownership_status_has_words() -> None:
    from typing import get_args

    from api.audit.claims import OwnershipStatus
    from api.report import words

    assert set(get_args(OwnershipStatus)) == set(words.OWNERSHIP)


def test_a_running_audit_shows_its_progress(client: TestClient, browser: TestClient) -> None:
    audit = audited(client)
    books = parts(client).jobs
    from sqlalchemy import update

    from api import database
    from api.database.tables import Table

    jobs = Table.metadata.tables["jobs"]
    later = clock.now() + timedelta(days=1)  # or a sweep gives it back
    with database.writing(books._engine) as connection:
        connection.execute(
            update(jobs)
            .where(jobs.c.id == audit["id"])
            .values(state="running", result=None, progress=0.5, stage="music", leased_until=later)
        )
    page = browser.get(f"/audits/{audit['id']}").text
    assert 'value="50"' in page
    assert "noscript" in page
    with database.writing(books._engine) as connection:
        connection.execute(update(jobs).where(jobs.c.id == audit["id"]).values(state="succeeded", result={}))
