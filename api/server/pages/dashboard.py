"""What the start page tells at a glance: what came in, what changed, and whether the service is in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from api.jobs.tally import Tally, tally
from api.language import _, later
from api.server.parts import Parts
from api.server.routes.health import checked
from api.trail.recent import recent
from core import clock

HOURS = 24
CHANGES = 6
_CHANGED = {
    "record.registered": later("A track was registered"),
    "record.event": later("A record was changed"),
    "case.opened": later("A case was opened"),
    "case.step": later("A case was worked on"),
    "notice.received": later("A notice was entered"),
    "notice.step": later("A notice was worked on"),
}
"""What is told of the trail, and how."""


@dataclass(frozen=True)
class Change:
    """Something that was done, and the page of what it was done to."""

    text: str
    who: str
    when: datetime
    address: str


@dataclass(frozen=True)
class Glance:
    """All of it.

    Attributes:
        came: audits of the last `HOURS`.
        changes: None where the caller may not read the trail.
        faults: each part of the service that is not in order, and what is wrong.
    """

    came: Tally
    changes: tuple[Change, ...] | None
    faults: Mapping[str, str]


def glance(parts: Parts, tenant: str, *, governs: bool) -> Glance:
    """Look at the service as a tenant sees it; the trail is shown to admins."""
    engine, now = parts.registry.engine, clock.now()
    changes = None
    if governs:
        found = recent(engine, tenant, _CHANGED, CHANGES)
        changes = tuple(
            Change(_(_CHANGED[one.action]), one.who, one.at, _page_of(one.object)) for one in found
        )
    faults = {name: state for name, state in checked(parts).items() if state != "ok"}
    return Glance(tally(engine, tenant, now - timedelta(hours=HOURS)), changes, faults)


def _page_of(address: str) -> str:
    """The page that shows what the API has at an address."""
    return address.removeprefix("/v1").removesuffix("/events")
