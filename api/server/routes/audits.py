"""Audits: upload a file, follow the job, fetch the signed report and the picture."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from api.audit.asked import ALL, NAMES
from api.audit.findings import SEARCHES
from api.audit.policy_text import parse_policy
from api.jobs.job import Job
from api.jobs.work import LISTENING_COPY, OUTLINE, PICTURE, SPECTROGRAM
from api.registry.registry import Registry
from api.server import fields
from api.server.api_keys import Caller
from api.server.intake import accept, received
from api.server.listing import AuditFilters, Paging, States
from api.server.parts import AuditReader, AuditWriter, Parts, PartsDep
from api.server.public_shapes import Outline
from api.server.route import Route
from api.server.routes import job_files, readable
from api.server.routes.job_files import File, accepted, follow, left_behind
from api.server.routes.openapi import UPLOAD_ID, form, problems
from api.server.schemas import AuditAnswer, AuditPage
from core.errors import InvalidInput, TrackmarkError

router = APIRouter(prefix="/v1/audits", tags=["audits"], route_class=Route)

_FORM = form(
    {"file": "the audio file"},
    {
        "upload_id": UPLOAD_ID,
        "artist": {"type": "string", "description": "compare the vocals with this enrolled artist only"},
        "checks": {
            "type": "string",
            "description": f"comma-separated, out of {', '.join(NAMES)}; all but the last unless given",
            "example": ",".join(ALL),
        },
        "policy": {"type": "string", "description": "a policy as TOML; the default policy otherwise"},
        "retain": {"type": "boolean", "default": False, "description": "keep the audio after the audit"},
        "search": {
            "type": "string",
            "enum": list(SEARCHES),
            "description": "how far to look for the mark; the service's setting otherwise",
        },
        "priority": job_files.PRIORITY,
    },
    [],
)


async def submit(request: Request, parts: Parts, caller: Caller) -> Job:
    """Receive an upload and make it an audit."""
    async with received(request, parts, caller) as form:
        asked = await run_in_threadpool(wishes, form.fields, parts.registry.for_tenant(caller.tenant))
        return await accept("audit", request, parts, caller, form, asked)


def wishes(sent: Mapping[str, str], registry: Registry) -> dict[str, Any]:
    """What the audit shall do; asks the registry for the artist, and tries the policy."""
    fields.only(sent, ("artist", "checks", "policy", "retain", "search", "priority"))
    policy = sent.get("policy", "").strip() or None
    artist = fields.text(sent, "artist", limit=200)
    if artist is not None:
        artist = registry.artists.find(artist).name
    if policy is not None:
        _check_policy(policy)
    return {
        "artist": artist,
        "checks": fields.words(sent, "checks", NAMES),
        "policy": policy,
        "retain": fields.flag(sent, "retain"),
        "search": fields.choice(sent, "search", SEARCHES, None),
        **job_files.priority(sent),
    }


def _check_policy(policy: str) -> None:
    try:
        parse_policy(policy.encode())
    except TrackmarkError as error:
        raise InvalidInput(f"policy: {error}") from error


@router.post(
    "",
    status_code=202,
    operation_id="createAudit",
    summary="Audit a file",
    responses=problems(404, 409, 413, 415, 422),
    openapi_extra=_FORM,
)
async def create(request: Request, response: Response, parts: PartsDep, caller: AuditWriter) -> AuditAnswer:
    """Accept a file for audit. Follow `Location` until the state is neither `queued` nor `running`."""
    return AuditAnswer.of(accepted(await submit(request, parts, caller), "/v1/audits", request, response))


@router.get("", operation_id="listAudits", summary="List audits", responses=problems(422))
def list_audits(
    parts: PartsDep,
    caller: AuditReader,
    paging: Paging,
    found: Annotated[AuditFilters, Depends()],
    state: States = None,
) -> AuditPage:
    """The tenant's audits, newest first unless sorted otherwise, found by any of their terms together."""
    page = parts.lists.page("audit", caller.tenant, paging.wanted(found, state))
    return AuditPage(items=[AuditAnswer.of(job) for job in page.jobs], next=page.next)


@router.get("/{audit_id}", operation_id="getAudit", summary="Follow an audit", responses=problems(404))
def get(audit_id: str, response: Response, parts: PartsDep, caller: AuditReader) -> AuditAnswer:
    """The audit's state and, once it succeeded, its findings."""
    return AuditAnswer.of(follow("audit", audit_id, parts, caller, response))


@router.post(
    "/{audit_id}/cancel",
    operation_id="cancelAudit",
    summary="Stop an audit",
    responses=problems(404, 409),
)
def cancel(audit_id: str, parts: PartsDep, caller: AuditWriter) -> AuditAnswer:
    """End what waits at once. What runs stops at its next step: follow it until it is `cancelled`."""
    return AuditAnswer.of(job_files.cancel("audit", audit_id, parts, caller))


@router.post(
    "/{audit_id}/retry",
    status_code=202,
    operation_id="retryAudit",
    summary="Try an audit again",
    responses=problems(404, 409),
)
def retry(
    audit_id: str, request: Request, response: Response, parts: PartsDep, caller: AuditWriter
) -> AuditAnswer:
    """Queue what failed, expired or was cancelled, while its audio is kept."""
    job = job_files.retry("audit", audit_id, parts, caller)
    return AuditAnswer.of(accepted(job, "/v1/audits", request, response))


@router.delete(
    "/{audit_id}",
    status_code=204,
    operation_id="deleteAudit",
    summary="Erase an audit",
    responses=problems(404, 409),
)
def delete(audit_id: str, parts: PartsDep, caller: AuditWriter) -> None:
    """Erase an audit with its findings, report, picture and audio; one that has not ended is stopped."""
    parts.worker.files.discard(parts.jobs.delete(audit_id, tenant=caller.tenant, kind="audit"))


@router.get(
    "/{audit_id}/report",
    operation_id="getAuditReport",
    summary="Signed report",
    response_class=JSONResponse,
    responses=readable.RESPONSES,
)
async def report(
    audit_id: str,
    request: Request,
    parts: PartsDep,
    caller: AuditReader,
    asked: readable.FormatQuery = None,
    language: readable.LanguageQuery = "en",
) -> Response:
    """The signed report; as a page or PDF with `format`, or where `Accept` prefers one.

    Page and PDF repeat what is signed, checked with this registry's keys; the PDF carries the signed file.
    A failed audit answers with the problem that made it fail.
    """
    return await readable.report("audit", audit_id, request, parts, caller, asked, language)


def _file(name: str, media: str) -> Callable[[str, Request, PartsDep, AuditReader], Response]:
    """The route of a file that a finished audit left."""

    def fetch(audit_id: str, request: Request, parts: PartsDep, caller: AuditReader) -> Response:
        return left_behind("audit", audit_id, request, parts, caller, lambda _job: File(name, media))

    return fetch


# path: operation id, summary, file, media type, description
_FILES = {
    "picture": (
        "getAuditPicture",
        "Picture of the findings",
        PICTURE,
        "image/png",
        "Waveform and spectrogram with the timelines of watermark and scores.",
    ),
    "spectrogram": (
        "getAuditSpectrogram",
        "Spectrogram",
        SPECTROGRAM,
        "image/png",
        "The spectrogram without axes: the whole file, up to 16 kHz or half the sample rate.",
    ),
    "outline": (
        "getAuditOutline",
        "Waveform",
        OUTLINE,
        "application/json",
        "The waveform for a player: lowest and highest sample of equal stretches.",
    ),
    "sound": (
        "getAuditSound",
        "Listen",
        LISTENING_COPY,
        "audio/mpeg",
        "A copy to listen to, of audio that was retained; not the file that was audited.",
    ),
}
for _path, (_operation, _summary, _name, _media, _description) in _FILES.items():
    router.add_api_route(
        f"/{{audit_id}}/{_path}",
        _file(_name, _media),
        operation_id=_operation,
        summary=_summary,
        description=_description,
        response_class=Response,
        responses={
            200: {"model": Outline} if _name == OUTLINE else {"content": {_media: {}}},
            **problems(404, 409, 422),
        },
    )
