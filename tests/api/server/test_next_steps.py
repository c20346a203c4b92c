"""A page that says that a job has no result says what to do next."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api.errors import OURS, JobCancelled, JobExpired, SourceUnusable
from api.jobs.job import Job, Kind
from api.language import speaking
from api.server.pages.next_steps import next_step
from core.errors import AudioError, TrackmarkError
from detector.voice.errors import EnrolmentError
from tests.api.serving import URL, audited, key, parts

ENDINGS: tuple[type[TrackmarkError], ...] = (
    AudioError,
    *AudioError.__subclasses__(),
    JobCancelled,
    JobExpired,
    SourceUnusable,
    EnrolmentError,
)
KNOWN = sorted(OURS | {kind.code for kind in ENDINGS})


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    return TestClient(client.app, base_url=URL, headers={**key(client), "Accept": "text/html"})


@pytest.mark.parametrize("code", [*KNOWN, "of-a-later-release"])
def test_whatever_ended_a_job_its_page_says_what_to_do_in_both_languages(code: str) -> None:
    english = next_step(code)
    with speaking("de"):
        german = next_step(code)
    assert english.endswith(".") and german.endswith(".") and english != german


def test_a_file_that_nothing_reads_is_to_be_exported_again(
    client: TestClient, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _ended(client, monkeypatch, {"code": "unreadable-audio", "detail": "torn.wav: no part of it"})
    page = browser.get(address).text
    assert "What to do next" in page and "Export it again as WAV or FLAC" in page
    assert "Try again" not in page  # the same file would fail alike
    german = browser.get(address, headers={"Accept-Language": "de"}).text
    assert "So geht es weiter" in german and "als WAV oder FLAC" in german


def test_what_the_server_failed_at_is_tried_again_from_its_page(
    client: TestClient, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _ended(client, monkeypatch, {"code": "job-crashed", "detail": "the worker died of it 3 times"})
    page = browser.get(address).text
    field = f"one-{address.rsplit('/', 1)[1]}"
    assert "nothing is said about the audio" in page
    assert f'name="{field}"' in page and 'name="step" value="retry"' in page
    monkeypatch.undo()
    answer = browser.post("/audits/bulk", data={field: "true", "step": "retry"}).text
    assert "there is nothing to try again" in answer  # the form came to this audit, which did succeed


def _ended(client: TestClient, monkeypatch: pytest.MonkeyPatch, error: dict[str, str]) -> str:
    """The page of an audit that looks as if it had ended so."""
    job, real = audited(client), parts(client).jobs.get

    def failed(job_id: str, *, tenant: str, kind: Kind) -> Job:
        return replace(real(job_id, tenant=tenant, kind=kind), state="failed", result=None, error=error)

    monkeypatch.setattr(parts(client).jobs, "get", failed)
    return f"/audits/{job['id']}"
