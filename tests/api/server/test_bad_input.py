"""Files that break decoders, through the API: a problem with a code, or an audit that says what it lacks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from scipy.io import wavfile

from api.audit.engines import product_engines
from api.server.answers import status_of
from api.settings import Settings
from core.errors import AudioError
from tests.api.serving import ENGINES, GOOD, finished, parts, register, serve
from tests.hostile import ACCEPTED, REFUSED


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("home")
    real = product_engines(Settings(home=home)).decoder  # the models are stand-ins
    with serve(home, replace(ENGINES, decoder=real)) as client:
        yield client


@pytest.mark.parametrize("flaw", REFUSED)
def test_a_file_that_is_no_audio_is_refused_with_its_code(client: TestClient, flaw: str) -> None:
    build, error = REFUSED[flaw]
    answer = client.post("/v1/audits", files={"file": (flaw, build())})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["code"]) == (status_of(error()), error.code)
    assert 400 <= answer.status_code < 500
    assert problem["detail"]
    assert list(parts(client).settings.uploads.iterdir()) == []


@pytest.mark.parametrize("flaw", ACCEPTED)
def test_an_odd_but_valid_file_is_audited(client: TestClient, flaw: str) -> None:
    answer = client.post("/v1/audits", files={"file": (flaw, ACCEPTED[flaw]())})
    assert answer.status_code == 202, answer.text
    done = finished(client, answer.headers["location"])
    assert done["state"] == "succeeded"
    if flaw in ("silent.wav", "one-sample.wav"):
        assert done["findings"]["checks"]["music"] == "inconclusive"
        assert any("inconclusive" in warning for warning in done["findings"]["warnings"])


def test_bad_files_harm_nothing_that_is_stored(client: TestClient) -> None:
    registry = parts(client).registry
    made, before = register(registry), registry.log.checkpoint()
    for build, _ in (REFUSED["zip.wav"], REFUSED["nan.wav"], REFUSED["riff-bomb.wav"]):
        assert client.post("/v1/audits", files={"file": ("x.wav", build())}).status_code == 422
    assert registry.log.checkpoint() == before
    assert client.get(f"/v1/records/{made.record_id}").json()["problem"] is None


def test_a_decoder_error_inside_a_job_is_the_jobs_problem(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AudioError("it broke later")

    monkeypatch.setattr("api.jobs.work.audit", refuse)
    answer = client.post("/v1/audits", files={"file": ("a.wav", ACCEPTED["silent.wav"]())})
    done = finished(client, answer.headers["location"])
    assert (done["state"], done["problem"]["code"]) == ("failed", "unusable-audio")
    assert client.get(f"/v1/audits/{done['id']}/report").status_code == 422


def test_what_a_look_cannot_see_is_the_jobs_problem_with_the_same_code(
    client: TestClient, tmp_path: Path
) -> None:
    """The request decodes the first seconds only."""
    wav = np.zeros(60 * 8000, np.float32)
    wav[-1] = np.nan
    wavfile.write(tmp_path / "late.wav", 8000, wav)
    answer = client.post("/v1/audits", files={"file": ("late.wav", (tmp_path / "late.wav").read_bytes())})
    assert answer.status_code == 202
    done = finished(client, answer.headers["location"])
    assert (done["state"], done["problem"]["code"]) == ("failed", "invalid-samples")
    report = client.get(f"/v1/audits/{done['id']}/report")
    assert (report.status_code, report.json()["code"]) == (422, "invalid-samples")


def test_hostile_names_stay_inside_the_folder(client: TestClient) -> None:
    for name in (
        *("../../etc/passwd", "..\\..\\boot.ini", "a\x00b.wav", "x" * 3000 + ".wav", "\u202egnp.exe"),
        *("..", "a/..", ". .", " "),
    ):
        answer = client.post("/v1/audits", files={"file": (name, ACCEPTED["silent.wav"]())})
        assert answer.status_code == 202, answer.text
        shown = answer.json()["file"]
        assert len(shown) <= 200
        assert not set("/\\\x00\u202e") & set(shown) and set(shown) - set(". ")
        finished(client, answer.headers["location"])
    assert GOOD not in {path.read_bytes() for path in parts(client).settings.home.glob("*.wav")}
