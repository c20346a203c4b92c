"""Settings: what there is; for admins API keys, made, handed over and revoked, and the service's order."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.database.tables import DEFAULT_TENANT
from api.language import later
from api.members.members import Members
from api.policies.policies import Policies
from api.retention import rules
from api.retention.holds import Holds
from api.server.answers import problem
from api.server.api_keys import NewKey, Scope
from api.server.key_shapes import KeyRequest, RotationRequest
from api.server.member_shapes import state_of
from api.server.pages.forms import Sent, end_of, said
from api.server.pages.key_states import key_state
from api.server.pages.rendering import page
from api.server.parts import Admin, Parts, PartsDep
from api.server.route import Route
from api.server.routes.health import checked
from api.server.routes.tables import Exporter
from core.errors import InvalidInput, TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

OVERLAPS = {
    0: later("at once"),
    3600: later("in an hour"),
    86_400: later("in a day"),
    7 * 86_400: later("in a week"),
}
"""When a key that is handed over ends: seconds from now on, and how that is said."""
SCOPES = {
    Scope.AUDITS_READ: later("read audits, cases and artists"),
    Scope.AUDITS_WRITE: later("audit and compare files, work on cases"),
    Scope.TRACKS_WRITE: later("mark and register tracks"),
    Scope.RECORDS_READ: later("read records and notices"),
    Scope.RECORDS_WRITE: later("amend, transfer and dispute records, work on notices"),
    Scope.ARTISTS_WRITE: later("enrol artists and enter their consents"),
    Scope.POLICIES_WRITE: later("keep policies and put them in force"),
    Scope.TRAIL_READ: later("read the audit trail"),
    Scope.METRICS_READ: later("read the numbers of the whole service"),
    Scope.ADMIN: later("everything, keys and webhooks too"),
}
"""What each scope lets a key do."""


@router.get("/settings")
def settings(request: Request, parts: PartsDep, caller: Exporter) -> Response:
    """What there is to set or to take away, and for admins whether the service is in order."""
    governs = _governed(parts, caller.tenant) if Scope.ADMIN in caller.scopes else None
    reads = not caller.scopes.isdisjoint({Scope.AUDITS_READ, Scope.ADMIN})
    policies = Policies.of(parts.registry.engine, caller.tenant)
    active = policies.get(policies.in_force()) if reads else None
    return page(request, "settings.html", governs=governs, active=active)


def _governed(parts: Parts, tenant: str) -> dict[str, Any]:
    """What an admin governs, in numbers."""
    keys, hooks = parts.keys.keys(tenant), parts.webhooks.of(tenant).all()
    people = Members(parts.registry.engine, tenant).listed()
    return {
        "active": sum(key_state(one) == "active" for one in keys),
        "members": sum(state_of(one) == "active" for one in people),
        "provider": parts.signing_in is not None,
        "hooks": len(hooks),
        "disabled": sum(one.disabled_at is not None for one in hooks),
        "ends": any(days is not None for days in vars(rules.of(parts.registry.engine, tenant).days).values()),
        "held": sum(one.released_at is None for one in Holds.of(parts.registry.engine, tenant).listed()),
        "operates": tenant == DEFAULT_TENANT,
        "health": checked(parts),
    }


@router.get("/keys")
def keys(request: Request, parts: PartsDep, caller: Admin) -> Response:
    """The tenant's keys, newest first, and the form for another one."""
    return _keys(request, parts, caller.tenant)


@router.post("/keys")
def make(request: Request, parts: PartsDep, caller: Admin, sent: Sent) -> Response:
    """Make a key and show its secret, this once."""
    try:
        scopes = [scope for scope in Scope if sent.get(f"scope-{scope.value}")]
        if not scopes:
            raise InvalidInput("choose at least one thing that the key may do")
        told = {"name": sent.get("name"), "scopes": scopes, "expires_at": end_of(sent.get("expires_on"))}
        wanted = said(KeyRequest, {name: value for name, value in told.items() if value is not None})
        made = parts.keys.create(
            wanted["name"], frozenset(scopes), tenant=caller.tenant, expires_at=wanted["expires_at"]
        )
    except TrackmarkError as error:
        return _keys(request, parts, caller.tenant, problem(error), sent)
    return _shown(request, parts, caller.tenant, made)


@router.post("/keys/{key_id}/rotate")
def rotate(key_id: str, request: Request, parts: PartsDep, caller: Admin, sent: Sent) -> Response:
    """Make a key in this one's place, and show its secret, this once."""
    try:
        overlap_s = said(RotationRequest, {"overlap_s": sent.get("overlap_s")})["overlap_s"]
        made = parts.keys.rotate(key_id, caller.tenant, timedelta(seconds=overlap_s))
    except TrackmarkError as error:
        return _keys(request, parts, caller.tenant, problem(error))
    return _shown(request, parts, caller.tenant, made)


@router.post("/keys/{key_id}/revoke")
def revoke(key_id: str, request: Request, parts: PartsDep, caller: Admin) -> Response:
    """Refuse a key from now on."""
    try:
        parts.keys.revoke(key_id, caller.tenant)
    except TrackmarkError as error:
        return _keys(request, parts, caller.tenant, problem(error))
    return RedirectResponse("/keys", status_code=303)


def _keys(
    request: Request,
    parts: Parts,
    tenant: str,
    refusal: dict[str, Any] | None = None,
    sent: dict[str, str] | None = None,
    made: NewKey | None = None,
) -> Response:
    found = sorted(parts.keys.keys(tenant), key=lambda one: one.created_at, reverse=True)
    answer = page(
        request,
        "keys.html",
        200 if refusal is None else int(refusal["status"]),
        keys=[(one, key_state(one)) for one in found],
        scopes=SCOPES,
        overlaps=OVERLAPS,
        made=made,
        problem=refusal,
        sent=sent or {},
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _shown(request: Request, parts: Parts, tenant: str, made: NewKey) -> Response:
    return _keys(request, parts, tenant, made=made)
