"""Artists for people: whose voices are enrolled, what each allows, and the forms that enter both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.language import _
from api.registry.artists import EnrolledArtist
from api.registry.consents import SCOPES, WORLD, Consent, State
from api.server.answers import problem
from api.server.api_keys import Caller
from api.server.pages import lists
from api.server.pages.forms import Sent, said
from api.server.pages.rendering import ended, page, progress, refused
from api.server.parts import ArtistWriter, AuditReader, Parts, PartsDep
from api.server.route import Route
from api.server.routes import artists as enrolling
from api.server.routes.consents import ConsentRequest, RevocationRequest
from core import clock
from core.errors import TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)


@dataclass(frozen=True)
class OnFile:
    """A consent and whether it holds today."""

    consent: Consent
    state: State


@dataclass(frozen=True)
class Row:
    """An artist, and every consent on file."""

    artist: EnrolledArtist
    consents: tuple[OnFile, ...]


@router.get("/artists")
def artists(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The tenant's enrolled artists, by name."""
    return _shown(request, parts, caller)


@router.post("/artists")
async def enrol(request: Request, parts: PartsDep, caller: ArtistWriter) -> Response:
    """The form's target: the enrolment that was begun, or what is wrong with the recordings."""
    try:
        job = await enrolling.entered(request, parts, caller)
    except TrackmarkError as error:
        return refused(request, error)
    return RedirectResponse(f"/enrolments/{job.id}", status_code=303)


@router.get("/enrolments/{enrolment_id}")
def enrolment(enrolment_id: str, request: Request, parts: PartsDep, caller: ArtistWriter) -> Response:
    """Progress of an enrolment; once it is done what there is to tell of it, else the artists."""
    job = parts.jobs.get(enrolment_id, tenant=caller.tenant, kind="enrolment")
    if job.error is not None:
        return ended(request, job)
    if job.result is None:
        return progress(request, job, f"/v1/enrolments/{job.id}", _("Enrolling"))
    artists = parts.registry.for_tenant(caller.tenant).artists
    artist, alike = artists.named([job.result["artist_id"]]), artists.named(job.result.get("alike", ()))
    alone = not job.request["also_stored"]
    if not artist or not (alike or alone):
        return RedirectResponse("/artists", status_code=303)
    return page(request, "enrolled.html", artist=artist[0], alike=alike, alone=alone)


@router.post("/artists/{artist_id}/consents")
def allow(artist_id: str, request: Request, parts: PartsDep, caller: ArtistWriter, sent: Sent) -> Response:
    """Put on file what an artist allows; what was written is kept where that cannot be."""
    try:
        places = (place.strip().upper() for place in sent.get("territory", WORLD).split(","))
        told: dict[str, Any] = {
            "scope": [scope for scope in SCOPES if sent.get(f"scope-{scope}")],
            "territory": [place for place in places if place],
            **{name: sent[name] for name in ("from", "until", "licence", "evidence_sha256") if name in sent},
        }
        # `said` takes names of fields, and this one is called by its alias
        terms = ConsentRequest(**said(ConsentRequest, told)).terms()
        parts.registry.for_tenant(caller.tenant).artists.consents(artist_id).add(terms)
    except TrackmarkError as error:
        return _shown(request, parts, caller, problem(error), artist_id, sent)
    return _back(parts, caller, artist_id)


@router.post("/artists/{artist_id}/consents/revoke")
def revoke(artist_id: str, request: Request, parts: PartsDep, caller: ArtistWriter, sent: Sent) -> Response:
    """End a consent at once and for good."""
    try:
        told = said(RevocationRequest, {name: sent[name] for name in ("id", "reason") if name in sent})
        consents = parts.registry.for_tenant(caller.tenant).artists.consents(artist_id)
        consents.revoke(told["id"], told["reason"])
    except TrackmarkError as error:
        return _shown(request, parts, caller, problem(error), artist_id, sent)
    return _back(parts, caller, artist_id)


def _shown(
    request: Request,
    parts: Parts,
    caller: Caller,
    refusal: Mapping[str, Any] | None = None,
    at: str | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    enrolled = parts.registry.for_tenant(caller.tenant).artists
    asked = lists.asked(request, lists.ARTISTS)
    shown, more = lists.short(request, asked).page(
        enrolled.listed(),
        lambda one: (one.id, one.name, one.created_at),
        (caller.tenant, "artists"),
        parts.cursors,
    )
    if at is not None:  # what is wrong stands beside what was written
        shown = [one for one in enrolled.listed() if one.id == at]
    given = enrolled.consents_of([artist.name for artist in shown])
    today = clock.now().date()
    rows = [
        Row(artist, tuple(OnFile(one, one.state(today)) for one in given.get(artist.name, ())))
        for artist in shown
    ]
    return page(
        request,
        "artists.html",
        200 if refusal is None else int(refusal["status"]),
        rows=rows,
        scopes=SCOPES,
        problem=refusal,
        at=at,
        sent=sent or {},
        **lists.turning(request, asked, more),
    )


def _back(parts: Parts, caller: Caller, artist_id: str) -> Response:
    """To the artist alone: there may be thousands."""
    name = parts.registry.for_tenant(caller.tenant).artists.find(artist_id).name
    return RedirectResponse(f"/artists?{urlencode({'name': name})}", status_code=303)
