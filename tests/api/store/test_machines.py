"""A server and a worker on machines of their own, with nothing in common but database, keys and the store."""

import hashlib
import json
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.backup import archive
from api.backup.restoring import restore
from api.jobs import worker as module
from api.jobs.books import Jobs
from api.jobs.job import Job
from api.jobs.sweep import UNFINISHED_S, Sweep
from api.jobs.work import perform
from api.jobs.worker import Worker
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from tests.api.serving import ENGINES, GOOD, parts, serve
from tests.stores import S3, full, well

TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@dataclass
class Machines:
    """A server that works on nothing, and a worker elsewhere."""

    client: TestClient
    worker: Worker
    elsewhere: Settings
    s3: S3

    def submit(self, **options: Any) -> str:
        """Enter an audit; returns its id."""
        answer = self.client.post("/v1/audits", **{"files": {"file": ("song.wav", GOOD)}, **options})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def job(self, job_id: str) -> Job:
        """A job as it stands."""
        found = parts(self.client).jobs.find(job_id)
        assert found is not None
        return found

    def here(self) -> list[str]:
        """Files in the folders of both machines."""
        folders = [parts(self.client).settings.uploads, parts(self.client).settings.outputs]
        folders += [self.elsewhere.uploads, self.elsewhere.outputs]
        return [path.name for folder in folders for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def machines(tmp_path: Path, s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.setattr(module, "AWAY_S", 0.01)
    with _machines(tmp_path, s3) as made:
        yield made


@contextmanager
def _machines(folder: Path, s3: S3) -> Iterator[Machines]:
    common: dict[str, Any] = {"store": s3.store, "database_url": f"sqlite:///{folder / 'common.db'}"}
    with serve(folder / "server", run_jobs=False, **common) as client:
        shutil.copytree(folder / "server" / "keys", folder / "worker" / "keys")
        settings = Settings(home=folder / "worker", shutdown_grace_s=0, **common)
        registry = Registry.open(settings)
        worker = Worker(settings, registry, Jobs(registry.engine), ENGINES)
        yield Machines(client, worker, settings, s3)
        worker.stop()
        registry.close()


def test_what_one_machine_receives_another_works_on(machines: Machines) -> None:
    client, s3 = machines.client, machines.s3
    audit = machines.submit(data={"retain": "true"})
    assert [s3.content(name) for name in s3.names()] == [GOOD] and machines.here() == []
    machines.worker.run(audit)
    assert machines.job(audit).state == "succeeded" and machines.here() == []
    where = f"/v1/audits/{audit}"
    report = client.get(f"{where}/report")
    assert report.status_code == 200 and json.loads(report.content)["payloadType"]
    digest = b64encode(hashlib.sha256(report.content).digest()).decode()
    assert report.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert report.headers["content-disposition"] == f'attachment; filename="{audit}.report.dsse.json"'
    assert (
        client.get(f"{where}/report", params={"format": "html"}).headers["content-type"].startswith("text/")
    )
    whole = client.get(f"{where}/sound").content
    for asked, part in (
        ("0-9", whole[:10]),
        ("10-", whole[10:]),
        ("-7", whole[-7:]),
        ("5-999999", whole[5:]),
    ):
        answer = client.get(f"{where}/sound", headers={"Range": f"bytes={asked}"})
        assert (answer.status_code, answer.content) == (206, part)
        assert answer.headers["repr-digest"] == client.head(f"{where}/sound").headers["repr-digest"]
    assert client.get(f"{where}/sound", headers={"Range": "bytes=999999-"}).status_code == 416
    assert client.get(f"{where}/spectrogram").status_code in (200, 404)
    assert "outline" in client.get(f"/audits/{audit}", headers={"Accept": "text/html"}).text
    assert client.delete(where).status_code == 204
    assert s3.names() == []


def test_audio_that_is_not_retained_is_erased_from_the_store(machines: Machines) -> None:
    audit = machines.submit()
    machines.worker.run(audit)
    assert machines.job(audit).audio_deleted_at is not None
    assert [name for name in machines.s3.names() if "/uploads/" in name] == []


def test_a_comparison_and_an_enrolment_find_all_their_files(machines: Machines) -> None:
    files = {"original": ("a.wav", GOOD), "suspect": ("b.wav", GOOD + b"b")}
    compared = machines.client.post("/v1/comparisons", files=files).json()["id"]
    assert len(machines.s3.names()) == 2
    machines.worker.run(compared)
    assert machines.job(compared).state == "succeeded"
    recordings = [("files", (f"{n}.wav", GOOD + bytes([n]))) for n in range(3)]
    sent = {"name": "A Singer", "consent": "by contract"}
    headers = {"Prefer": "respond-async"}
    answer = machines.client.post("/v1/artists", files=recordings, data=sent, headers=headers)
    enrolled = answer.json()["id"]
    machines.worker.run(enrolled)
    assert machines.job(enrolled).state == "succeeded"
    assert [name for name in machines.s3.names() if "/uploads/" in name] == []


def begun(machines: Machines) -> str:
    headers = {**TUS, "Upload-Length": str(len(GOOD)), "Upload-Metadata": "filename c29uZy53YXY="}
    return str(machines.client.post("/v1/uploads", headers=headers).headers["location"])


def test_a_complete_upload_lies_in_the_store(machines: Machines) -> None:
    client, where = machines.client, begun(machines)
    client.patch(where, content=GOOD[:5], headers={**PIECE, "Upload-Offset": "0"})
    assert machines.s3.names() == []
    done = client.patch(where, content=GOOD[5:], headers={**PIECE, "Upload-Offset": "5"})
    assert (done.status_code, done.headers["upload-offset"]) == (204, str(len(GOOD)))
    assert [machines.s3.content(name) for name in machines.s3.names()] == [GOOD] and machines.here() == []
    again = client.patch(where, content=b"", headers={**PIECE, "Upload-Offset": str(len(GOOD))})
    assert again.status_code == 204
    audits = [machines.submit(files={"upload_id": (None, where.rpartition("/")[2])}) for _ in range(2)]
    assert client.delete(where).status_code == 204
    for audit in audits:
        machines.worker.run(audit)
        assert machines.job(audit).state == "succeeded"


def test_a_last_piece_that_finds_no_store_is_kept_and_used_later(machines: Machines) -> None:
    client, where = machines.client, begun(machines)
    machines.s3.fault = full
    away = client.patch(where, content=GOOD, headers={**PIECE, "Upload-Offset": "0"})
    assert (away.status_code, away.json()["code"]) == (503, "store-unavailable")
    assert "is full" in away.json()["detail"] and int(away.headers["retry-after"]) >= 1
    assert client.head(where, headers=TUS).headers["upload-offset"] == str(len(GOOD))
    wish = {"upload_id": (None, where.rpartition("/")[2])}
    assert client.post("/v1/audits", files=wish).status_code == 503
    machines.s3.fault = well
    audit = machines.submit(files=wish)
    machines.worker.run(audit)
    assert machines.job(audit).state == "succeeded"
    assert machines.here() == []


def test_a_server_without_its_store_says_so_and_keeps_nothing(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = machines.client
    assert client.get("/readyz").status_code == 200
    for fault in (full, lambda _: ("403 Forbidden", "AccessDenied"), lambda _: ("503 Slow Down", "SlowDown")):
        machines.s3.fault = fault
        answer = client.post("/v1/audits", files={"file": ("song.wav", GOOD)})
        assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable"), answer.text
        assert int(answer.headers["retry-after"]) >= 1
        assert (
            machines.here() == [] and parts(client).jobs.newest(tenant="default", state=None, limit=1) == []
        )
    ready = client.get("/readyz")
    assert ready.status_code == 503 and "does not answer" in ready.json()["parts"]["store"]


def test_a_job_whose_store_is_away_waits_and_no_attempt_is_counted(machines: Machines) -> None:
    audit = machines.submit()
    machines.s3.fault = lambda _: ("503 Slow Down", "SlowDown")
    machines.worker.run(audit)
    assert (machines.job(audit).state, machines.job(audit).attempts) == ("queued", 0)
    machines.s3.fault = well
    machines.worker.run(audit)
    assert machines.job(audit).state == "succeeded"


def test_a_result_waits_for_a_full_store_and_its_work_is_not_done_again(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = machines.submit()
    done: list[int] = []
    refused: list[int] = []

    def once(*arguments: Any) -> Any:
        done.append(1)
        machines.s3.fault = twice
        return perform(*arguments)

    def twice(environ: dict[str, Any]) -> tuple[str, str] | None:
        found = full(environ) if len(refused) < 2 else None
        refused.extend([1] if found else [])
        return found

    monkeypatch.setattr(module, "perform", once)
    machines.worker.run(audit)
    assert machines.job(audit).state == "succeeded" and (len(done), len(refused)) == (1, 2)
    assert machines.client.get(f"/v1/audits/{audit}/report").status_code == 200


@pytest.mark.parametrize("lost", [True, False])
def test_audio_that_was_deleted_or_exchanged_in_the_store_is_not_audited(
    machines: Machines, lost: bool
) -> None:
    audit = machines.submit()
    (name,) = machines.s3.names()
    if lost:
        machines.s3.lose(name)
    else:
        machines.s3.change(name, b"another song")
    machines.worker.run(audit)
    job = machines.job(audit)
    assert job.state == "failed" and job.error is not None and job.error["code"] == "stored-file-lost"
    machines.s3.change(name, GOOD)  # as who restores the version that was stored
    assert machines.client.post(f"/v1/audits/{audit}/retry").status_code == 202
    machines.worker.run(audit)
    assert machines.job(audit).state == "succeeded"


def test_a_report_that_is_gone_is_not_found(machines: Machines) -> None:
    audit = machines.submit()
    machines.worker.run(audit)
    for name in machines.s3.names():
        machines.s3.lose(name)
    assert machines.client.get(f"/v1/audits/{audit}/report").status_code == 404


def test_a_sweep_erases_what_crashes_left_in_the_store(machines: Machines) -> None:
    waiting, done = machines.submit(data={"retain": "true"}), machines.submit()
    machines.worker.run(done)
    kept = machines.s3.names()
    job = machines.job(done)
    left = ("uploads/of-no-job", "outputs/no-job/1/report", f"outputs/{done}/{job.fence - 1}/report")
    for name in left:
        machines.s3.change(f"trackmark/{name}", b"left")
    worker = machines.worker

    def sweep(later_s: float) -> None:
        now = clock.now().timestamp() + later_s
        Sweep(worker._registry.engine, worker._leases, worker.files, machines.elsewhere, lambda: now).once()

    sweep(0)
    assert f"trackmark/{left[0]}" in machines.s3.names()  # it may be of an audit that is being entered
    sweep(UNFINISHED_S + 1)
    assert [name for name in machines.s3.names() if machines.s3.content(name) == b"left"] in (
        [],
        [f"trackmark/{left[2]}"],  # there was no attempt before the first
    )
    assert set(kept) <= set(machines.s3.names()) and machines.job(waiting).state == "queued"


def test_a_backup_holds_the_store_and_may_be_restored_with_or_without_one(
    machines: Machines, tmp_path: Path, s3: S3
) -> None:
    waiting, done = machines.submit(), machines.submit()
    machines.worker.run(done)
    begun(machines)
    settings = parts(machines.client).settings
    archive.make(settings, tmp_path / "backup")
    names = {name.removeprefix("trackmark/") for name in s3.names()}
    plain = Settings(home=tmp_path / "plain")
    restore(tmp_path / "backup", plain, nothing_later=True)
    assert all((plain.home / name).is_file() for name in names)
    other = Settings(home=tmp_path / "other", store=f"s3://{s3.bucket}/other")
    restore(tmp_path / "backup", other, nothing_later=True)
    assert {name.removeprefix("other/") for name in s3.names() if name.startswith("other/")} == names
    assert len(list(other.uploads.iterdir())) == 1  # the upload of which nothing has come
    registry = Registry.open(other)
    worker = Worker(other, registry, Jobs(registry.engine), ENGINES)
    worker.run(waiting)
    found = Jobs(registry.engine).find(waiting)
    assert found is not None and found.state == "succeeded"
    worker.stop()
    registry.close()
