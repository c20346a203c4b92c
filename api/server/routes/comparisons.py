"""Comparisons: send an original and a suspected copy, follow the job, hear both."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api.audit.findings import SEARCHES
from api.compare.comparison import ROLES, Alignment, Role, Shared
from api.jobs.job import Job, State, Upload
from api.jobs.work import LISTENING_COPY, OUTLINE, of_role
from api.server import fields
from api.server.api_keys import Caller
from api.server.intake import discard, inspect, once_of, received
from api.server.listing import ComparisonFilters, Paging, States
from api.server.multipart import Form
from api.server.parts import AuditReader, AuditWriter, Parts, PartsDep
from api.server.public_shapes import Outline
from api.server.route import Route
from api.server.routes import job_files, readable
from api.server.routes.job_files import File, accepted, follow, left_behind
from api.server.routes.openapi import UPLOAD_ID, form, problems
from api.server.schemas import FINDINGS_EXAMPLE, Model, Problem, common

router = APIRouter(prefix="/v1/comparisons", tags=["comparisons"], route_class=Route)

UPLOAD_IDS: Mapping[str, str] = {f"{role}_upload_id": role for role in ROLES}
_FORM = form(
    {"original": "the recording that may have been used", "suspect": "the recording that may hold it"},
    {
        **{name: {**UPLOAD_ID, "description": f"instead of `{role}`"} for name, role in UPLOAD_IDS.items()},
        "retain": {"type": "boolean", "default": False, "description": "keep the audio, to hear both"},
        "search": {
            "type": "string",
            "enum": list(SEARCHES),
            "description": "how far to look for marks; the service's setting otherwise",
        },
        "priority": job_files.PRIORITY,
    },
    [],
)
_FORM["requestBody"]["content"]["multipart/form-data"]["schema"]["allOf"] = [
    {"oneOf": [{"required": [role]}, {"required": [name]}]} for name, role in UPLOAD_IDS.items()
]
_SIDE = {
    name: FINDINGS_EXAMPLE[name]
    for name in ("file", "sha256", "duration_s", "media", "watermark", "credentials", "fingerprint")
} | {name: FINDINGS_EXAMPLE[name] for name in ("ownership", "checks", "warnings")}


class FileSent(Model):
    """One of the two files, as it was sent."""

    file: str = Field(description="its name as uploaded: escape it before display")
    sha256: str
    size_bytes: int


class Compared(Model):
    """What was found: `trackmark compare --json` prints the same."""

    original: dict[str, Any] = Field(description="what is known of it, as in an audit's findings")
    suspect: dict[str, Any]
    same_bytes: bool = Field(description="both are the same file")
    alignment: Alignment
    elapsed_s: float


class ComparisonAnswer(Model):
    """A comparison: queued, running, or finished with what was found or a problem."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0b8f6a52-6d1c-4a0e-9a39-6f0f7f6f8c11",
                    "state": "succeeded",
                    "stage": None,
                    "progress": 1.0,
                    "attempts": 1,
                    "priority": "normal",
                    "cancel_requested_at": None,
                    "original": {"file": "song.mp3", "sha256": _SIDE["sha256"], "size_bytes": 7340032},
                    "suspect": {"file": "clip.mp3", "sha256": "cd" * 32, "size_bytes": 734003},
                    "created_at": "2026-11-22T10:00:00Z",
                    "started_at": "2026-11-22T10:00:01Z",
                    "finished_at": "2026-11-22T10:00:21Z",
                    "audio_deleted_at": "2026-11-22T10:00:21Z",
                    "comparison": {
                        "original": _SIDE,
                        "suspect": {**_SIDE, "file": "clip.mp3", "sha256": "cd" * 32, "duration_s": 31.0},
                        "same_bytes": False,
                        "alignment": {
                            "outcome": "done",
                            "reason": None,
                            "score": 0.94,
                            "stretches": [
                                {
                                    "start_s": 0.0,
                                    "end_s": 31.0,
                                    "original_start_s": 42.0,
                                    "original_end_s": 74.86,
                                    "speed": 1.06,
                                    "pitch_semitones": 1.009,
                                    "p_value": 1e-12,
                                }
                            ],
                        },
                        "elapsed_s": 6.2,
                    },
                    "problem": None,
                    "links": {
                        "self": "/v1/comparisons/0b8f6a52-6d1c-4a0e-9a39-6f0f7f6f8c11",
                        "report": "/v1/comparisons/0b8f6a52-6d1c-4a0e-9a39-6f0f7f6f8c11/report",
                    },
                }
            ]
        }
    )

    id: str
    state: State
    stage: str | None
    progress: float = Field(ge=0, le=1)
    attempts: int = Field(description="how often it was started", examples=[1])
    priority: Literal["low", "normal", "high"] = Field(examples=["normal"])
    cancel_requested_at: datetime | None = Field(description="when it was asked to stop at its next step")
    original: FileSent
    suspect: FileSent
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    audio_deleted_at: datetime | None = Field(description="when the uploaded audio was erased")
    comparison: Compared | None
    problem: Problem | None
    links: dict[str, str]

    @classmethod
    def of(cls, job: Job) -> "ComparisonAnswer":
        """The comparison as clients see it."""
        told, suspect = common(job), job.request["suspect"]
        original = {name: told.pop(name) for name in ("file", "sha256", "size_bytes")}
        named = {"file": suspect["name"], "sha256": suspect["sha256"], "size_bytes": suspect["size_bytes"]}
        links = {"self": f"{router.prefix}/{job.id}"}
        if job.state == "succeeded":
            links["report"] = f"{router.prefix}/{job.id}/report"
        return cls(
            **told,
            original=FileSent(**original),
            suspect=FileSent(**named),
            comparison=None if job.result is None else compared(job.result),
            links=links,
        )


class ComparisonPage(Model):
    """Comparisons, newest first."""

    items: list[ComparisonAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


def compared(result: Mapping[str, Any]) -> Compared:
    """A job's result, with values in the place of JSON."""
    told = result["alignment"]
    alignment = Alignment(**{**told, "stretches": tuple(Shared(**one) for one in told["stretches"])})
    return Compared(**{**result, "alignment": alignment})


async def submit(request: Request, parts: Parts, caller: Caller) -> Job:
    """Receive both files and make them a comparison, once per `Idempotency-Key`."""
    async with received(request, parts, caller, UPLOAD_IDS) as sent:
        fields.only(sent.fields, ("retain", "search", "priority"))
        wishes = {
            "retain": fields.flag(sent.fields, "retain"),
            "search": fields.choice(sent.fields, "search", SEARCHES, None),
            **job_files.priority(sent.fields),
        }
        original, suspect = (sent.one_file(role) for role in ROLES)
        for upload in (original, suspect):
            await inspect(sent, upload, parts, caller)
        return await _enter(request, parts, caller, sent, original, suspect, wishes)


async def _enter(
    request: Request,
    parts: Parts,
    caller: Caller,
    sent: Form,
    original: Upload,
    suspect: Upload,
    wishes: Mapping[str, Any],
) -> Job:
    kept = {
        **wishes,
        "by": caller.by,
        "also_stored": [suspect.stored],
        "also_sha256": [suspect.sha256],
        "suspect": {"name": suspect.name, "sha256": suspect.sha256, "size_bytes": suspect.size_bytes},
    }
    once = once_of(request, sent.meaning(), parts)
    with sent.entering():
        job, new = await run_in_threadpool(
            parts.jobs.create, "comparison", caller.tenant, original, kept, once
        )
    if not new:
        await discard(sent, parts)
        request.state.replayed = True
    parts.wake()
    return job


@router.post(
    "",
    status_code=202,
    operation_id="createComparison",
    summary="Compare two files",
    responses=problems(404, 409, 413, 415, 422),
    openapi_extra=_FORM,
)
async def create(
    request: Request, response: Response, parts: PartsDep, caller: AuditWriter
) -> ComparisonAnswer:
    """Accept an original and a suspected copy: is one heard in the other, where, and at which speed?"""
    job = await submit(request, parts, caller)
    return ComparisonAnswer.of(accepted(job, router.prefix, request, response))


@router.get("", operation_id="listComparisons", summary="List comparisons", responses=problems(422))
def list_comparisons(
    parts: PartsDep,
    caller: AuditReader,
    paging: Paging,
    found: Annotated[ComparisonFilters, Depends()],
    state: States = None,
) -> ComparisonPage:
    """The tenant's comparisons, newest first unless sorted otherwise, found by either file."""
    page = parts.lists.page("comparison", caller.tenant, paging.wanted(found, state))
    return ComparisonPage(items=[ComparisonAnswer.of(job) for job in page.jobs], next=page.next)


@router.get(
    "/{comparison_id}", operation_id="getComparison", summary="Follow a comparison", responses=problems(404)
)
def get(comparison_id: str, response: Response, parts: PartsDep, caller: AuditReader) -> ComparisonAnswer:
    """The comparison's state and, once it succeeded, what was found."""
    return ComparisonAnswer.of(follow("comparison", comparison_id, parts, caller, response))


@router.post(
    "/{comparison_id}/cancel",
    operation_id="cancelComparison",
    summary="Stop a comparison",
    responses=problems(404, 409),
)
def cancel(comparison_id: str, parts: PartsDep, caller: AuditWriter) -> ComparisonAnswer:
    """End what waits at once. What runs stops at its next step: follow it until it is `cancelled`."""
    return ComparisonAnswer.of(job_files.cancel("comparison", comparison_id, parts, caller))


@router.post(
    "/{comparison_id}/retry",
    status_code=202,
    operation_id="retryComparison",
    summary="Try a comparison again",
    responses=problems(404, 409),
)
def retry(
    comparison_id: str, request: Request, response: Response, parts: PartsDep, caller: AuditWriter
) -> ComparisonAnswer:
    """Queue what failed, expired or was cancelled, while its audio is kept."""
    job = job_files.retry("comparison", comparison_id, parts, caller)
    return ComparisonAnswer.of(accepted(job, router.prefix, request, response))


@router.delete(
    "/{comparison_id}",
    status_code=204,
    operation_id="deleteComparison",
    summary="Erase a comparison",
    responses=problems(404, 409),
)
def delete(comparison_id: str, parts: PartsDep, caller: AuditWriter) -> None:
    """Erase a comparison with its findings, report and audio; one that has not ended is stopped."""
    parts.worker.files.discard(parts.jobs.delete(comparison_id, tenant=caller.tenant, kind="comparison"))


@router.get(
    "/{comparison_id}/report",
    operation_id="getComparisonReport",
    summary="Signed report of a comparison",
    response_class=JSONResponse,
    responses=readable.RESPONSES,
)
async def report(
    comparison_id: str,
    request: Request,
    parts: PartsDep,
    caller: AuditReader,
    asked: readable.FormatQuery = None,
    language: readable.LanguageQuery = "en",
) -> Response:
    """The signed report; as a page or PDF with `format`, or where `Accept` prefers one.

    Page and PDF repeat what is signed, checked with this registry's keys; the PDF carries the signed file.
    A failed comparison answers with the problem that made it fail; one of an earlier release left no report.
    """
    return await readable.report("comparison", comparison_id, request, parts, caller, asked, language)


@router.get(
    "/{comparison_id}/{role}/outline",
    operation_id="getComparedOutline",
    summary="Waveform of one file",
    response_class=Response,
    responses={200: {"model": Outline}, **problems(404, 409, 422)},
)
def outline(
    comparison_id: str, role: Role, request: Request, parts: PartsDep, caller: AuditReader
) -> Response:
    """The waveform for a player: lowest and highest sample of equal stretches."""
    file = File(of_role(role, OUTLINE), "application/json")
    return left_behind("comparison", comparison_id, request, parts, caller, lambda _job: file)


@router.get(
    "/{comparison_id}/{role}/sound",
    operation_id="getComparedSound",
    summary="Listen to one file",
    response_class=Response,
    responses={200: {"content": {"audio/mpeg": {}}}, **problems(404, 409, 422)},
)
def sound(comparison_id: str, role: Role, request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """A copy to listen to, of audio that was retained; not the file that was compared."""
    file = File(of_role(role, LISTENING_COPY), "audio/mpeg")
    return left_behind("comparison", comparison_id, request, parts, caller, lambda _job: file)
