"""How a job is entered: once for each request, and not more of them than a tenant may have."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from api import telemetry
from api.database.tables import Table
from api.errors import IdempotencyConflict, TooManyJobs
from api.jobs import finding
from api.jobs.job import FINISHED, PRIORITIES, Job, Kind, Upload
from api.registry.artists import new_artist_id
from core import clock
from provenance.records.record import new_record_id

_JOBS = Table.metadata.tables["jobs"]
_IDEMPOTENT = Table.metadata.tables["idempotent_requests"]


@dataclass(frozen=True)
class Idempotency:
    """The `Idempotency-Key` of a request and the digest of what it asked for."""

    key: str
    digest: str
    lifetime: timedelta


def enter(
    connection: Connection,
    kind: Kind,
    tenant: str,
    upload: Upload,
    request: Mapping[str, Any],
    once: Idempotency | None,
    most: int | None,
) -> tuple[Job, bool]:
    """Enter a job in an open transaction; arguments, result and errors as in `Jobs.create`."""
    now, job_id = clock.now(), str(uuid.uuid4())
    earlier = None if once is None else _earlier(connection, kind, tenant, once, now)
    if earlier is not None:
        return _found(connection, earlier), False
    if most is not None and _under_way(connection, kind, tenant) >= most:
        raise TooManyJobs(f"{most} such requests are under way; send fewer at once")
    kept = {**request, "stored": upload.stored}
    if kind == "track":
        kept["record_id"] = new_record_id()
    if kind == "enrolment":
        kept["artist_id"] = new_artist_id()
    if once is not None:
        said = {"tenant": tenant, "route": kind, "key": once.key, "digest": once.digest}
        connection.execute(insert(_IDEMPOTENT).values(**said, job_id=job_id, created_at=now))
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
            priority=PRIORITIES[request.get("priority") or "normal"],
            trace=telemetry.traceparent(),
        )
    )
    job = _found(connection, job_id)
    finding.enter(connection, job)
    return job, True


def _earlier(connection: Connection, kind: Kind, tenant: str, once: Idempotency, now: datetime) -> str | None:
    """The id of the job that the same request made before."""
    of_kind = _IDEMPOTENT.c.route == kind
    connection.execute(delete(_IDEMPOTENT).where(of_kind, _IDEMPOTENT.c.created_at < now - once.lifetime))
    mine = (_IDEMPOTENT.c.tenant == tenant, of_kind, _IDEMPOTENT.c.key == once.key)
    earlier = connection.execute(select(_IDEMPOTENT).where(*mine)).one_or_none()
    if earlier is None:
        return None
    if earlier.digest != once.digest:
        raise IdempotencyConflict(
            "this Idempotency-Key was used with another file or other parameters; use a new key"
        )
    return str(earlier.job_id)


def _found(connection: Connection, job_id: str) -> Job:
    return Job(**connection.execute(select(_JOBS).where(_JOBS.c.id == job_id)).one()._mapping)


def _under_way(connection: Connection, kind: Kind, tenant: str) -> int:
    """How many jobs of a kind the tenant has that have not ended."""
    open_ones = (_JOBS.c.kind == kind, _JOBS.c.tenant == tenant, _JOBS.c.state.not_in(FINISHED))
    return int(connection.execute(select(func.count()).select_from(_JOBS).where(*open_ones)).scalar_one())
