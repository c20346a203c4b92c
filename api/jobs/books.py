"""Jobs as clients see them: rows with a state, a progress and, at the end, a result or a problem.

A row that is `queued` is the queue's entry, so that what was answered is what will be done. Who takes it and
for how long is `api.jobs.leases`' affair; this module keeps the books, per tenant.
"""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from sqlalchemy import JSON, Connection, Engine, Row, Text, bindparam, cast, delete, or_, select, update
from sqlalchemy.exc import IntegrityError

from api import database
from api.database.tables import Table
from api.errors import ConflictingEntry, UnknownEntry
from api.jobs.entering import Idempotency, enter
from api.jobs.job import CANCELLED, FINISHED, Job, Kind, State, Upload, Written, ended
from api.retention import holds
from core import clock
from core.errors import InvalidInput

_ENDED: Mapping[State, str] = {"succeeded": "succeeded", "failed": "failed", "expired": "has expired"}

_JOBS = Table.metadata.tables["jobs"]
_IDEMPOTENT = Table.metadata.tables["idempotent_requests"]
AS_WRITTEN = select(
    *(
        cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column
        for column in _JOBS.c
    )
)
"""Jobs whose JSON is left as it stands in the books, for `job_as_written`."""
_ONE = AS_WRITTEN.where(  # to build it takes as long as to run it
    _JOBS.c.id == bindparam("job_id"),
    _JOBS.c.tenant == bindparam("tenant"),
    _JOBS.c.kind == bindparam("kind"),
)


class Jobs:
    """The books of all tenants; every read by a client names its tenant."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _of(self, tenant: str) -> Engine:
        """The database as one tenant's requests see it, where PostgreSQL runs it."""
        return database.for_tenant(self._engine, tenant)

    def create(
        self,
        kind: Kind,
        tenant: str,
        upload: Upload,
        request: Mapping[str, Any],
        once: Idempotency | None = None,
        *,
        most: int | None = None,
    ) -> tuple[Job, bool]:
        """Enter a job, or find the one that the same request made before.

        The id of a tagging's record or an enrolment's artist is drawn here, so that every attempt at the job
        makes the same one.

        Args:
            kind: of the job.
            tenant: whose it is.
            upload: the file, or the first of several.
            request: what was asked; `also_stored` names further files.
            once: tells a request that is sent again.
            most: how many of the kind the tenant may have waiting or running; None is any number.

        Returns:
            The job, and whether it is new.

        Raises:
            IdempotencyConflict: the key was used with another request.
            TooManyJobs: the tenant has `most` under way.
        """
        try:
            with database.writing(self._of(tenant)) as connection:
                return enter(connection, kind, tenant, upload, request, once, most)
        except IntegrityError:
            if once is None:
                raise
        # the same request came twice at one moment, and the other was first: its job is the answer
        with database.writing(self._of(tenant)) as connection:
            return enter(connection, kind, tenant, upload, request, once, most)

    def get(self, job_id: str, *, tenant: str, kind: Kind) -> Job:
        """A tenant's job.

        Raises:
            UnknownEntry: the tenant has no such job of that kind.
        """
        with database.asking(self._of(tenant)) as connection:
            row = connection.execute(_ONE, {"job_id": job_id, "tenant": tenant, "kind": kind}).one_or_none()
        if row is None:
            raise UnknownEntry(f"no {kind} {job_id}")
        return job_as_written(row)

    def delete(self, job_id: str, *, tenant: str, kind: Kind) -> Job:
        """Forget a job; who works on it loses it, and stops at the next step.

        Raises:
            UnknownEntry: the tenant has no such job.
            OnHold: a legal hold keeps it.
        """
        with database.writing(self._of(tenant)) as connection:
            job = self._mine(connection, job_id, tenant, kind)
            holds.refuse(connection, tenant, "audit", job_id)
            connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id == job_id))
            connection.execute(delete(_JOBS).where(_JOBS.c.id == job_id))
        return job

    def answered(self, job_id: str) -> None:
        """Let the request that made a job be asked anew, now that its outcome was told."""
        with database.writing(self._engine) as connection:
            connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id == job_id))

    def forget_enrolments(self, tenant: str, named: str) -> list[Job]:
        """Forget every enrolment of an artist, by name or id; returns them, for their files."""
        about = or_(
            _JOBS.c.request["name"].as_string() == named, _JOBS.c.request["artist_id"].as_string() == named
        )
        theirs = select(_JOBS).where(_JOBS.c.tenant == tenant, _JOBS.c.kind == "enrolment", about)
        with database.writing(self._of(tenant)) as connection:
            found = [_job(row) for row in connection.execute(theirs.with_for_update())]
            for table, column in ((_IDEMPOTENT, _IDEMPOTENT.c.job_id), (_JOBS, _JOBS.c.id)):
                connection.execute(delete(table).where(column.in_([job.id for job in found])))
        return found

    def cancel(self, job_id: str, *, tenant: str, kind: Kind) -> Job:
        """End a queued job; ask who works on a running one to stop at the next step. May be repeated.

        Raises:
            UnknownEntry: the tenant has no such job.
            ConflictingEntry: it has ended otherwise.
        """
        with database.writing(self._of(tenant)) as connection:
            job = self._mine(connection, job_id, tenant, kind)
            if job.state in FINISHED and job.state != "cancelled":
                raise ConflictingEntry(f"the {kind} has ended: it {_ENDED[job.state]}")
            if job.state == "queued":
                return _change(connection, job_id, **ended("cancelled", CANCELLED))
            if job.state == "running" and job.cancel_requested_at is None:
                return _change(connection, job_id, cancel_requested_at=clock.now())
        return job

    def retry(self, job_id: str, *, tenant: str, kind: Kind, has_audio: Callable[[Job], bool]) -> Job:
        """Queue a job again that ended without a result, as if it had never been tried.

        Args:
            job_id: whose.
            tenant: whose it must be.
            kind: what it must be.
            has_audio: tells whether the uploaded file is still there.

        Raises:
            UnknownEntry: the tenant has no such job.
            ConflictingEntry: it has not ended, has succeeded, or its audio is gone.
        """
        with database.writing(self._of(tenant)) as connection:
            job = self._mine(connection, job_id, tenant, kind)
            if job.state not in FINISHED:
                raise ConflictingEntry(f"the {kind} has not ended; cancel it first")
            if job.state == "succeeded":
                raise ConflictingEntry(f"the {kind} succeeded; there is nothing to try again")
            if job.audio_deleted_at is not None or not has_audio(job):
                raise ConflictingEntry("the audio is no longer kept; send the file again")
            return _change(
                connection,
                job_id,
                state="queued",
                attempts=0,
                progress=0.0,
                error=None,
                queued_at=clock.now(),
                started_at=None,
                finished_at=None,
                cancel_requested_at=None,
            )

    def _mine(self, connection: Connection, job_id: str, tenant: str, kind: Kind) -> Job:
        """A tenant's job, which nobody else changes until the transaction ends."""
        mine = select(_JOBS).where(_JOBS.c.id == job_id, _JOBS.c.tenant == tenant, _JOBS.c.kind == kind)
        row = connection.execute(mine.with_for_update()).one_or_none()
        if row is None:
            raise UnknownEntry(f"no {kind} {job_id}")
        return _job(row)

    def any_kind(self, job_id: str, *, tenant: str) -> Job:
        """A tenant's job of whatever kind; raises `UnknownEntry`."""
        job = self.find(job_id)
        if job is None or job.tenant != tenant:
            raise UnknownEntry(f"no job {job_id}")
        return job

    def of_kind(self, kind: Kind, *, tenant: str) -> list[Job]:
        """All of a tenant's jobs of a kind of which there are few."""
        query = select(_JOBS).where(_JOBS.c.tenant == tenant, _JOBS.c.kind == kind)
        with database.reading(self._of(tenant)) as connection:
            return [_job(row) for row in connection.execute(query)]

    def newest(self, *, tenant: str, state: str | None, limit: int) -> list[Job]:
        """A tenant's jobs of every kind, newest first; None is any state.

        Raises:
            InvalidInput: there is no such state.
        """
        if state is not None and state not in get_args(State):
            raise InvalidInput(f"a job's state is one of {', '.join(get_args(State))}")
        query = select(_JOBS).where(_JOBS.c.tenant == tenant)
        if state is not None:
            query = query.where(_JOBS.c.state == state)
        with database.reading(self._of(tenant)) as connection:
            rows = connection.execute(query.order_by(_JOBS.c.created_at.desc(), _JOBS.c.id).limit(limit))
            return [_job(row) for row in rows]

    def audio_deleted(self, job_id: str) -> None:
        """Enter that the uploaded file is gone."""
        gone = update(_JOBS).where(_JOBS.c.id == job_id, _JOBS.c.state.in_(FINISHED))
        with database.writing(self._engine) as connection:
            connection.execute(gone.values(audio_deleted_at=clock.now()))

    def find(self, job_id: str) -> Job | None:
        """A job of any tenant."""
        with database.reading(self._engine) as connection:
            row = connection.execute(select(_JOBS).where(_JOBS.c.id == job_id)).one_or_none()
        return None if row is None else _job(row)


def _change(connection: Connection, job_id: str, **values: Any) -> Job:
    connection.execute(update(_JOBS).where(_JOBS.c.id == job_id).values(**values))
    return _job(connection.execute(select(_JOBS).where(_JOBS.c.id == job_id)).one())


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)


def job_as_written(row: Row[Any]) -> Job:
    """A job of `AS_WRITTEN`, whose JSON is read when somebody looks into it."""
    columns = dict(row._mapping)
    for name in ("request", "result", "error"):
        text = columns[name]
        columns[name] = None if text in (None, "null") else Written(text)
    return Job(**columns)
