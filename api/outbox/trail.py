"""Events of the audit trail as they are written: in the transaction of what happened, or before a request.

Who acts stands in `acting` for as long as a request is answered; without one it is the service itself. An
event is chained a moment later (`api.trail`), from a row that triggers keep as it is.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert

from api.actor import Actor
from api.database.tables import Table
from core import clock

_EVENTS = Table.metadata.tables["trail_events"]
Phase = Literal["asked", "answered", "read", "done"]
SERVICE = Actor("the service")
LONGEST = 500


@dataclass(frozen=True)
class Acting:
    """Who acts, and in which request.

    Attributes:
        request_id: names the request, so that what it asked, did and was answered belong together.
    """

    actor: Actor
    request_id: str | None = None


acting: ContextVar[Acting] = ContextVar("acting", default=Acting(SERVICE))  # noqa: B039  # frozen


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        phase: a write was `asked` for and `answered`, something was `read`, or the service has `done` it.
        action: what, such as `POST /v1/cases` or `audit.completed`.
        object: of what: an address.
        outcome: HTTP status of an answer.
    """

    tenant: str
    phase: Phase
    action: str
    object: str
    by: Acting
    outcome: int | None = None
    at: datetime | None = None


def enter(connection: Connection, events: Sequence[Event]) -> None:
    """Write events down."""
    if events:
        connection.execute(insert(_EVENTS), [_row(one) for one in events])


def done(connection: Connection, tenant: str, action: str, thing: str) -> None:
    """Write down that something was done, by whoever acts."""
    enter(connection, [Event(tenant, "done", action, thing, acting.get())])


def _row(event: Event) -> dict[str, Any]:
    return {
        "tenant": event.tenant,
        "at": event.at or clock.now(),
        "phase": event.phase,
        "who": event.by.actor.name[:200],
        "key_id": event.by.actor.key_id,
        "action": event.action[:200],
        "object": event.object[:LONGEST],
        "outcome": event.outcome,
        "request_id": event.by.request_id,
    }
