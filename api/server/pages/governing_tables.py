"""What admins and operators govern as tables to keep (CSV): keys, members, webhooks, holds, tenants."""

from collections.abc import Iterator
from datetime import datetime

from fastapi import APIRouter, Request, Response

from api.lists.query import MAX_PAGE
from api.members.members import Members
from api.retention.holds import Holds
from api.server.member_shapes import state_of
from api.server.pages import holds as hold_pages
from api.server.pages import lists
from api.server.pages.key_states import key_state
from api.server.pages.sheets import Row, sheet
from api.server.pages.webhooks import state_asked
from api.server.parts import Admin, PartsDep
from api.server.route import Route
from api.server.routes.tenants import Operator
from api.tenants.tenants import Tenants

router = APIRouter(include_in_schema=False, route_class=Route)

KEYS = ("key", "name", "prefix", "state", "scopes", "made", "last_used", "ends", "revoked")
MEMBERS = ("member", "email", "name", "role", "state", "invited_by", "invited", "joined", "signed_in")
WEBHOOKS = ("webhook", "address", "about", "events", "signed", "disabled_because", "made", "last_delivered")
DELIVERIES = ("message", "event", "state", "attempts", "status", "problem", "made", "next")
HOLDS = ("hold", "kind", "held", "why", "placed_by", "placed", "released")
TENANTS = ("tenant", "name", "entered", "suspended")


@router.get("/keys.csv")
def keys(parts: PartsDep, caller: Admin) -> Response:
    """The tenant's keys, newest first; no secret is kept that could be told."""
    found = sorted(parts.keys.keys(caller.tenant), key=lambda one: one.created_at, reverse=True)
    rows = (
        (
            *(one.id, one.name, one.prefix, key_state(one), " ".join(scope.value for scope in one.scopes)),
            *_moments(one.created_at, one.last_used_at, one.expires_at, one.revoked_at),
        )
        for one in found
    )
    return sheet("keys", KEYS, rows)


@router.get("/members.csv")
def members(parts: PartsDep, caller: Admin) -> Response:
    """The tenant's members and invitations, oldest first."""
    found = Members(parts.registry.engine, caller.tenant).listed()
    rows = (
        (
            *(one.id, one.email, one.name, one.role.value, state_of(one), one.invited_by),
            *_moments(one.invited_at, one.joined_at, one.signed_in_at),
        )
        for one in found
    )
    return sheet("members", MEMBERS, rows)


@router.get("/webhooks.csv")
def webhooks(parts: PartsDep, caller: Admin) -> Response:
    """The tenant's endpoints, without what signs their messages."""
    rows = (
        (
            *(one.id, one.url, one.description, " ".join(one.events), one.scheme, one.disabled_reason),
            *_moments(one.created_at, one.last_delivered_at),
        )
        for one in parts.webhooks.of(caller.tenant).all()
    )
    return sheet("webhooks", WEBHOOKS, rows)


@router.get("/webhooks/{webhook_id}.csv")
def deliveries(webhook_id: str, request: Request, parts: PartsDep, caller: Admin) -> Response:
    """An endpoint's messages that the filter shows, newest first, without what they say."""
    state = state_asked(request)

    def rows() -> Iterator[Row]:
        cursor = None
        while True:
            shown, cursor = parts.webhooks.of(caller.tenant).deliveries(
                webhook_id, state=state, limit=MAX_PAGE, cursor=cursor, cursors=parts.cursors
            )
            for one in shown:
                said = one.id, one.event, one.state, one.attempts, one.status, one.problem
                yield *said, *_moments(one.created_at, one.next_at)
            if cursor is None:
                return

    return sheet("messages", DELIVERIES, rows())


@router.get("/holds.csv")
def holds(request: Request, parts: PartsDep, caller: Admin) -> Response:
    """The legal holds that the filter shows, newest first."""
    asked, of = lists.asked(request, hold_pages.FIELDS), Holds.of(parts.registry.engine, caller.tenant)
    rows = (
        (
            *(one.id, one.kind, one.object_id, one.reason, one.who),
            *_moments(one.placed_at, one.released_at),
        )
        for one in hold_pages.found(of, asked)
    )
    return sheet("holds", HOLDS, rows)


@router.get("/tenants.csv")
def tenants(parts: PartsDep, caller: Operator) -> Response:
    """Every tenant that was entered or has keys."""
    found = sorted(Tenants(parts.registry.engine).listed(), key=lambda one: one.name.casefold())
    rows = ((one.tenant, one.name, *_moments(one.created_at, one.suspended_at)) for one in found)
    return sheet("tenants", TENANTS, rows)


def _moments(*moments: datetime | None) -> tuple[str | None, ...]:
    return tuple(None if moment is None else moment.isoformat() for moment in moments)
