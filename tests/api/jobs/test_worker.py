"""A worker: stops in order, gives up what hangs, lets go of what it lost, and waits for its database."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from api.audit.engines import product_engines
from api.jobs.job import Job, Kind, Upload
from api.jobs.work import Context
from api.jobs.worker import Worker
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import UnreadableAudio
from core.priority import BACKLOG, WORK
from tests.api.jobs.conftest import LEASE_S, Queue

MINE: Any = {"tenant": "default", "kind": "audit"}


@dataclass
class Workshop:
    """A home with its books, in which a test says what a job does."""

    settings: Settings
    queue: Queue
    registry: Registry
    workers: list[Worker] = field(default_factory=list)
    held: list["Held"] = field(default_factory=list)
    ticks: float = 0.0

    def worker(self) -> Worker:
        """A worker that was not started: it takes nothing by itself."""
        made = Worker(
            self.settings,
            self.registry,
            self.queue.jobs,
            product_engines(self.settings),
            leases=self.queue.leases,
            ticks=lambda: self.ticks,
        )
        self.workers.append(made)
        return made

    def enter(self, kind: Kind = "audit", **request: object) -> Job:
        """A job with its upload."""
        self.settings.uploads.mkdir(parents=True, exist_ok=True)
        name = f"{len(list(self.settings.uploads.iterdir()))}.wav"
        (self.settings.uploads / name).write_bytes(b"RIFF unreleased")
        return self.queue.jobs.create(kind, "default", Upload("a.wav", name, "ab" * 32, 4), request)[0]

    def has_audio(self, job: Job) -> bool:
        """Whether the upload is still there."""
        return self.workers[0].files.has_upload(job)


@pytest.fixture
def shop(database_url: str, home: Path) -> Iterator[Workshop]:
    settings = Settings(home=home, database_url=database_url, shutdown_grace_s=0, lease_s=LEASE_S)
    registry = Registry.open(settings)
    made = Workshop(settings, Queue(registry.engine), registry)
    yield made
    for held in made.held:
        held.go_on.set()
    for worker in made.workers:
        worker.stop()
    for thread in threading.enumerate():
        if thread.name.startswith("job "):
            thread.join()
    registry.close()


def does(monkeypatch: pytest.MonkeyPatch, work: Callable[[Context], dict[str, Any]]) -> None:
    """Say what every job does."""
    monkeypatch.setattr("api.jobs.worker.perform", lambda _engines, context: work(context))


def test_a_job_is_done_and_its_audio_erased(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(context: Context) -> dict[str, Any]:
        assert context.source.read_bytes() == b"RIFF unreleased"
        (context.output / "report").write_text("found")
        return {"found": 1}

    does(monkeypatch, work)
    job, worker = shop.enter(), shop.worker()
    worker.run(job.id)
    done = shop.queue.now(job)
    assert (done.state, done.result) == ("succeeded", {"found": 1})
    assert done.audio_deleted_at is not None
    assert not shop.has_audio(job)
    assert (worker.files.output(done) / "report").read_text() == "found"
    worker.run(job.id)  # it has ended
    assert shop.queue.now(job) == done


@dataclass
class Held:
    """A job that waits in the middle of its work until the test lets it go on."""

    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def __call__(self, context: Context) -> dict[str, Any]:
        try:
            context.progress("music", 0.5)
            (context.output / "unreleased").write_text("half")
            self.reached.set()
            assert self.go_on.wait()
            context.progress("voice", 0.7)
            return {"by": context.job.fence}
        finally:
            self.ended.set()


def in_hand(shop: Workshop, monkeypatch: pytest.MonkeyPatch, worker: Worker) -> tuple[Job, Held]:
    """A job that a worker is in the middle of."""
    held = Held()
    shop.held.append(held)
    does(monkeypatch, held)
    job = shop.enter()
    worker._take_jobs()
    assert held.reached.wait()
    return job, held


def test_three_orderly_stops_leave_the_job_queued_with_its_audio(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, held = in_hand(shop, monkeypatch, shop.worker())
    threads = [thread for thread in threading.enumerate() if thread.name == f"job {job.id}"]
    shop.workers[-1].stop()
    for _ in range(3):
        waiting = shop.queue.now(job)
        assert (waiting.state, waiting.attempts, waiting.error) == ("queued", 0, None)
        assert shop.has_audio(job)
        again = Held()
        shop.held.append(again)
        does(monkeypatch, again)
        worker = shop.worker()
        worker._take_jobs()
        assert again.reached.wait()
        worker.stop()
        again.go_on.set()
    held.go_on.set()
    for thread in threads:
        thread.join()
    does(monkeypatch, lambda context: {"by": context.job.fence})
    shop.worker().run(job.id)
    done = shop.queue.now(job)
    assert (done.state, done.result, done.attempts) == ("succeeded", {"by": 5}, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere niceness is the whole process's")
def test_a_job_yields_to_requests_and_one_of_many_to_everybody(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []

    def work(_context: Context) -> dict[str, Any]:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return {}

    does(monkeypatch, work)
    here, worker = os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), shop.worker()
    jobs = [shop.enter(), shop.enter()]
    for job in jobs:  # one place: the first is taken while the other waits
        worker._take_jobs()
        for thread in threading.enumerate():
            if thread.name == f"job {job.id}":
                thread.join()
    assert found == [max(BACKLOG, here), max(WORK, here)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == here


def test_what_ends_within_the_grace_is_not_given_back(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.settings = shop.settings.model_copy(update={"shutdown_grace_s": 60})
    worker = shop.worker()
    job, held = in_hand(shop, monkeypatch, worker)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    held.go_on.set()
    stopping.join()
    assert shop.queue.now(job).state == "succeeded"


def test_a_hung_worker_comes_back_to_nothing(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    hung = shop.worker()
    job, held = in_hand(shop, monkeypatch, hung)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == f"job {job.id}"]
    shop.queue.pass_s(LEASE_S + 1)

    def work(context: Context) -> dict[str, Any]:
        (context.output / "report").write_text("of the second")
        return {"by": context.job.fence}

    does(monkeypatch, work)
    shop.worker().run(job.id)
    done = shop.queue.now(job)
    assert (done.state, done.result) == ("succeeded", {"by": 2})
    held.go_on.set()
    thread.join()
    assert shop.queue.now(job) == done
    folder = shop.settings.outputs / job.id
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*")] == ["2", "2/report"]


def test_signs_of_life_keep_a_long_job(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = shop.worker()
    job, held = in_hand(shop, monkeypatch, worker)
    for _ in range(4):
        shop.queue.pass_s(LEASE_S - 1)
        worker.show_life()
    assert shop.queue.leases.take("other") is None
    assert shop.queue.now(job).attempts == 1
    held.go_on.set()


def test_a_job_that_makes_no_progress_is_given_up_and_its_place_is_free(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = shop.worker()
    job, held = in_hand(shop, monkeypatch, worker)
    shop.ticks += shop.settings.job_silence_s - 1
    worker.show_life()
    assert shop.queue.now(job).state == "running"
    shop.ticks += 2
    worker.show_life()
    waiting = shop.queue.now(job)
    assert (waiting.state, waiting.attempts) == ("queued", 1)
    second = Held()
    shop.held.append(second)
    does(monkeypatch, second)
    worker._take_jobs()
    assert second.reached.wait()
    held.go_on.set()
    second.go_on.set()


def test_a_running_job_that_is_cancelled_stops_at_its_next_step(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = shop.worker()
    job, held = in_hand(shop, monkeypatch, worker)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == f"job {job.id}"]
    assert shop.queue.jobs.cancel(job.id, **MINE).state == "running"
    held.go_on.set()
    thread.join()
    done = shop.queue.now(job)
    assert done.error is not None
    assert (done.state, done.error["code"], done.result) == ("cancelled", "cancelled", None)
    assert done.audio_deleted_at is not None
    assert not shop.has_audio(job)
    assert not (shop.settings.outputs / job.id).exists()


def test_a_job_that_is_deleted_while_it_runs_leaves_nothing(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = shop.worker()
    job, held = in_hand(shop, monkeypatch, worker)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == f"job {job.id}"]
    worker.files.discard(shop.queue.jobs.delete(job.id, **MINE))
    held.go_on.set()
    thread.join()
    assert shop.queue.jobs.find(job.id) is None
    assert list(shop.settings.outputs.iterdir()) == list(shop.settings.uploads.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "kept"), [(UnreadableAudio("no audio"), False), (RuntimeError("a bug"), True)]
)
def test_audio_is_kept_for_another_try_where_that_may_help(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, error: Exception, kept: bool
) -> None:
    def fail(_context: Context) -> dict[str, Any]:
        raise error

    does(monkeypatch, fail)
    job = shop.enter()
    shop.worker().run(job.id)
    done = shop.queue.now(job)
    assert (done.state, shop.has_audio(job), done.audio_deleted_at is None) == ("failed", kept, kept)
    assert set(done.error or ()) == {"code", "detail"}
    if kept:
        shop.queue.jobs.retry(job.id, **MINE, has_audio=shop.has_audio)
        does(monkeypatch, lambda _context: {"found": 1})
        shop.worker().run(job.id)
        assert shop.queue.now(job).state == "succeeded"


class Away:
    """A database that refuses every statement while it is away."""

    def __init__(self, engine: Engine) -> None:
        self.statements = 0
        self.away = False
        event.listen(engine, "before_cursor_execute", self._refuse)
        self._engine = engine

    def _refuse(self, *_arguments: object) -> None:
        if self.away:
            self.statements += 1
            if self.statements == 3:
                self.away = False  # it comes back by itself
            raise OperationalError("", None, ConnectionError("server closed the connection"))

    def close(self) -> None:
        event.remove(self._engine, "before_cursor_execute", self._refuse)


@pytest.mark.parametrize("moment", ["progress", "work", "end"])
def test_a_database_that_goes_away_costs_no_attempt(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr("api.jobs.worker.AWAY_S", 0.0)
    outage = Away(shop.registry.engine)

    def work(context: Context) -> dict[str, Any]:
        if context.job.fence == 1:
            outage.away = True
        if moment == "progress":
            context.progress("music", 0.5)
            context.progress("voice", 0.6)
            context.progress("decide", 0.7)
        elif moment == "work":
            context.registry.artists.all()
        return {"found": context.job.fence}

    does(monkeypatch, work)
    job, worker = shop.enter(), shop.worker()
    worker.run(job.id)
    outage.away = False
    shop.queue.pass_s(LEASE_S + 1)
    worker.run(job.id)
    outage.close()
    done = shop.queue.now(job)
    assert (done.state, done.result) == ("succeeded", {"found": 2 if moment == "work" else 1})
