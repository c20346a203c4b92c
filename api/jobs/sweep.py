"""What crashes leave behind: uploads without a job, half-made outputs, erased data in a journal."""

import fcntl
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, delete, or_, select, update

from api import database
from api.database.tables import Table
from api.jobs import finding
from api.jobs.batches import Batches
from api.jobs.files import OUTPUTS, JobFiles
from api.jobs.job import BRIEF, FINISHED, Job, keeps_audio, stored_names
from api.jobs.leases import Leases
from api.jobs.retention import Retention
from api.registry import finding as record_finding
from api.settings import Settings
from api.store import ObjectStore
from api.uploads import Uploads
from api.uploads.uploads import STORED as UPLOADS
from core import clock
from core.passing import remove_abandoned

_JOBS = Table.metadata.tables["jobs"]
_IDEMPOTENT = Table.metadata.tables["idempotent_requests"]
_ANSWERS = Table.metadata.tables["kept_answers"]
_SIGN_INS = Table.metadata.tables["sign_ins"]
_SESSIONS = Table.metadata.tables["member_sessions"]
UNFINISHED_S = 3600.0
STORE_EVERY_S = 3600.0
"""A store is walked through less often than a disk: each page of its list is a request."""
GROUP = 200


class Sweep:
    """Keeps a home in order; several processes may do so at once.

    Args:
        engine: of the database.
        leases: the queue.
        files: where jobs' files lie.
        settings: how long things are kept.
        now: seconds since 1970, as the file system counts them.
    """

    def __init__(
        self,
        engine: Engine,
        leases: Leases,
        files: JobFiles,
        settings: Settings,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._leases = leases
        self._files = files
        self._settings = settings
        self._now = now
        self._resumable = Uploads.of(engine, settings)
        self._batches = Batches.of(engine, settings)
        self._retention = Retention(engine, files)
        self._store_seen = float("-inf")
        self._lock = settings.home / "uploads.lock"
        self._held: IO[bytes] | None = None

    def once(self) -> None:
        """Do everything there is to do now."""
        self._leases.reclaim()
        self._leases.expire(timedelta(hours=self._settings.job_expiry_hours))
        self.told()
        self.lapsed()
        self.audio()
        self.exports()
        self._retention.sweep(clock.now())
        with self._receiving():  # the rows' files are no jobs' yet
            self._batches.go_on()
        self._resumable.expire()
        self.uploads()
        self.outputs()
        remove_abandoned(self._now() - UNFINISHED_S)
        if self._files.store is not None and self._now() >= self._store_seen + STORE_EVERY_S:
            self.stored(self._files.store)
            self._store_seen = self._now()
        finding.catch_up(self._engine)
        record_finding.catch_up(self._engine)
        database.forget_traces(self._engine)

    def told(self) -> None:
        """Forget brief jobs that have ended and made nothing, a while after their outcome could be asked."""
        old = _JOBS.c.finished_at < clock.now() - timedelta(hours=self._settings.idempotency_hours)
        made_nothing = or_(_JOBS.c.kind == "lookup", _JOBS.c.state != "succeeded")
        with database.writing(self._engine) as connection:
            gone = connection.execute(
                delete(_JOBS).where(_JOBS.c.kind.in_(BRIEF), old, made_nothing).returning(_JOBS.c.id)
            )
            ids = list(gone.scalars())
            connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id.in_(ids)))

    def lapsed(self) -> None:
        """Forget what requests, sessions and sign-ins are remembered by, when that counts no longer."""
        now, settings = clock.now(), self._settings
        asked = now - timedelta(hours=settings.idempotency_hours)
        began = now - timedelta(hours=settings.session_hours)
        seen = now - timedelta(minutes=settings.session_idle_minutes)
        with database.writing(self._engine) as connection:
            connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.created_at < asked))
            connection.execute(delete(_ANSWERS).where(_ANSWERS.c.created_at < asked))
            connection.execute(delete(_SIGN_INS).where(_SIGN_INS.c.ends_at <= now))
            over = or_(_SESSIONS.c.began_at <= began, _SESSIONS.c.seen_at <= seen)
            connection.execute(delete(_SESSIONS).where(over))

    def exports(self) -> None:
        """Erase exports that can no longer be fetched."""
        old = _JOBS.c.finished_at < clock.now() - timedelta(hours=self._settings.export_hours)
        with database.writing(self._engine) as connection:
            gone = delete(_JOBS).where(_JOBS.c.kind == "export", old).returning(_JOBS.c.id)
            ids = list(connection.execute(gone).scalars())
            connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id.in_(ids)))
        for job_id in ids:
            self._files.discard_folder(job_id)

    def audio(self) -> None:
        """Delete the uploads of jobs that have ended, unless they are kept, or still may be tried again."""
        retained = _JOBS.c.request["retain"].as_boolean()
        left = (
            _JOBS.c.state.in_(FINISHED),
            _JOBS.c.audio_deleted_at.is_(None),
            or_(retained.is_(None), retained.is_(False)),
        )
        with database.reading(self._engine) as connection:
            jobs = [Job(**row._mapping) for row in connection.execute(select(_JOBS).where(*left))]
        last = clock.now() - timedelta(hours=self._settings.retry_hours)
        for job in jobs:
            if job.finished_at is None or (keeps_audio(job) and job.finished_at > last):
                continue
            with database.writing(self._engine) as connection:
                # Not where it was queued again meanwhile: then its audio is wanted.
                ended = (_JOBS.c.id == job.id, _JOBS.c.finished_at == job.finished_at)
                gone = update(_JOBS).where(*ended).values(audio_deleted_at=clock.now())
                if connection.execute(gone).rowcount:
                    self._files.discard_upload(job)

    def spare_uploads(self) -> None:
        """Tell other sweeps that a process receives uploads here, until it ends."""
        self._held = self._receiving()

    def _receiving(self) -> IO[bytes]:
        """Holds the lock of who writes uploads, until it is closed."""
        lock = self._lock.open("ab")
        fcntl.flock(lock, fcntl.LOCK_SH)
        return lock

    def close(self) -> None:
        """Receive no more."""
        if self._held is not None:
            self._held.close()

    def uploads(self) -> None:
        """Delete uploads that belong to no job, and are none that can be resumed.

        Where no process receives any, all of them; otherwise those that nobody has written to for an hour.
        """
        if not self._files.uploads.is_dir():
            return
        with self._lock.open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                until = float("inf")
            except BlockingIOError:
                until = self._now() - UNFINISHED_S
            found = [path for path in self._files.uploads.iterdir() if _written(path) < until]
            if not found:
                return
            known = self._known()
            for path in found:
                if path.name not in known:
                    path.unlink(missing_ok=True)

    def outputs(self) -> None:
        """Delete outputs that belong to no job, and what attempts left that were cut short."""
        if not self._files.outputs.is_dir():
            return
        self._outputs([path.name for path in self._files.outputs.iterdir()])

    def stored(self, store: ObjectStore) -> None:
        """The same of what lies in the store, which servers of other machines write to, too."""
        until = self._now() - UNFINISHED_S
        found = [one for one in store.within(UPLOADS) if one.written_at.timestamp() < until]
        if found:
            known = self._known()
            left = [one.name for one in found if one.name.removeprefix(f"{UPLOADS}/") not in known]
            store.erase(left)
        self._outputs(store.folders(OUTPUTS), lately=clock.now() - 2 * timedelta(seconds=STORE_EVERY_S))

    def _known(self) -> set[str]:
        """The names of uploads that are still wanted."""
        kept = select(_JOBS.c.request).where(_JOBS.c.audio_deleted_at.is_(None))
        with database.reading(self._engine) as connection:
            asked = connection.execute(kept).scalars()
            known = {name for request in asked for name in stored_names(request)}
        return known | self._resumable.stored()

    def _outputs(self, names: Sequence[str], lately: datetime | None = None) -> None:
        """Look at the outputs of these jobs; with `lately`, of those that ended before only for their job."""
        for group in (names[start : start + GROUP] for start in range(0, len(names), GROUP)):
            with database.reading(self._engine) as connection:
                rows = connection.execute(select(_JOBS).where(_JOBS.c.id.in_(group)))
                jobs = {row.id: Job(**row._mapping) for row in rows}
            for name in group:
                job = jobs.get(name)
                if job is None:
                    self._files.discard_folder(name)
                elif job.state != "running" and (
                    lately is None or job.finished_at is None or job.finished_at >= lately
                ):
                    self._files.keep_result(job)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
