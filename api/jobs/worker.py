"""Durable execution of jobs with DBOS: what was accepted is finished, whatever happens to the process.

One DBOS workflow per job, under the job's own id, so that submitting twice runs once. DBOS keeps its state in
its own database; the books that clients read are `api.jobs.books`. A crash between the two writes is repaired
at the next start, when every unfinished job is submitted again.

DBOS is one per process, and so is a started `Worker`.
"""

import fcntl
import itertools
import logging
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from api.audit.engines import Engines, product_engines
from api.errors import JobCrashed, problem
from api.jobs.books import Job, Jobs
from api.jobs.files import JobFiles
from api.jobs.work import Context, perform
from api.registry.fingerprints import CopyKeeper
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import TrackmarkError
from core.progress import Progress

log = logging.getLogger(__name__)

QUEUE = "trackmark-jobs"
WORKFLOW = "trackmark.job"
POLL_S = 0.25
PROGRESS_INTERVAL_S = 0.5
_ONE = threading.Lock()  # DBOS is a singleton: held between `start` and `stop`


class Worker:
    """Submits jobs and, where `listen` says so, works on them.

    Args:
        settings: folders, limits and the jobs database.
        registry: of any tenant; each job gets its own tenant's view.
        jobs: the books.
        engines: the parts that touch audio.
    """

    def __init__(self, settings: Settings, registry: Registry, jobs: Jobs, engines: Engines) -> None:
        self._settings = settings
        self._registry = registry
        self._jobs = jobs
        self._engines = engines
        self.files = JobFiles.of(settings)
        self._running: set[str] = set()

    def start(self, *, listen: bool = True) -> None:
        """Connect to the queue, take up what a crash left behind, and work if `listen`."""
        if not _ONE.acquire(blocking=False):
            raise RuntimeError("a worker runs in this process already, and DBOS allows one")
        config = DBOSConfig(
            name="trackmark",
            system_database_url=self._settings.jobs_database_url,
            application_version="1",  # one version for all releases: a new release finishes old jobs
            executor_id=self._settings.worker_name,
            serializer=DBOSPortableJSONSerializer(),  # never pickle
            log_level="WARNING",
            notification_listener_polling_interval_sec=1.0,
        )
        DBOS(config=config)
        self._workflow = DBOS.workflow(name=WORKFLOW)(self._run_workflow())
        if not listen:
            DBOS.listen_queues([])
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._settings.job_concurrency,
            polling_interval_sec=POLL_S,
            on_conflict="always_update",
        )
        for job_id in self._jobs.unfinished():
            self.submit(job_id)
            status = DBOS.get_workflow_status(job_id)
            if status is not None and status.status not in ("PENDING", "ENQUEUED", "DELAYED"):
                # The workflow ended without closing the books (the database was away): run it anew.
                self._enqueue(f"{job_id}-{secrets.token_hex(4)}", job_id)
        self._copies = CopyKeeper(self._registry.fingerprints.copies())
        self._copies.start()

    def stop(self) -> None:
        """Let running jobs finish for `shutdown_grace_s`; the others resume at the next start."""
        grace = self._settings.shutdown_grace_s if self._running else 0
        try:
            self._copies.stop()
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=grace)
        finally:
            _ONE.release()

    def submit(self, job_id: str) -> None:
        """Queue a job; repeating it changes nothing."""
        self._enqueue(job_id, job_id)

    def _enqueue(self, workflow_id: str, job_id: str) -> None:
        with SetWorkflowID(workflow_id):
            DBOS.enqueue_workflow(QUEUE, self._workflow, job_id)

    def run(self, job_id: str) -> None:
        """Work on one job in this thread, start to end. Safe to repeat."""
        self._running.add(job_id)
        try:
            job = self._jobs.start(job_id)
            if job is not None:
                self._attempt(job)
            done = self._jobs.find(job_id)
            if job is not None and done is None:  # erased meanwhile: nothing of it may stay
                self.files.discard(job)
            if done is not None and done.audio_deleted_at is None and not done.request.get("retain"):
                self.files.discard_upload(done)
                self._jobs.audio_deleted(job_id)
        finally:
            self._running.discard(job_id)

    def _run_workflow(self) -> Callable[[str], None]:
        def run_job(job_id: str) -> None:
            DBOS.run_step({"name": "run"}, self.run, job_id)

        return run_job

    def _attempt(self, job: Job) -> None:
        """Do the work; every failure becomes the job's problem."""
        try:
            if job.attempts > self._settings.job_attempts:
                raise JobCrashed(
                    f"the job was cut short {job.attempts - 1} times; it will not be tried again"
                )
            output = self.files.fresh_output(job)
            registry = self._registry.for_tenant(job.tenant)
            context = Context(
                job, self.files.upload(job), output, registry, self._settings, self._reporter(job.id)
            )
            result = perform(self._engines, context)
        except TrackmarkError as error:
            self._jobs.finish(job.id, error=problem(error))
        except Exception as error:
            log.exception("job %s failed", job.id)
            self._jobs.finish(job.id, error=problem(error))
        else:
            self._jobs.finish(job.id, result=result)

    def _reporter(self, job_id: str) -> Progress:
        """Progress into the books, not more often than a reader could notice."""
        last_stage, last_time = "", 0.0

        def report(stage: str, fraction: float) -> None:
            nonlocal last_stage, last_time
            now = time.monotonic()
            if stage != last_stage or now - last_time >= PROGRESS_INTERVAL_S:
                last_stage, last_time = stage, now
                self._jobs.advance(job_id, stage, fraction)

        return report


def run_worker(settings: Settings) -> None:
    """Work on the queue until SIGINT or SIGTERM, without serving HTTP.

    Workers of one home take the names `worker-<host>-0`, `-1`, ... in order, and the same ones after a crash,
    since DBOS gives back unfinished work by name.
    """
    registry = Registry.open(settings)
    with _slot(settings) as name:
        named = settings.model_copy(update={"worker_name": name})
        worker = Worker(named, registry, Jobs(registry.engine), product_engines(named))
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        worker.start()
        try:
            ended.wait()
        finally:
            worker.stop()
            registry.close()


@contextmanager
def _slot(settings: Settings) -> Iterator[str]:
    """The first name that no other worker of this home holds."""
    folder = settings.home / "workers"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in itertools.count():
        name = f"worker-{socket.gethostname()}-{number}"
        with (folder / name).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield name
            return
