"""Jobs as clients see them: rows with a state, a progress and, at the end, a result or a problem.

How they are executed is `api.jobs.worker`' affair; this module only keeps the books, per tenant.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Engine, Row, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from api import database
from api.database.tables import Table
from api.errors import ConflictingEntry, IdempotencyConflict, InvalidRequest, UnknownEntry
from core import clock
from provenance.records.record import new_record_id

Kind = Literal["audit", "track"]
State = Literal["queued", "running", "succeeded", "failed"]
FINISHED: frozenset[State] = frozenset({"succeeded", "failed"})
MAX_PAGE = 200

_JOBS = Table.metadata.tables["jobs"]
_IDEMPOTENT = Table.metadata.tables["idempotent_requests"]


@dataclass(frozen=True)
class Upload:
    """A received file on disk.

    Attributes:
        name: as the client called it (attacker text), shortened and without control characters.
        stored: file name inside `Settings.uploads`.
    """

    name: str
    stored: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Job:
    """One row of the books."""

    id: str
    tenant: str
    kind: Kind
    state: State
    stage: str | None
    progress: float
    attempts: int
    file_name: str
    sha256: str
    size_bytes: int
    request: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    audio_deleted_at: datetime | None


@dataclass(frozen=True)
class Page:
    """Some jobs, newest first, and where the next page starts."""

    jobs: tuple[Job, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class Idempotency:
    """The `Idempotency-Key` of a request and the digest of what it asked for."""

    key: str
    digest: str
    lifetime: timedelta


class Jobs:
    """The books of all tenants; every read by a client names its tenant."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self,
        kind: Kind,
        tenant: str,
        upload: Upload,
        request: Mapping[str, Any],
        once: Idempotency | None = None,
    ) -> tuple[Job, bool]:
        """Enter a job, or find the one that the same request made before.

        A tagging's record id is drawn here, so that every attempt at the job registers the same record.

        Returns:
            The job, and whether it is new.

        Raises:
            IdempotencyConflict: the key was used with another request.
        """
        try:
            return self._enter(kind, tenant, upload, request, once)
        except IntegrityError:
            if once is None:
                raise
            # the same request came twice at one moment, and the other was first: its job is the answer
            return self._enter(kind, tenant, upload, request, once)

    def _enter(
        self,
        kind: Kind,
        tenant: str,
        upload: Upload,
        request: Mapping[str, Any],
        once: Idempotency | None,
    ) -> tuple[Job, bool]:
        now = clock.now()
        job_id = str(uuid.uuid4())
        kept = {**request, "stored": upload.stored}
        if kind == "track":
            kept["record_id"] = new_record_id()
        with database.writing(self._engine) as connection:
            if once is not None:
                connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.created_at < now - once.lifetime))
                mine = and_(
                    _IDEMPOTENT.c.tenant == tenant, _IDEMPOTENT.c.route == kind, _IDEMPOTENT.c.key == once.key
                )
                earlier = connection.execute(select(_IDEMPOTENT).where(mine)).one_or_none()
                if earlier is not None and earlier.digest != once.digest:
                    raise IdempotencyConflict(
                        "this Idempotency-Key was used with another file or other parameters; use a new key"
                    )
                if earlier is not None:
                    row = connection.execute(select(_JOBS).where(_JOBS.c.id == earlier.job_id)).one()
                    return _job(row), False
                connection.execute(
                    insert(_IDEMPOTENT).values(
                        tenant=tenant,
                        route=kind,
                        key=once.key,
                        digest=once.digest,
                        job_id=job_id,
                        created_at=now,
                    )
                )
            connection.execute(
                insert(_JOBS).values(
                    id=job_id,
                    tenant=tenant,
                    kind=kind,
                    state="queued",
                    progress=0.0,
                    attempts=0,
                    file_name=upload.name,
                    sha256=upload.sha256,
                    size_bytes=upload.size_bytes,
                    request=kept,
                    created_at=now,
                )
            )
            row = connection.execute(select(_JOBS).where(_JOBS.c.id == job_id)).one()
        return _job(row), True

    def get(self, job_id: str, *, tenant: str, kind: Kind) -> Job:
        """A tenant's job.

        Raises:
            UnknownEntry: the tenant has no such job of that kind.
        """
        query = select(_JOBS).where(_JOBS.c.id == job_id, _JOBS.c.tenant == tenant, _JOBS.c.kind == kind)
        with database.reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise UnknownEntry(f"no {kind} {job_id}")
        return _job(row)

    def page(self, kind: Kind, *, tenant: str, limit: int, cursor: str | None) -> Page:
        """A tenant's jobs, newest first.

        Raises:
            InvalidRequest: the cursor is not one of ours.
        """
        query = (
            select(_JOBS)
            .where(_JOBS.c.tenant == tenant, _JOBS.c.kind == kind)
            .order_by(_JOBS.c.created_at.desc(), _JOBS.c.id.desc())
            .limit(min(limit, MAX_PAGE) + 1)
        )
        if cursor is not None:
            at, last = _read_cursor(cursor)
            query = query.where(
                or_(_JOBS.c.created_at < at, and_(_JOBS.c.created_at == at, _JOBS.c.id < last))
            )
        with database.reading(self._engine) as connection:
            found = [_job(row) for row in connection.execute(query)]
        shown = found[: min(limit, MAX_PAGE)]
        more = len(found) > len(shown)
        return Page(tuple(shown), _cursor(shown[-1].created_at, shown[-1].id) if more else None)

    def delete(self, job_id: str, *, tenant: str, kind: Kind) -> Job:
        """Forget a finished job.

        Raises:
            UnknownEntry: the tenant has no such job.
            ConflictingEntry: it is not finished.
        """
        job = self.get(job_id, tenant=tenant, kind=kind)
        if job.state not in FINISHED:
            raise ConflictingEntry("the job is not finished; wait for it before deleting it")
        with database.writing(self._engine) as connection:
            connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id == job_id))
            connection.execute(delete(_JOBS).where(_JOBS.c.id == job_id, _JOBS.c.tenant == tenant))
        return job

    def withdraw(self, job_id: str) -> None:
        """Take back a job that could not be queued, as if it had never been entered."""
        with database.writing(self._engine) as connection:
            connection.execute(delete(_IDEMPOTENT).where(_IDEMPOTENT.c.job_id == job_id))
            connection.execute(delete(_JOBS).where(_JOBS.c.id == job_id, _JOBS.c.state == "queued"))

    # For the executor, which serves every tenant

    def find(self, job_id: str) -> Job | None:
        """A job of any tenant."""
        with database.reading(self._engine) as connection:
            row = connection.execute(select(_JOBS).where(_JOBS.c.id == job_id)).one_or_none()
        return None if row is None else _job(row)

    def start(self, job_id: str) -> Job | None:
        """Enter the start of an attempt; None where nothing is left to do."""
        with database.writing(self._engine) as connection:
            row = connection.execute(select(_JOBS).where(_JOBS.c.id == job_id)).one_or_none()
            if row is None or row.state in FINISHED:
                return None
            connection.execute(
                update(_JOBS)
                .where(_JOBS.c.id == job_id)
                .values(state="running", attempts=row.attempts + 1, started_at=row.started_at or clock.now())
            )
            return _job(connection.execute(select(_JOBS).where(_JOBS.c.id == job_id)).one())

    def advance(self, job_id: str, stage: str, progress: float) -> None:
        """Enter how far a running job is, in [0, 1]."""
        with database.writing(self._engine) as connection:
            connection.execute(
                update(_JOBS)
                .where(_JOBS.c.id == job_id, _JOBS.c.state == "running")
                .values(stage=stage[:64], progress=min(max(progress, 0.0), 1.0))
            )

    def finish(
        self, job_id: str, *, result: Mapping[str, Any] | None = None, error: Mapping[str, Any] | None = None
    ) -> None:
        """Enter the end: a result, or the problem that prevented one."""
        with database.writing(self._engine) as connection:
            connection.execute(
                update(_JOBS)
                .where(_JOBS.c.id == job_id, _JOBS.c.state.not_in(FINISHED))
                .values(
                    state="failed" if error is not None else "succeeded",
                    progress=1.0,
                    stage=None,
                    result=result,
                    error=error,
                    finished_at=clock.now(),
                )
            )

    def audio_deleted(self, job_id: str) -> None:
        """Enter that the uploaded file is gone."""
        with database.writing(self._engine) as connection:
            connection.execute(update(_JOBS).where(_JOBS.c.id == job_id).values(audio_deleted_at=clock.now()))

    def unfinished(self) -> list[str]:
        """Ids of the jobs that still have to be done, oldest first."""
        query = select(_JOBS.c.id).where(_JOBS.c.state.not_in(FINISHED)).order_by(_JOBS.c.created_at)
        with database.reading(self._engine) as connection:
            return list(connection.execute(query).scalars())


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)


def _cursor(moment: datetime, job_id: str) -> str:
    text = json.dumps([moment.astimezone(UTC).isoformat(), job_id])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, last = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        if cursor != _cursor(moment, str(uuid.UUID(last))):
            raise ValueError("not one of ours")
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError, binascii.Error) as error:
        raise InvalidRequest("the cursor is not one that a list gave out; start without one") from error
    return moment, last
