"""Artists: enrol a voice that audits compare against, list them, erase them."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from api.errors import InvalidRequest
from api.server import fields
from api.server.intake import inspect, read_form
from api.server.parts import ArtistWriter, AuditReader, Parts, PartsDep
from api.server.route import Route
from api.server.routes.openapi import form, problems
from api.server.schemas import ArtistAnswer, ArtistList

router = APIRouter(prefix="/v1/artists", tags=["artists"], route_class=Route)

MAX_RECORDINGS = 10
_FORM = form(
    {"files": f"1 to {MAX_RECORDINGS} recordings of the voice, repeated under this name"},
    {
        "name": {"type": "string", "maxLength": 200, "example": "Ada Example"},
        "consent": {"type": "string", "description": "reference to the artist's written consent"},
    },
    ["files", "name"],
)


@router.post(
    "",
    status_code=201,
    operation_id="enrolArtist",
    summary="Enrol a voice",
    responses=problems(409, 413, 415, 422),
    openapi_extra=_FORM,
)
async def enrol(request: Request, parts: PartsDep, caller: ArtistWriter) -> ArtistAnswer:
    """Make a voice print from recordings. The recordings are erased before the answer is sent."""
    received = await read_form(request, parts, caller, max_files=MAX_RECORDINGS)
    try:
        fields.only(received.fields, ("name", "consent"))
        name = fields.needed(received.fields, "name", limit=200)
        consent = fields.text(received.fields, "consent", limit=2000)
        recordings = [upload for key, upload in received.files if key == "files"]
        if not recordings or len(recordings) != len(received.files):
            raise InvalidRequest("send the recordings in the form field 'files'")
        for upload in recordings:
            await inspect(received, upload, parts, request)
        paths = [received.path(upload) for upload in recordings]
        voiceprint = await run_in_threadpool(_voiceprint, paths, parts)
        registry = parts.registry.for_tenant(caller.tenant)
        return ArtistAnswer.of(await run_in_threadpool(registry.artists.enrol, name, voiceprint, consent))
    finally:
        received.discard()


@router.get("", operation_id="listArtists", summary="List voices", responses=problems())
def list_artists(parts: PartsDep, caller: AuditReader) -> ArtistList:
    """The tenant's enrolled voices, by name."""
    artists = parts.registry.for_tenant(caller.tenant).artists.all()
    return ArtistList(items=[ArtistAnswer.of(artist) for artist in artists])


@router.delete(
    "/{name}", status_code=204, operation_id="deleteArtist", summary="Erase a voice", responses=problems(404)
)
def delete(name: str, parts: PartsDep, caller: ArtistWriter) -> None:
    """Erase a voice print for good."""
    parts.registry.for_tenant(caller.tenant).artists.remove(name)


def _voiceprint(recordings: Sequence[Path], parts: Parts) -> bytes:
    limits = parts.settings.limits()
    return parts.engines.voice.enrol([parts.engines.decoder.decode(path, limits) for path in recordings])
