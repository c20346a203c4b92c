"""A full disk is told as such, costs nobody a file, and is over when there is room again."""

import errno
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.errors import told
from api.jobs.files import JobFiles
from api.server import intake, multipart
from core.errors import CredentialsError, EncodeError, UnreadableAudio
from core.locked import LockedError
from tests.api.serving import ENGINES, GOOD, URL, fake_tag, finished, parts, serve

FULL = OSError(errno.ENOSPC, "No space left on device")
TRACK: dict[str, Any] = {"files": {"file": ("a.wav", GOOD)}, "data": {"title": "a", "owner": "b"}}


class Tagger:
    full = True

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        if self.full:
            raise EncodeError("cannot write the file") from FULL
        return fake_tag(*arguments, **options)


@pytest.fixture
def tagger() -> Tagger:
    return Tagger()


@pytest.fixture
def client(tmp_path: Path, tagger: Tagger) -> Iterator[TestClient]:
    with serve(tmp_path, replace(ENGINES, tagger=tagger)) as client:
        answers = TestClient(client.app, base_url=URL, raise_server_exceptions=False)
        answers.headers.update(client.headers)
        yield answers


def test_an_upload_without_room_is_to_be_sent_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_self: Any, _data: bytes) -> None:
        raise FULL

    with monkeypatch.context() as patch:
        patch.setattr(multipart._Reader, "write", write)
        refused = client.post("/v1/tracks", **TRACK)
    assert (refused.status_code, refused.json()["code"]) == (503, "disk-full")
    assert int(refused.headers["retry-after"]) >= 1
    assert list(parts(client).settings.uploads.iterdir()) == []


def test_a_job_without_room_keeps_its_file_for_another_try(client: TestClient, tagger: Tagger) -> None:
    where = client.post("/v1/tracks", **TRACK).headers["location"]
    ended = finished(client, where)
    assert (ended["state"], ended["problem"]["code"]) == ("failed", "disk-full")
    assert ended["audio_deleted_at"] is None
    tagger.full = False
    assert client.post(f"{where}/retry").status_code == 202
    assert finished(client, where)["state"] == "succeeded"


def test_a_disk_that_fills_refuses_files_before_jobs_need_the_room(
    client: TestClient, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger.full = False
    disk = shutil.disk_usage(parts(client).settings.outputs)
    with monkeypatch.context() as patch:
        patch.setattr("api.jobs.files.shutil.disk_usage", lambda _path: disk._replace(free=1000))
        refused = client.post("/v1/tracks", **TRACK)
        assert (refused.status_code, refused.json()["code"]) == (503, "disk-full")
        assert "retry-after" in refused.headers
    where = client.post("/v1/tracks", **TRACK).headers["location"]
    assert finished(client, where)["state"] == "succeeded"


def test_a_worker_takes_nothing_while_the_disk_is_full(
    client: TestClient, tagger: Tagger, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger.full = False
    worker = parts(client).worker
    looks = 0

    def full(_files: JobFiles) -> bool:
        nonlocal looks
        looks += 1
        return False

    with monkeypatch.context() as patch:
        patch.setattr(intake, "count_upload", lambda *_: None)
        patch.setattr(JobFiles, "has_room", full)
        where = client.post("/v1/tracks", **TRACK).headers["location"]
        before = looks
        while looks < before + 3:
            worker.wake()
            time.sleep(0.01)
        assert client.get(where).json()["state"] == "queued"
    assert finished(client, where)["state"] == "succeeded"


def test_whatever_failed_for_want_of_room_says_so_and_nothing_else_does() -> None:
    in_words = CredentialsError("signing failed")
    in_words.__cause__ = LockedError("C2paError: No space left on device (os error 28)")
    for error in (FULL, OSError(errno.EDQUOT, "quota"), in_words):
        assert told(error)["code"] == "disk-full"
    assert told(UnreadableAudio("No space left on device.wav: not audio"))["code"] == "unreadable-audio"
    assert told(OSError(errno.EACCES, "no"))["code"] == "internal"
