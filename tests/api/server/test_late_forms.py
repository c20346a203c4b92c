"""A form whose sender was signed in no more: what it said is kept on the page that asks to sign in."""

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient

from api.server.late_forms import MOST_BYTES
from tests.api.serving import URL, key

EVIL = "<img src=x onerror=alert(1)>"
OURS = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def late(client: TestClient) -> TestClient:
    """A browser whose session has ended."""
    return TestClient(client.app, base_url=URL, headers=OURS)


def offered(page: str) -> tuple[str, dict[str, str]]:
    """Where the kept form goes, and what it says."""
    form = page.partition('class="actions" method="post" action="')[2].partition("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="(.*?)" value="(.*?)">', form, re.DOTALL)
    return form.partition('"')[0], {name: unescape(value) for name, value in fields}


def test_what_was_written_is_sent_once_its_writer_is_signed_in_again(
    client: TestClient, late: TestClient
) -> None:
    wrote = {"subject": f"a song {EVIL}", "reason": "line one\nline two & more"}
    answer = late.post("/cases", data=wrote)
    assert answer.status_code == 401 and answer.headers["Cache-Control"] == "no-store"
    assert "What you wrote is kept" in answer.text and EVIL not in answer.text
    assert 'action="/sign-in" target="_blank"' in answer.text
    assert offered(answer.text) == ("/cases", wrote)
    secret = key(client)["Authorization"].removeprefix("Bearer ")
    late.post("/sign-in", data={"key": secret})
    place, said = offered(answer.text)
    done = late.post(place, data=said)
    assert done.status_code == 200 and "a song" in done.text and done.url.path.startswith("/cases/")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": URL},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_what_another_site_sends_is_not_shown_again(client: TestClient, headers: dict[str, str]) -> None:
    stranger = TestClient(client.app, base_url=URL, headers={"Accept": "text/html", **headers})
    answer = stranger.post("/cases", data={"subject": "planted", "reason": "planted"})
    assert answer.status_code in (401, 403) and "planted" not in answer.text


def test_files_long_forms_and_pages_that_are_only_read_keep_nothing(late: TestClient) -> None:
    long = late.post("/cases", data={"subject": "a song", "reason": "x" * MOST_BYTES})
    files = late.post("/audits", files={"file": ("a.wav", b"RIFF")}, data={"artist": "Ada"})
    for answer in (long, files, late.get("/cases"), late.post("/cases", data={})):
        assert answer.status_code == 401 and "What you wrote is kept" not in answer.text


def test_the_api_answers_as_before(late: TestClient) -> None:
    answer = late.post("/v1/cases", data={"subject": "a song"})
    assert answer.status_code == 401 and answer.json()["code"] == "unauthorized"
