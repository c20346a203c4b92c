"""Batches: one manifest makes audits of many uploads; results come page by page or as a table."""

import json
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.jobs.batches import Batch, Result
from api.jobs.tables import MEDIA
from api.server import batch_table
from api.server.answers import problem_of
from api.server.batch_table import COLUMNS, flat
from api.server.idempotency import claimed
from api.server.intake import RETRY_AFTER_S, count_upload
from api.server.listing import Cursor, Limit
from api.server.manifest import CSV, JSON, MOST_BYTES, wishes_of
from api.server.parts import AuditReader, AuditWriter, Parts, PartsDep, begin
from api.server.refusals import UploadTooLarge
from api.server.route import Route
from api.server.routes import audits
from api.server.routes.openapi import problems
from api.server.schemas import Model, Problem

router = APIRouter(prefix="/v1/batches", tags=["batches"], route_class=Route)

_MANIFEST: dict[str, Any] = {
    JSON: {
        "schema": {
            "type": "object",
            "required": ["items"],
            "properties": {
                "items": {"type": "array", "minItems": 1, "items": {"type": "object"}},
                "defaults": {"type": "object"},
            },
        },
        "example": {
            "defaults": {"checks": "watermark,fingerprint,music"},
            "items": [{"upload_id": "0123456789abcdef0123456789abcdef", "reference": "EX-0001"}],
        },
    },
    CSV: {
        "schema": {"type": "string"},
        "example": "reference,upload_id,artist\r\nEX-0001,0123456789abcdef0123456789abcdef,Ada Example\r\n",
    },
}


class BatchAnswer(Model):
    """A batch and how far it has come."""

    id: str = Field(examples=["0123456789abcdef0123456789abcdef"])
    sha256: str = Field(description="of the manifest", examples=["ab" * 32])
    rows: int = Field(examples=[3])
    states: dict[str, int] = Field(
        description="rows by state: those of audits, and `waiting`, `refused` and `erased`",
        examples=[{"succeeded": 1, "running": 1, "refused": 1}],
    )
    progress: float = Field(ge=0, le=1, description="the part of the rows that has ended")
    created_at: datetime
    cancelled_at: datetime | None = Field(description="when it was asked to stop")
    completed_at: datetime | None = Field(description="when the last row had ended")
    links: dict[str, str]

    @classmethod
    def of(cls, batch: Batch) -> "BatchAnswer":
        """The batch as clients see it."""
        here = f"{router.prefix}/{batch.id}"
        open_ones = sum(batch.states.get(state, 0) for state in ("waiting", "queued", "running"))
        return cls(
            **vars(batch),
            progress=1 - open_ones / batch.rows,
            links={"self": here, "results": f"{here}/results", "table": f"{here}/table"},
        )


class BatchPage(Model):
    """Batches, newest first."""

    items: list[BatchAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


class BatchResult(Model):
    """A row of a batch and what became of it."""

    row: int = Field(description="from 1, in the order of the manifest", examples=[1])
    reference: str | None = Field(examples=["EX-0001"])
    upload_id: str | None = Field(examples=["0123456789abcdef0123456789abcdef"])
    uri: str | None = Field(description="of an object that was fetched", examples=[None])
    audit_id: str | None
    state: str = Field(examples=["succeeded"])
    file: str | None = Field(description="escape it before display", examples=["song.wav"])
    sha256: str | None
    decision: str | None = Field(examples=["review"])
    ownership: str | None = Field(examples=["no_record"])
    record_id: str | None
    ai_verdict: str | None = Field(examples=["uncertain"])
    ai_score: float | None
    problem: Problem | None = Field(description="why the row was refused, or its audit failed")
    links: dict[str, str]

    @classmethod
    def of(cls, result: Result) -> "BatchResult":
        """The row as clients see it."""
        told = {name: value for name, value in flat(result).items() if name not in ("problem", "detail")}
        problem = None if result.problem is None else Problem(**problem_of(result.problem))
        here = {} if result.audit_id is None else {"audit": f"{audits.router.prefix}/{result.audit_id}"}
        return cls(**told, uri=result.uri, problem=problem, links=here)


class BatchResults(Model):
    """Rows of a batch, in the order of the manifest."""

    items: list[BatchResult]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


@router.post(
    "",
    status_code=202,
    operation_id="createBatch",
    summary="Audit many uploads",
    responses=problems(413, 415, 422),
    openapi_extra={
        "requestBody": {"required": True, "content": _MANIFEST},
    },
)
async def create(
    request: Request, response: Response, after: BackgroundTasks, parts: PartsDep, caller: AuditWriter
) -> BatchAnswer:
    """Make an audit of every row of a manifest. A wrong row is listed with its reason and stops no other.

    A row names an `upload_id`, or by `uri` an object (`s3://bucket/key`) where the operator allows that.
    """
    count_upload(request, parts, caller)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise UploadTooLarge(f"a manifest has at most {MOST_BYTES} bytes")
    media = request.headers.get("content-type", "")
    await begin(request, caller, parts, media.encode() + b"\n" + bytes(body))
    registry = parts.registry.for_tenant(caller.tenant)
    sources = parts.worker.batches.sources
    wishes = await run_in_threadpool(
        wishes_of,
        bytes(body),
        media,
        lambda sent: {**audits.wishes(sent, registry), "by": caller.by},
        lambda uri: sources.check(uri, caller.tenant),
    )
    once = claimed(request)
    batch_id = secrets.token_hex(16) if once is None else once.event[:32]
    digest = sha256(body).hexdigest()
    batch = await run_in_threadpool(
        parts.worker.batches.create, batch_id, caller.tenant, wishes, sha256=digest
    )
    after.add_task(_spread, parts, batch_id)
    response.headers["Location"] = f"{router.prefix}/{batch_id}"
    response.headers["Retry-After"] = RETRY_AFTER_S
    return BatchAnswer.of(batch)


def _spread(parts: Parts, batch_id: str) -> None:
    """Make jobs of the rows; where this process dies in it, a sweep goes on."""
    parts.worker.batches.spread(batch_id)
    parts.worker.wake()


@router.get("", operation_id="listBatches", summary="List batches", responses=problems(422))
def list_batches(parts: PartsDep, caller: AuditReader, limit: Limit = 50, cursor: Cursor = None) -> BatchPage:
    """The tenant's batches, newest first."""
    batches = parts.worker.batches
    shown, more = batches.page(caller.tenant, limit=limit, cursor=cursor, cursors=parts.cursors)
    return BatchPage(items=[BatchAnswer.of(one) for one in shown], next=more)


@router.get("/{batch_id}", operation_id="getBatch", summary="Follow a batch", responses=problems(404))
def get(batch_id: str, response: Response, parts: PartsDep, caller: AuditReader) -> BatchAnswer:
    """How far a batch has come. The event `batch.completed` tells when the last of it has ended."""
    batch = parts.worker.batches.get(batch_id, caller.tenant)
    if batch.completed_at is None:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return BatchAnswer.of(batch)


@router.post(
    "/{batch_id}/cancel",
    operation_id="cancelBatch",
    summary="Stop a batch",
    responses=problems(404),
)
def cancel(batch_id: str, parts: PartsDep, caller: AuditWriter) -> BatchAnswer:
    """End what waits at once; what runs stops at its next step. What has ended stays."""
    return BatchAnswer.of(parts.worker.batches.cancel(batch_id, caller.tenant))


@router.delete(
    "/{batch_id}",
    status_code=204,
    operation_id="deleteBatch",
    summary="Forget a batch",
    responses=problems(404),
)
def delete(batch_id: str, parts: PartsDep, caller: AuditWriter) -> None:
    """Forget the manifest and its references; the audits stay, and rows that wait become none."""
    parts.worker.batches.remove(batch_id, caller.tenant)


@router.get(
    "/{batch_id}/results",
    operation_id="listBatchResults",
    summary="Results of a batch",
    responses=problems(404, 422),
)
def results(
    batch_id: str, parts: PartsDep, caller: AuditReader, limit: Limit = 50, cursor: Cursor = None
) -> BatchResults:
    """Every row and what became of it, in the order of the manifest, also while the batch runs."""
    about = json.dumps([caller.tenant, "batch results", batch_id])
    last = 0 if cursor is None else int(parts.cursors.read(cursor, about)[0])
    found = parts.worker.batches.results(batch_id, caller.tenant, after=last, limit=limit + 1)
    shown = found[:limit]
    more = parts.cursors.sign((str(shown[-1].row), ""), about) if len(found) > limit else None
    return BatchResults(items=[BatchResult.of(one) for one in shown], next=more)


@router.get(
    "/{batch_id}/table",
    operation_id="getBatchTable",
    summary="Results as a table",
    description=f"All rows as one table with the columns {', '.join(COLUMNS)}.",
    response_class=Response,
    responses={
        200: {"content": {CSV: {}, "application/vnd.apache.parquet": {}}},
        **problems(404, 422),
    },
)
def table(
    batch_id: str,
    parts: PartsDep,
    caller: AuditReader,
    form: Annotated[Literal["csv", "parquet"], Query(alias="format", description="of the table")] = "csv",
) -> Response:
    """All rows as one table."""
    batches = parts.worker.batches
    batches.get(batch_id, caller.tenant)
    body = batch_table.table(batches, batch_id, caller.tenant, form)
    name = f'attachment; filename="{batch_id}.{form}"'
    return Response(body, media_type=MEDIA[form], headers={"Content-Disposition": name})
