"""Works on jobs: takes them from the queue, keeps their leases alive, enters their ends.

A started worker has three threads beside those of its jobs: one takes jobs, one shows that the jobs in hand
are alive, one sweeps up what crashes left behind. The database may go away and come back at any moment.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from api import database, telemetry
from api.audit.engines import Engines, product_engines
from api.errors import StoreUnavailable, told
from api.jobs.away import away, line
from api.jobs.batches import Batches
from api.jobs.beside import heard, until_signalled
from api.jobs.books import Jobs
from api.jobs.files import JobFiles
from api.jobs.job import BRIEF, KINDS, Job, Kind, keeps_audio
from api.jobs.leases import Lease, LeaseLost, Leases
from api.jobs.sweep import Sweep
from api.jobs.work import Context, perform
from api.registry.fingerprints import CopyKeeper
from api.registry.registry import Registry
from api.settings import Settings
from api.trail.journal import Journal
from api.webhooks.address import Addresses
from api.webhooks.webhooks import Webhooks
from core.errors import TrackmarkError
from core.priority import BACKLOG, WORK, yield_to_others
from core.progress import Progress

log = logging.getLogger(__name__)

POLL_S = 0.5
PROGRESS_INTERVAL_S = 0.5
SIGNS_PER_LEASE = 4
SWEEP_INTERVAL_S = 600.0
AWAY_S = 1.0


class Cut(BaseException):
    """Ends an attempt at the next step; like `KeyboardInterrupt`, it is no error for anybody to handle."""


@dataclass(eq=False)
class _Attempt:
    """A job in hand. `heard` is when it last told its progress; `cut` tells it to stop at its next step."""

    lease: Lease
    heard: float
    cut: bool = False
    cancelled: bool = False
    thread: threading.Thread | None = None
    told: tuple[str, float] = field(default=("", float("-inf")))


class Worker:
    """Takes jobs and works on them: `job_concurrency` at once, and some that a request may wait for.

    Args:
        settings: folders and limits.
        registry: of any tenant; each job gets its own tenant's view.
        jobs: the books.
        engines: the parts that touch audio.
        leases: the queue; that of the registry's database unless given.
        ticks: seconds that only ever grow.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        jobs: Jobs,
        engines: Engines,
        *,
        leases: Leases | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._jobs = jobs
        self._engines = engines
        self._ticks = ticks
        self._leases = leases or Leases(
            registry.engine, lease_s=settings.lease_s, attempts=settings.job_attempts
        )
        self.files = JobFiles.of(settings)
        self.batches = Batches.of(registry.engine, settings)
        self.name = settings.worker_name or f"{socket.gethostname()}-{os.getpid()}"
        self._attempts: dict[str, _Attempt] = {}
        self._sweep = Sweep(registry.engine, self._leases, self.files, settings)
        every = timedelta(seconds=settings.trail_root_s)
        self.journal = Journal(registry.engine, registry.keys, every, ticks)
        self._ends = ExitStack()  # of what was started, so that a start that failed can be undone
        self._threads: list[threading.Thread] = []
        self._full = False
        self._wake, self._stopping, self._over = (threading.Event() for _ in range(3))

    def start(self, *, listen: bool = True, receives: bool = False) -> None:
        """Keep the home in order.

        Args:
            listen: work on the queue.
            receives: whether this process writes uploads, which a sweep by others must spare.
        """
        self._sweep.uploads()
        if receives:
            self._sweep.spare_uploads()
            self._ends.callback(self._sweep.close)
        self.journal.start()
        self._ends.callback(self.journal.stop)
        every = self._settings.lease_s / SIGNS_PER_LEASE
        self._spawn("sweep", self._sweep.once, lambda: self._stopping.wait(SWEEP_INTERVAL_S))
        if listen:
            copies = CopyKeeper(self._registry.fingerprints.copies())
            copies.start()
            self._ends.callback(copies.stop)
            addresses = Addresses(self._settings.webhook_trusted)
            deliverer = Webhooks(self._registry.engine, self._registry.keys, addresses).deliverer()
            deliverer.start()
            self._ends.callback(deliverer.stop)
            self._spawn("signs of life", self.show_life, lambda: self._over.wait(every), self._over)
            self._spawn("take jobs", self._take_jobs, self._pause)

    def stop(self) -> None:
        """Let running jobs end for `shutdown_grace_s`; give the others back, which costs them no attempt."""
        self._stopping.set()
        self._wake.set()
        deadline = time.monotonic() + self._settings.shutdown_grace_s
        for thread in self._threads[-1:]:  # who takes jobs
            thread.join(AWAY_S)
        for attempt in list(self._attempts.values()):
            if attempt.thread is not None:
                attempt.thread.join(max(0.0, deadline - time.monotonic()))
        cut = list(self._attempts.values())
        for attempt in cut:
            attempt.cut = True
            self._give_back(attempt, counts=False)
        self._over.set()
        ending = [*self._threads, *(attempt.thread for attempt in cut if attempt.thread is not None)]
        for thread in ending:  # most are at their next step soon
            thread.join(AWAY_S)
        self._ends.close()

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    def run(self, job_id: str) -> None:
        """Work on one job in this thread, whosever turn it is; does nothing where it is held or has ended."""
        lease = self._leases.take_this(job_id, self.name)
        if lease is not None:
            self._work(self._begin(lease))

    def tidy(self, job: Job) -> None:
        """Delete what an ended job needs no longer; tell of its batch, if it was the last of one."""
        self.files.keep_result(job)
        if job.audio_deleted_at is None and not keeps_audio(job):
            self.files.discard_upload(job)
            self._jobs.audio_deleted(job.id)
        if "batch" in job.request:
            self.batches.complete(job.request["batch"])

    def show_life(self) -> None:
        """Extend the lease of every job in hand; one that makes no progress for too long is given up."""
        for attempt in list(self._attempts.values()):
            if self._ticks() - attempt.heard > self._settings.job_silence_s:
                log.error("job %s shows no progress; it is given up", attempt.lease.id)
                attempt.cut = True
                self._attempts.pop(attempt.lease.id, None)
                self._give_back(attempt, counts=True)
                continue
            try:
                attempt.cancelled |= self._leases.extend(attempt.lease)
            except LeaseLost:
                attempt.cut = True

    def _spawn(
        self,
        name: str,
        work: Callable[[], object],
        rest: Callable[[], object],
        end: threading.Event | None = None,
    ) -> None:
        def loop() -> None:
            while not (end or self._stopping).is_set():
                try:
                    work()
                except Exception as error:
                    told = line(error) if away(error) else None
                    log.error("%s: %s", name, told or "failed", exc_info=told is None)
                    (end or self._stopping).wait(AWAY_S)
                rest()

        thread = threading.Thread(target=loop, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _pause(self) -> None:
        self._wake.wait(POLL_S)
        if not self._stopping.is_set():
            self._wake.clear()

    def _take_jobs(self) -> None:
        """Fill the places of long jobs, and those of brief ones, which no long job takes.

        Beside both there is one for a tenant that has none running, so that nobody waits for the end of the
        long job of another. Nothing is taken while the disk is full: all that waits would fail.
        """
        if not self.files.has_room():
            if not self._full:
                log.error("the disk is full; jobs wait until there is room")
            self._full = True
            return
        self._full = False
        self._fill(KINDS - BRIEF, self._settings.job_concurrency)
        self._fill(BRIEF, self._settings.brief_job_concurrency)

    def _fill(self, kinds: Collection[Kind], places: int) -> None:
        while not self._stopping.is_set():
            taken = sum(one.lease.job.kind in kinds for one in list(self._attempts.values()))
            if taken > places:
                return
            lease = self._leases.take(self.name, kinds, newcomers=taken == places)
            if lease is None:
                return
            attempt = self._begin(lease)
            if self._stopping.is_set():
                self._attempts.pop(lease.id)
                self._give_back(attempt, counts=False)
                return
            attempt.thread = threading.Thread(
                target=self._behind, args=(attempt,), name=f"job {lease.id}", daemon=True
            )
            attempt.thread.start()

    def _behind(self, attempt: _Attempt) -> None:
        """Work in this thread, which is the job's own, behind requests and behind who has less to do."""
        yield_to_others(BACKLOG if attempt.lease.more_waits else WORK)
        self._work(attempt)

    def _begin(self, lease: Lease) -> _Attempt:
        attempt = self._attempts[lease.id] = _Attempt(lease, self._ticks())
        return attempt

    def _work(self, attempt: _Attempt) -> None:
        job = attempt.lease.job
        facts = {"trackmark.job_id": job.id, "trackmark.tenant": job.tenant}
        try:
            with telemetry.span(f"job {job.kind}", facts, telemetry.behind(job.trace)) as tell:
                self._enter_end(attempt, self._result(attempt, tell))
        except (Cut, LeaseLost):
            self._leave(attempt)
        except BaseException as error:
            attempt.cut = True
            gone = away(error)
            if gone:
                log.error("job %s will be tried again: %s", job.id, line(error))
                self._stopping.wait(AWAY_S)
            self._give_back(attempt, counts=not gone and isinstance(error, Exception))
            if not isinstance(error, Exception):
                raise
        finally:
            if self._attempts.get(job.id) is attempt:
                del self._attempts[job.id]
            self._wake.set()

    def _result(self, attempt: _Attempt, tell: telemetry.Tell) -> Callable[[], None]:
        """Do the work; returns what enters its end. Every failure is kept with the job."""
        lease, job = attempt.lease, attempt.lease.job
        try:
            with self.files.received_at_hand(job) as received:
                context = Context(
                    job,
                    received,
                    self.files.fresh_output(job),
                    self._registry.for_tenant(job.tenant),
                    self._settings,
                    self._reporter(attempt),
                )
                result = perform(self._engines, context)
        except (LeaseLost, StoreUnavailable):
            raise
        except TrackmarkError as error:
            failure = told(error)
        except Exception as error:
            if database.away(error):
                raise
            if not attempt.cut:
                log.exception("job %s failed", job.id)
            failure = told(error)
        else:
            return partial(self._succeed, lease, result)
        tell("trackmark.problem", failure["code"])
        return lambda: self._leases.fail(lease, failure)

    def _succeed(self, lease: Lease, result: Mapping[str, Any]) -> None:
        """Enter a result when its files are where every server finds them."""
        self.files.keep(lease.job)
        self._leases.succeed(lease, result)

    def _enter_end(self, attempt: _Attempt, enter: Callable[[], None]) -> None:
        """Enter the end, as soon as database and store can be reached."""
        while True:
            try:
                enter()
                break
            except Exception as error:
                if not away(error) or attempt.cut:
                    raise
                log.error("job %s has ended; waiting to enter it: %s", attempt.lease.id, line(error))
                attempt.heard = self._ticks()  # to wait is not to hang
                if self._stopping.wait(AWAY_S):
                    raise
        done = self._jobs.find(attempt.lease.id)
        if done is not None:
            with suppress(StoreUnavailable):  # a sweep does it later
                self.tidy(done)

    def _leave(self, attempt: _Attempt) -> None:
        """Stop as told: the client cancelled, or somebody else has the job, or will have it."""
        if attempt.cancelled and not attempt.cut:
            self._enter_end(attempt, lambda: self._leases.cancel(attempt.lease))
            return
        with suppress(StoreUnavailable):  # a sweep does it later
            self.files.discard_attempt(attempt.lease.job)

    def _give_back(self, attempt: _Attempt, *, counts: bool) -> None:
        """Let others have the job; where the database is away, its lease runs out by itself."""
        try:
            self._leases.give_back(attempt.lease, counts=counts)
        except LeaseLost:
            pass
        except Exception as error:
            if not database.away(error):
                raise
            log.error("job %s cannot be given back; its lease will run out", attempt.lease.id)

    def _reporter(self, attempt: _Attempt) -> Progress:
        """Progress into the books, as often as a reader could notice; each step may end the attempt."""

        def report(stage: str, fraction: float) -> None:
            attempt.heard = now = self._ticks()
            last_stage, last_time = attempt.told
            if stage != last_stage or now - last_time >= PROGRESS_INTERVAL_S:
                attempt.told = stage, now
                self._tell(attempt, stage, fraction)
            if attempt.cut or attempt.cancelled:
                raise Cut

        return report

    def _tell(self, attempt: _Attempt, stage: str, fraction: float) -> None:
        try:
            attempt.cancelled |= self._leases.advance(attempt.lease, stage, fraction)
        except LeaseLost:
            attempt.cut = True
        except Exception as error:
            if not database.away(error):
                raise
            log.warning("job %s: progress cannot be entered while the database is away", attempt.lease.id)


def run_worker(settings: Settings, *, held_by: int | None = None) -> None:
    """Work on the queue until SIGINT or SIGTERM, without serving HTTP.

    Args:
        settings: folders and limits.
        held_by: descriptor of a server's pipe (`api.jobs.beside`), with whose end the work ends, too.
    """
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with closing(Registry.open(settings)) as registry, ExitStack() as ends:
        ends.callback(telemetry.begin(settings.telemetry_endpoint))
        worker = Worker(settings, registry, Jobs(registry.engine), product_engines(settings))
        if held_by is not None:
            threading.Thread(target=_listen, args=(worker.wake, held_by, ended), daemon=True).start()
        try:
            worker.start()
            until_signalled(ended)
        finally:
            worker.stop()


def _listen(wake: Callable[[], object], channel: int, ended: threading.Event) -> None:
    heard(wake, channel)
    ended.set()
