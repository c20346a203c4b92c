"""Artists for people: whose voices are enrolled, and what each allows."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from api.registry.artists import EnrolledArtist
from api.registry.consents import Consent, State
from api.server.pages.rendering import page
from api.server.parts import AuditReader, PartsDep
from api.server.route import Route
from core import clock

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
    enrolled = parts.registry.for_tenant(caller.tenant).artists
    listed = enrolled.listed()
    given = enrolled.consents_of([artist.name for artist in listed])
    today = clock.now().date()
    rows = [
        Row(artist, tuple(OnFile(one, one.state(today)) for one in given.get(artist.name, ())))
        for artist in listed
    ]
    return page(request, "artists.html", rows=rows)
