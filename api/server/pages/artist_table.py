"""Artists and their consents as a table to keep (CSV)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from api.registry.artists import Artists, EnrolledArtist
from api.server.pages import lists
from api.server.pages.sheets import Row, sheet
from api.server.parts import AuditReader, PartsDep
from api.server.route import Route
from core import clock

router = APIRouter(include_in_schema=False, route_class=Route)

COLUMNS = (
    *("artist", "name", "enrolled", "enrolment_consent"),
    *("consent", "state", "scopes", "territories", "from", "until", "licence", "flags", "revoked_because"),
)
_AT_ONCE = 500


@router.get("/artists.csv")
def artists(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The artists that the filters show: a row for each consent on file, or one where there is none."""
    enrolled = parts.registry.for_tenant(caller.tenant).artists
    asked = replace(lists.short(request, lists.asked(request, lists.ARTISTS)), limit=None, cursor=None)
    about = (caller.tenant, "artists")
    shown, _ = asked.page(
        enrolled.listed(), lambda one: (one.id, one.name, one.created_at), about, parts.cursors
    )
    return sheet("artists", COLUMNS, _rows(enrolled, shown))


def _rows(enrolled: Artists, shown: Sequence[EnrolledArtist]) -> Iterator[Row]:
    today = clock.now().date()
    for start in range(0, len(shown), _AT_ONCE):
        group = shown[start : start + _AT_ONCE]
        given = enrolled.consents_of([one.name for one in group])
        for one in group:
            own: Row = (one.id, one.name, one.created_at.isoformat(), one.consent)
            consents = given.get(one.name, ())
            if not consents:
                yield (*own, *[None] * (len(COLUMNS) - len(own)))
            for consent in consents:
                terms = consent.terms
                yield (
                    *own,
                    *(consent.id, consent.state(today)),
                    *(" ".join(terms.scopes), " ".join(terms.territories), terms.valid_from),
                    *(terms.valid_until, terms.licence, "; ".join(consent.flags()), consent.revoked_reason),
                )
