"""Tracks: upload a file and have it marked, registered and given back with credentials."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.errors import KeptNoLonger
from api.jobs.job import Job
from api.server import fields
from api.server.intake import accept, received
from api.server.listing import Paging, States, TrackFilters
from api.server.parts import PartsDep, TrackWriter
from api.server.route import Route
from api.server.routes import job_files
from api.server.routes.job_files import File, accepted, follow, left_behind
from api.server.routes.openapi import UPLOAD_ID, form, problems
from api.server.schemas import TrackAnswer, TrackPage
from core.errors import InvalidInput, RecordError
from provenance.records import identifiers

router = APIRouter(prefix="/v1/tracks", tags=["tracks"], route_class=Route)

FORMATS = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
}
_FIELDS = ("title", "owner", "isrc", "ai", "generator", "format", "strength", "retain", "priority")
_FORM = form(
    {"file": "the audio file"},
    {
        "upload_id": UPLOAD_ID,
        "title": {"type": "string", "example": "Night Drive"},
        "owner": {
            "type": "string",
            "description": "holder of the master right",
            "example": "Example Records",
        },
        "isrc": {"type": "string", "example": "DEA123456789"},
        "ai": {"type": "string", "enum": ["all", "partly", "none"], "description": "made by a machine?"},
        "generator": {"type": "string", "example": "MusicGen 1.3"},
        "format": {"type": "string", "enum": list(FORMATS), "default": "wav"},
        "strength": {"type": "number", "minimum": 0.25, "maximum": 4, "default": 1},
        "retain": {"type": "boolean", "default": False, "description": "keep the uploaded original"},
        "priority": job_files.PRIORITY,
    },
    ["title", "owner"],
)


@router.post(
    "",
    status_code=202,
    operation_id="createTrack",
    summary="Tag a track",
    responses=problems(404, 409, 413, 415, 422),
    openapi_extra=_FORM,
)
async def create(request: Request, response: Response, parts: PartsDep, caller: TrackWriter) -> TrackAnswer:
    """Accept a track for watermark, signed record and credentials. Follow `Location`."""
    async with received(request, parts, caller) as form:
        job = await accept("track", request, parts, caller, form, _wishes(form.fields))
    return TrackAnswer.of(accepted(job, "/v1/tracks", request, response))


@router.get("", operation_id="listTracks", summary="List tracks", responses=problems(422))
def list_tracks(
    parts: PartsDep,
    caller: TrackWriter,
    paging: Paging,
    found: Annotated[TrackFilters, Depends()],
    state: States = None,
) -> TrackPage:
    """The tenant's taggings, newest first unless sorted otherwise, found by any of their terms together."""
    page = parts.lists.page("track", caller.tenant, paging.wanted(found, state))
    return TrackPage(items=[TrackAnswer.of(job) for job in page.jobs], next=page.next)


@router.get("/{track_id}", operation_id="getTrack", summary="Follow a tagging", responses=problems(404))
def get(track_id: str, response: Response, parts: PartsDep, caller: TrackWriter) -> TrackAnswer:
    """The tagging's state and, once it succeeded, the record and the link to the file."""
    return TrackAnswer.of(follow("track", track_id, parts, caller, response))


@router.post(
    "/{track_id}/cancel",
    operation_id="cancelTrack",
    summary="Stop a tagging",
    responses=problems(404, 409),
)
def cancel(track_id: str, parts: PartsDep, caller: TrackWriter) -> TrackAnswer:
    """End what waits at once. What runs stops at its next step: follow it until it is `cancelled`."""
    return TrackAnswer.of(job_files.cancel("track", track_id, parts, caller))


@router.post(
    "/{track_id}/retry",
    status_code=202,
    operation_id="retryTrack",
    summary="Try a tagging again",
    responses=problems(404, 409),
)
def retry(
    track_id: str, request: Request, response: Response, parts: PartsDep, caller: TrackWriter
) -> TrackAnswer:
    """Queue what failed, expired or was cancelled, while its audio is kept."""
    job = job_files.retry("track", track_id, parts, caller)
    return TrackAnswer.of(accepted(job, "/v1/tracks", request, response))


@router.get(
    "/{track_id}/file",
    operation_id="getTrackFile",
    summary="Tagged file",
    response_class=Response,
    responses={
        200: {"content": {media: {} for media in sorted(set(FORMATS.values()))}},
        **problems(404, 409, 410, 422),
    },
)
def file(track_id: str, request: Request, parts: PartsDep, caller: TrackWriter) -> Response:
    """The tagged audio, while it is kept. A failed tagging answers with the problem that made it fail."""
    return left_behind("track", track_id, request, parts, caller, _tagged)


def _tagged(job: Job) -> File:
    if job.tagged_deleted_at is not None:
        raise KeptNoLonger("the tagged file was erased when its time was over; its record stays")
    result = dict(job.result or {})
    name = str(result["file"])
    suffix = name.rpartition(".")[2]
    return File(name, FORMATS[suffix], f"{result['record_id']}.{suffix}")


def _wishes(sent: Mapping[str, str]) -> dict[str, Any]:
    fields.only(sent, _FIELDS)
    return {
        "title": fields.needed(sent, "title"),
        "owner": fields.needed(sent, "owner"),
        "isrc": _isrc(fields.text(sent, "isrc", limit=40)),
        "ai": fields.choice(sent, "ai", ("all", "partly", "none"), None),
        "generator": fields.text(sent, "generator", limit=200),
        "format": fields.choice(sent, "format", FORMATS, "wav"),
        "strength": fields.number(sent, "strength", low=0.25, high=4.0, default=1.0),
        "retain": fields.flag(sent, "retain"),
        **job_files.priority(sent),
    }


def _isrc(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return identifiers.isrc(text)
    except RecordError as error:
        raise InvalidInput(f"isrc: {error}") from error
