"""Artists: enrol a voice that audits compare against, list them, erase them."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.errors import UnknownEntry
from api.jobs.job import Job
from api.registry.artists import Reading
from api.retention.holds import Holds
from api.server import fields
from api.server.api_keys import Caller
from api.server.brief import PREFER, enter, no_wait, outcome, refusal, wants_no_wait
from api.server.idempotency import REPLAYED
from api.server.intake import discard, inspect, once_of, read_form
from api.server.listing import ShortPaging, Sort
from api.server.parts import ArtistWriter, AuditReader, Parts, PartsDep
from api.server.route import Route
from api.server.routes.enrolments import EnrolmentAnswer, enrolled
from api.server.routes.job_files import accepted
from api.server.routes.openapi import form, problems
from api.server.schemas import ArtistAnswer, ArtistList, Model
from core.errors import InvalidInput

router = APIRouter(prefix="/v1/artists", tags=["artists"], route_class=Route)

MAX_RECORDINGS = 10
_FORM = form(
    {"files": "recordings of the voice"},
    {
        "name": {"type": "string", "maxLength": 200, "example": "Ada Example"},
        "consent": {"type": "string", "description": "reference to the artist's written consent"},
    },
    ["files", "name"],
    limit=MAX_RECORDINGS,
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
    response_model=ArtistAnswer,
    responses={
        202: {"model": EnrolmentAnswer, "description": "Under way"},
        **problems(409, 413, 415, 422),
    },
    openapi_extra={**_FORM, "parameters": [PREFER]},
)
async def enrol(request: Request, response: Response, parts: PartsDep, caller: ArtistWriter) -> Any:
    """Make a voice print from recordings. The recordings are erased before the answer is sent.

    A job makes it. Where that takes long, or with `Prefer: respond-async`, the answer is 202: follow
    `Location` until the state is neither `queued` nor `running`.
    """
    job = await entered(request, parts, caller)
    if not wants_no_wait(request):
        job = await outcome(job, request, parts)
        if job.result is not None:
            if request.state.replayed:
                response.headers[REPLAYED] = "true"
            return await run_in_threadpool(enrolled, job, parts)
        if job.finished_at is not None:
            await run_in_threadpool(parts.jobs.answered, job.id)
            return refusal(job, request)
    accepted(job, "/v1/enrolments", request, response)
    told = await run_in_threadpool(EnrolmentAnswer.of, job, parts)
    return no_wait(told, response)


async def entered(request: Request, parts: Parts, caller: Caller) -> Job:
    """Receive the recordings and make their enrolment a job, once per `Idempotency-Key`."""
    received = await read_form(request, parts, caller, max_files=MAX_RECORDINGS)
    new = False
    try:
        fields.only(received.fields, ("name", "consent"))
        name = fields.needed(received.fields, "name", limit=200).strip()
        consent = fields.text(received.fields, "consent", limit=2000)
        recordings = [upload for key, upload in received.files if key == "files"]
        if not recordings or len(recordings) != len(received.files):
            raise InvalidInput("send the recordings in the form field 'files'")
        for upload in recordings:
            await inspect(received, upload, parts, caller)
        first, *more = recordings
        wishes = {
            "name": name,
            "consent": consent,
            "also_stored": [one.stored for one in more],
            "also_sha256": [one.sha256 for one in more],
        }
        once = once_of(request, received.meaning(), parts)
        with received.entering():
            job, new = await enter("enrolment", first, {**wishes, "by": caller.by}, once, parts, caller)
    finally:
        if not new:
            await discard(received, parts)
    request.state.replayed = not new
    return job


@router.get("", operation_id="listArtists", summary="List voices", responses=problems(422))
def list_artists(
    parts: PartsDep, caller: AuditReader, paging: ShortPaging, sort: Sort = "name"
) -> ArtistList:
    """The tenant's enrolled voices, by name unless sorted otherwise; all of them unless a limit is set."""
    artists = parts.registry.for_tenant(caller.tenant).artists.listed()
    shown, more = paging.short(sort).page(
        artists, lambda one: (one.id, one.name, one.created_at), (caller.tenant, "artists"), parts.cursors
    )
    return ArtistList(items=[ArtistAnswer.of(artist) for artist in shown], next=more)


@router.delete(
    "/{name}",
    status_code=204,
    operation_id="deleteArtist",
    summary="Erase a voice",
    responses=problems(404, 409),
)
def delete(name: str, parts: PartsDep, caller: ArtistWriter) -> None:
    """Erase the voice print of the artist of that name or id with its key and every consent, for good."""
    artists = parts.registry.for_tenant(caller.tenant).artists
    parts.answers.forget(caller.tenant, "POST /v1/artists")
    with suppress(UnknownEntry):  # the id may be given, and enrolments under way have but a name
        artist = artists.find(name)
        Holds.of(parts.registry.engine, caller.tenant).refuse("artist", artist.id)
        for named in {artist.name, artist.id} - {name}:
            _forget(named, parts, caller)
    forgotten = _forget(name, parts, caller)
    try:
        artists.remove(name)
    except UnknownEntry:
        if not forgotten:
            raise


def _forget(named: str, parts: Parts, caller: Caller) -> int:
    """Forget an artist's enrolments with their files, whatever their state; returns how many there were."""
    forgotten = parts.jobs.forget_enrolments(caller.tenant, named)
    for job in forgotten:
        parts.worker.files.discard(job)
    return len(forgotten)


@router.get(
    "/{name}/reads", operation_id="listVoiceReads", summary="List who opened a voice", responses=problems(404)
)
def reads(name: str, parts: PartsDep, caller: ArtistWriter) -> ReadList:
    """Who opened the voice print of the artist of that name or id, when and for which audit, latest first."""
    artists = parts.registry.for_tenant(caller.tenant).artists
    return ReadList(items=[ReadLine.of(one) for one in artists.readings(artists.find(name).id)])
