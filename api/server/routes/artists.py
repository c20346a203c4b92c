"""Artists: enrol a voice that audits compare against, list them, erase them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.registry.artists import Reading, enrolment_warnings
from api.server import fields
from api.server.intake import inspect, read_form
from api.server.parts import ArtistWriter, AuditReader, Parts, PartsDep, begin
from api.server.route import Route
from api.server.routes.openapi import IDEMPOTENCY_KEY, form, problems
from api.server.schemas import ArtistAnswer, ArtistList, Model
from core.errors import InvalidInput

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


class ReadLine(Model):
    """One opening of a voice print."""

    read_at: datetime
    who: str = Field(examples=["API key 3f9a1c2b"])
    purpose: str = Field(examples=["audit 0c2f0a4e-8f6e-4f5e-9a57-0d8e2f6c1b11"])
    voices: int = Field(description="how many prints were opened at once", examples=[1])

    @classmethod
    def of(cls, reading: Reading) -> "ReadLine":
        """The reading as clients see it."""
        return cls(read_at=reading.read_at, who=reading.who, purpose=reading.purpose, voices=reading.voices)


class ReadList(Model):
    """Every opening of a voice print."""

    items: list[ReadLine]


@router.post(
    "",
    status_code=201,
    operation_id="enrolArtist",
    summary="Enrol a voice",
    responses=problems(409, 413, 415, 422),
    openapi_extra={**_FORM, "parameters": [IDEMPOTENCY_KEY]},
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
            raise InvalidInput("send the recordings in the form field 'files'")
        await begin(request, caller, parts, received.meaning())
        for upload in recordings:
            await inspect(received, upload, parts, caller)
        paths = [received.path(upload) for upload in recordings]
        async with parts.gates.listening.entered(caller.tenant):
            voiceprint = await run_in_threadpool(_voiceprint, paths, parts)
        registry = parts.registry.for_tenant(caller.tenant)
        artist = await run_in_threadpool(registry.artists.enrol, name, voiceprint, consent)
        return ArtistAnswer.of(artist, enrolment_warnings(len(recordings)))
    finally:
        received.discard()


@router.get("", operation_id="listArtists", summary="List voices", responses=problems())
def list_artists(parts: PartsDep, caller: AuditReader) -> ArtistList:
    """The tenant's enrolled voices, by name."""
    artists = parts.registry.for_tenant(caller.tenant).artists.listed()
    return ArtistList(items=[ArtistAnswer.of(artist) for artist in artists])


@router.delete(
    "/{name}", status_code=204, operation_id="deleteArtist", summary="Erase a voice", responses=problems(404)
)
def delete(name: str, parts: PartsDep, caller: ArtistWriter) -> None:
    """Erase the voice print of the artist of that name or id with its key and every consent, for good."""
    parts.answers.forget(caller.tenant, "POST /v1/artists")
    parts.registry.for_tenant(caller.tenant).artists.remove(name)


def _voiceprint(recordings: Sequence[Path], parts: Parts) -> bytes:
    limits = parts.settings.limits()
    return parts.engines.voice.enrol([parts.engines.decoder.decode(path, limits) for path in recordings])


@router.get(
    "/{name}/reads", operation_id="listVoiceReads", summary="List who opened a voice", responses=problems(404)
)
def reads(name: str, parts: PartsDep, caller: ArtistWriter) -> ReadList:
    """Who opened the voice print of the artist of that name or id, when and for which audit, latest first."""
    artists = parts.registry.for_tenant(caller.tenant).artists
    return ReadList(items=[ReadLine.of(one) for one in artists.readings(artists.find(name).id)])
