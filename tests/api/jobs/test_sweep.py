"""What crashes leave behind is swept: uploads, half-made outputs, audio of ended jobs, voices in journals."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from api import database
from api.database.tables import Table
from api.jobs.batches import Batches
from api.jobs.entering import Idempotency
from api.jobs.files import JobFiles
from api.jobs.job import Job, Kind, Upload
from api.jobs.leases import Lease
from api.jobs.sweep import UNFINISHED_S, Sweep
from api.registry.registry import Registry
from api.settings import Settings
from api.uploads import Uploads
from core import clock
from tests.api.jobs.conftest import ATTEMPTS, LEASE_S, Queue
from tests.api.killing import Killed, killed_at

MASTER = b"an unreleased master"
NOW = 1_800_000_000.0
LOOKUP: Kind = "lookup"
AUDIT: Kind = "audit"
ENROLMENT: Kind = "enrolment"
_JOBS = Table.metadata.tables["jobs"]
_ARTISTS = Table.metadata.tables["artists"]


class Home:
    """A home after a crash."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.registry = Registry.open(settings)
        self.queue = Queue(self.registry.engine)
        self.files = JobFiles.of(settings)
        for folder in (settings.uploads, settings.outputs):
            folder.mkdir(parents=True)

    def sweep(self) -> Sweep:
        return Sweep(self.registry.engine, self.queue.leases, self.files, self.settings, lambda: NOW)

    def upload(self, name: str, age_s: float = 0) -> Path:
        path = self.settings.uploads / name
        path.write_bytes(MASTER)
        os.utime(path, (NOW - age_s, NOW - age_s))
        return path

    def enter(self, name: str, **request: object) -> Job:
        self.upload(name)
        return self.queue.jobs.create("audit", "default", Upload("a.wav", name, "ab" * 32, 4), request)[0]

    def take(self) -> Job:
        lease = self.queue.leases.take("worker")
        assert lease is not None
        return lease.job

    def take_this(self, job: Job) -> Lease:
        lease = self.queue.leases.take_this(job.id, "worker")
        assert lease is not None
        return lease

    def leave(self, job: Job, *names: str) -> None:
        folder = self.files.fresh_output(job)
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(MASTER)

    def left(self) -> set[str]:
        """Files in uploads and outputs, without jobs' ids."""
        paths = [path for path in self.settings.outputs.rglob("*") if path.is_file()]
        parts = {"/".join(path.relative_to(self.settings.outputs).parts[1:]) for path in paths}
        return parts | {path.name for path in self.settings.uploads.iterdir()}


@pytest.fixture
def at(home: Path, database_url: str) -> Iterator[Home]:
    made = Home(Settings(home=home, database_url=database_url))
    yield made
    made.registry.close()


def test_uploads_that_no_process_receives_any_more_are_deleted_at_once(at: Home) -> None:
    at.upload("partial")
    at.enter("waiting")
    at.sweep().uploads()
    assert at.left() == {"waiting"}


def test_while_a_process_receives_only_old_uploads_are_deleted(at: Home) -> None:
    serving = at.sweep()
    serving.uploads()
    serving.spare_uploads()
    at.upload("arriving", age_s=UNFINISHED_S - 1)
    at.upload("left", age_s=UNFINISHED_S + 1)
    at.enter("waiting")
    at.upload("waiting", age_s=10 * UNFINISHED_S)
    for sweep in (serving, at.sweep()):
        sweep.uploads()
        assert at.left() == {"arriving", "waiting"}
    serving.close()
    at.sweep().uploads()
    assert at.left() == {"waiting"}


def test_what_a_sweep_takes_for_the_rows_of_a_batch_is_no_leftover_to_another(
    at: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    spared: list[bool] = []

    def take(_batches: Batches) -> None:
        taken = at.upload("taken")
        at.sweep().uploads()
        spared.append(taken.exists())

    monkeypatch.setattr(Batches, "go_on", take)
    at.sweep().once()
    assert spared == [True]
    assert at.left() == set()  # no row has it


def test_an_upload_that_waits_is_spared_until_it_expires_and_so_is_what_a_job_takes_of_it(at: Home) -> None:
    uploads = Uploads.of(at.registry.engine, at.settings)
    upload = uploads.create("default", len(MASTER), "a.wav", "")
    with uploads.appending(upload.id, "default") as writer:
        writer.write(MASTER, whole=False)
        writer.keep()
    os.utime(at.settings.uploads / upload.stored, (1, 1))
    serving = Sweep(at.registry.engine, at.queue.leases, at.files, at.settings)
    serving.spare_uploads()
    _, taken = uploads.handed_on(upload.id, "default")  # of an old file, for a job that comes in a moment
    serving.uploads()
    assert at.left() == {upload.stored, taken}
    serving.close()
    at.sweep().once()
    assert at.left() == {upload.stored}
    with pytest.MonkeyPatch.context() as patch:
        late = clock.now() + timedelta(hours=at.settings.upload_expiry_hours, seconds=1)
        patch.setattr(clock, "now", lambda: late)
        at.sweep().once()
    assert at.left() == set()


@pytest.mark.parametrize("attempt", ["first", "last"])
def test_what_a_killed_attempt_left_is_deleted_once_its_lease_is_out(at: Home, attempt: str) -> None:
    at.enter("song")
    for _ in range(1 if attempt == "first" else ATTEMPTS):
        at.leave(at.take(), ".trackmark-x/marked.wav", "tagged.wav")
        at.sweep().once()
        assert len(at.left()) == 3  # it is running
        at.queue.pass_s(LEASE_S + 1)
    at.sweep().once()
    assert at.left() == {"song"}  # after the last attempt, too: it may be tried again by hand


def test_of_a_result_only_the_result_stays(at: Home) -> None:
    job = at.enter("song")
    at.leave(at.take(), "report")
    at.queue.pass_s(LEASE_S + 1)
    lease = at.queue.leases.take("other")
    assert lease is not None
    at.leave(lease.job, "report", ".trackmark-y/half")
    late = at.settings.outputs / job.id / "1"  # the first comes back
    late.mkdir()
    (late / "report").write_bytes(MASTER)
    at.queue.leases.succeed(lease, {})
    at.sweep().once()
    assert at.left() == {"2/report"}
    assert at.queue.now(job).audio_deleted_at is not None


def test_outputs_of_no_job_are_deleted_and_those_of_an_earlier_release_stay(at: Home) -> None:
    job = at.enter("song")
    at.leave(at.take(), "report")
    at.queue.jobs.delete(job.id, tenant="default", kind="audit")
    old = at.enter("old")
    with at.registry.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET state = 'succeeded', finished_at = created_at"))
    (at.settings.outputs / old.id).mkdir()
    (at.files.output(old) / "report").write_bytes(b"signed")
    at.sweep().once()
    assert at.left() == {"report"}


def test_audio_is_kept_for_another_try_and_then_deleted(at: Home) -> None:
    failed, retained = at.enter("failed"), at.enter("retained", retain=True)
    for job in (failed, retained):
        lease = at.queue.leases.take_this(job.id, "worker")
        assert lease is not None
        at.queue.leases.fail(lease, {"code": "internal", "status": 500})
    bad = at.enter("bad")
    lease = at.queue.leases.take_this(bad.id, "worker")
    assert lease is not None
    at.queue.leases.fail(lease, {"code": "unreadable-audio", "status": 422})
    at.sweep().once()
    assert at.left() == {"failed", "retained"}
    with pytest.MonkeyPatch.context() as patch:
        late = clock.now() + timedelta(hours=at.settings.retry_hours, seconds=1)
        patch.setattr(clock, "now", lambda: late)
        at.sweep().once()
    assert at.left() == {"retained"}
    assert at.queue.now(failed).audio_deleted_at is not None


def test_a_sweep_that_is_killed_anywhere_is_done_by_the_next(at: Home) -> None:
    number, last = 0, False
    while not last:
        number += 1
        at.upload("partial")
        ended, waiting = at.enter(f"ended-{number}"), at.enter(f"waiting-{number}")
        lease = at.queue.leases.take_this(ended.id, "worker")
        assert lease is not None
        at.leave(lease.job, ".trackmark-x/half", "report")
        at.queue.leases.succeed(lease, {})
        with killed_at(at.registry.engine, number):
            try:
                at.sweep().once()
                last = True
            except Killed:
                pass
        at.sweep().once()
        assert at.left() == {"1/report", waiting.request["stored"]}, number
        at.queue.jobs.delete(waiting.id, tenant="default", kind="audit")
    assert number > 5


def test_an_erased_voice_is_in_no_file_however_its_erasure_was_killed(home: Path) -> None:
    """SQLite keeps what was erased in its journal, until a sweep empties it."""
    at, number, last = Home(Settings(home=home)), 0, False
    while not last:
        number += 1
        at.registry.artists.enrol("Ada", f"the voice of number {number} ".encode() * 40)
        with database.reading(at.registry.engine) as connection:
            stored = bytes(connection.execute(select(_ARTISTS.c.voiceprint)).scalar_one())
        with killed_at(at.registry.engine, number):
            try:
                at.registry.artists.remove("Ada")
                last = True
            except Killed:
                pass
        if at.registry.artists.listed():
            at.registry.artists.remove("Ada")
        at.sweep().once()
        left = b"".join(path.read_bytes() for path in home.glob("trackmark.db*"))
        assert stored[-200:] not in left, number
    at.registry.close()


def test_every_recording_of_an_enrolment_that_waits_is_spared(at: Home) -> None:
    at.upload("second")
    at.upload("nobody's")
    at.upload("first")
    file = Upload("a.wav", "first", "ab" * 32, 4)
    at.queue.jobs.create("enrolment", "default", file, {"name": "Ada", "also_stored": ["second"]})
    at.sweep().uploads()
    assert at.left() == {"first", "second"}


def test_brief_jobs_that_made_nothing_are_forgotten_after_a_day(at: Home) -> None:
    file, once = Upload("a", "a", "ab" * 32, 1), Idempotency("k", "d", timedelta(days=9))
    made = {
        name: at.queue.jobs.create(kind, "default", file, {"name": name}, once if name == "old" else None)[0]
        for name, kind in (("old", LOOKUP), ("new", LOOKUP), ("kept", AUDIT), ("enrolled", ENROLMENT))
    }
    for name in ("old", "new", "kept"):
        at.queue.jobs.cancel(made[name].id, tenant="default", kind=made[name].kind)
    at.queue.leases.succeed(at.take_this(made["enrolled"]), {"artist_id": "ab"})
    with database.writing(at.registry.engine) as connection:
        old = [made[name].id for name in ("old", "kept", "enrolled")]
        connection.execute(
            update(_JOBS).where(_JOBS.c.id.in_(old)).values(finished_at=clock.now() - timedelta(hours=25))
        )
    at.sweep().told()
    assert {name for name, job in made.items() if at.queue.jobs.find(job.id)} == {"new", "kept", "enrolled"}
    assert at.queue.jobs.create("lookup", "default", file, {}, once)[1], "its request is forgotten, too"
