"""Exports of a tenant's audits, records and cases: made by a job, fetched as a file, gone after a while."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field

from api.jobs.entering import Idempotency
from api.jobs.exporting import Asked, What
from api.jobs.job import Job, State, Upload
from api.jobs.tables import MEDIA, Form
from api.server.answers import problem_of
from api.server.api_keys import Caller, Scope
from api.server.intake import RETRY_AFTER_S, once_of
from api.server.listing import ShortPaging, Sort, in_utc
from api.server.parts import Needs, Parts, PartsDep
from api.server.route import Route
from api.server.routes.job_files import File, left_behind
from api.server.routes.openapi import problems
from api.server.schemas import Model, Problem
from core import clock
from core.errors import InvalidInput

router = APIRouter(prefix="/v1/exports", tags=["exports"], route_class=Route)
MOST_UNDER_WAY = 4
READS: dict[What, Scope] = {
    "audits": Scope.AUDITS_READ,
    "records": Scope.RECORDS_READ,
    "cases": Scope.AUDITS_READ,
}
"""What a key must be allowed to read, to export it or to fetch such an export."""
Exporter = Annotated[Caller, Depends(Needs(Scope.AUDITS_READ, Scope.RECORDS_READ))]


class ExportRequest(Model):
    """What to take away."""

    what: What = Field(examples=["audits"])
    format: Form = Field(default="parquet", examples=["parquet"])
    created_from: datetime | None = Field(default=None, description="made at this moment or later")
    created_to: datetime | None = Field(default=None, description="made before this moment; now otherwise")


class ExportAnswer(Model):
    """An export and, once it is made, where its file is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "6dd0c4a8-6a3f-4a50-a5ba-5a5f3f1b6a11",
                    "what": "audits",
                    "format": "parquet",
                    "created_from": None,
                    "created_to": "2026-11-28T10:00:00Z",
                    "state": "succeeded",
                    "rows": 1200,
                    "size_bytes": 98304,
                    "sha256": "ab" * 32,
                    "created_at": "2026-11-28T10:00:00Z",
                    "finished_at": "2026-11-28T10:00:02Z",
                    "expires_at": "2026-12-05T10:00:02Z",
                    "problem": None,
                    "links": {
                        "self": "/v1/exports/6dd0c4a8-6a3f-4a50-a5ba-5a5f3f1b6a11",
                        "file": "/v1/exports/6dd0c4a8-6a3f-4a50-a5ba-5a5f3f1b6a11/file",
                    },
                }
            ]
        }
    )

    id: str
    what: What
    format: Form
    created_from: datetime | None
    created_to: datetime
    state: State
    rows: int | None = Field(description="in the file, once it is made")
    size_bytes: int | None
    sha256: str | None = Field(description="of the file")
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None = Field(description="until when the file can be fetched")
    problem: Problem | None
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job, parts: Parts) -> "ExportAnswer":
        """The export as its tenant sees it."""
        asked, result = Asked.of(job.request), job.result or {}
        links = {"self": f"{router.prefix}/{job.id}"}
        links |= {"file": f"{router.prefix}/{job.id}/file"} if job.state == "succeeded" else {}
        kept = timedelta(hours=parts.settings.export_hours)
        return cls(
            id=job.id,
            what=asked.what,
            format=asked.form,
            created_from=asked.since,
            created_to=asked.until,
            state=job.state,
            rows=result.get("rows"),
            size_bytes=result.get("size_bytes"),
            sha256=result.get("sha256"),
            created_at=job.created_at,
            finished_at=job.finished_at,
            expires_at=None if job.finished_at is None else job.finished_at + kept,
            problem=None if job.error is None else Problem(**problem_of(job.error)),
            links=links,
        )


class ExportList(Model):
    """Exports that were not erased yet, newest first unless sorted otherwise."""

    items: list[ExportAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


def _mine(export_id: str, parts: PartsDep, caller: Exporter) -> Job:
    """An export of the tenant that the caller may read; raises `UnknownEntry`, `Forbidden`."""
    job = parts.jobs.get(export_id, tenant=caller.tenant, kind="export")
    caller.require(READS[Asked.of(job.request).what])
    return job


Mine = Annotated[Job, Depends(_mine)]


@router.post(
    "",
    status_code=202,
    operation_id="createExport",
    summary="Export a table",
    responses=problems(409, 422),
)
def create(
    wanted: ExportRequest, request: Request, response: Response, parts: PartsDep, caller: Exporter
) -> ExportAnswer:
    """Make one table of audits, records or cases, as a job. Follow `Location`; then fetch `links.file`."""
    once = once_of(request, wanted.model_dump_json().encode(), parts)
    job = begun(wanted, parts, caller, once)
    response.headers["Location"] = f"{router.prefix}/{job.id}"
    response.headers["Retry-After"] = RETRY_AFTER_S
    return ExportAnswer.of(job, parts)


def begun(wanted: ExportRequest, parts: Parts, caller: Caller, once: Idempotency | None = None) -> Job:
    """The job that makes an export.

    Args:
        wanted: what to take away.
        parts: of the application.
        caller: who asks.
        once: what tells the request from another, where it may come again.

    Raises:
        Forbidden: the caller may not read it.
        InvalidInput: nothing could be in it.
        TooManyJobs: the tenant has as many under way as it may.
    """
    caller.require(READS[wanted.what])
    now = clock.now()
    since, until = in_utc("created_from", wanted.created_from), in_utc("created_to", wanted.created_to)
    asked = Asked(wanted.what, wanted.format, since, min(until or now, now))
    if since is not None and since >= asked.until:
        raise InvalidInput("created_from lies behind created_to, or ahead of us: nothing could be found")
    kept = {
        **{"what": asked.what, "form": asked.form, "by": caller.by},
        **{"since": None if since is None else since.isoformat(), "until": asked.until.isoformat()},
    }
    nothing = Upload(asked.file, "", "", 0)
    job, _ = parts.jobs.create("export", caller.tenant, nothing, kept, once, most=MOST_UNDER_WAY)
    parts.wake()
    return job


def exportable(caller: Caller) -> list[What]:
    """What a caller may export."""
    return [what for what, scope in READS.items() if {scope, Scope.ADMIN} & caller.scopes]


def readable(parts: Parts, caller: Caller) -> list[Job]:
    """The tenant's exports of what the caller may read."""
    jobs, may = parts.jobs.of_kind("export", tenant=caller.tenant), exportable(caller)
    return [job for job in jobs if Asked.of(job.request).what in may]


@router.get("", operation_id="listExports", summary="List exports", responses=problems(422))
def list_exports(
    parts: PartsDep, caller: Exporter, paging: ShortPaging, sort: Sort = "-created_at"
) -> ExportList:
    """The tenant's exports of what the caller may read; `name` is `audits.csv` and the like."""
    shown, more = paging.short(sort, more=" ".join(exportable(caller))).page(
        readable(parts, caller),
        lambda job: (job.id, job.file_name, job.created_at),
        (caller.tenant, "exports"),
        parts.cursors,
    )
    return ExportList(items=[ExportAnswer.of(job, parts) for job in shown], next=more)


@router.get("/{export_id}", operation_id="getExport", summary="Follow an export", responses=problems(404))
def get(job: Mine, response: Response, parts: PartsDep) -> ExportAnswer:
    """How far an export has come."""
    if job.finished_at is None:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return ExportAnswer.of(job, parts)


@router.get(
    "/{export_id}/file",
    operation_id="getExportFile",
    summary="Fetch an export",
    response_class=Response,
    responses={
        200: {"content": {media.partition(";")[0]: {} for media in MEDIA.values()}},
        **problems(404, 409, 422),
    },
)
def file(job: Mine, request: Request, parts: PartsDep, caller: Exporter) -> Response:
    """The file, with its digest in `Content-Digest`."""
    asked = Asked.of(job.request)
    made = File(asked.file, MEDIA[asked.form], asked.file)
    return left_behind("export", job.id, request, parts, caller, lambda _job: made)


@router.delete(
    "/{export_id}",
    status_code=204,
    operation_id="deleteExport",
    summary="Erase an export",
    responses=problems(404, 409),
)
def delete(job: Mine, parts: PartsDep, caller: Exporter) -> None:
    """Erase an export before it expires; one that is under way is stopped."""
    parts.worker.files.discard(parts.jobs.delete(job.id, tenant=caller.tenant, kind="export"))
