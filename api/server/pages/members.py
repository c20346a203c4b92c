"""For admins: members of the tenant, invited, given another role, suspended and removed."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.errors import UnknownEntry
from api.language import later
from api.members.members import Members
from api.members.role import Role
from api.server.answers import problem
from api.server.api_keys import Caller
from api.server.member_shapes import InvitationRequest, MemberSuspensionRequest, RoleRequest, state_of
from api.server.pages.forms import Sent, said
from api.server.pages.rendering import page
from api.server.parts import Admin, Parts, PartsDep
from api.server.route import Route
from core.errors import TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

ROLES = {
    Role.LABEL: later("delivers, registers and audits"),
    Role.RIGHTS_OPS: later("decides cases and notices, enrols voices, sets policies"),
    Role.AUDITOR: later("reads everything, the audit trail too, and changes nothing"),
    Role.ADMIN: later("may do everything, members and keys too"),
}
"""What each role is for."""
NAMES = {
    Role.LABEL: later("label"),
    Role.RIGHTS_OPS: later("rights operations"),
    Role.AUDITOR: later("auditor"),
    Role.ADMIN: later("admin"),
}
"""What each role is called."""
STATES = {
    "invited": later("invited"),
    "expired": later("invited too long ago"),
    "active": later("member"),
    "suspended": later("suspended"),
}
"""What each state of a member is called."""


@router.get("/members")
def members(request: Request, parts: PartsDep, caller: Admin) -> Response:
    """The tenant's members, and the form that invites another one."""
    return _members(request, parts, caller)


@router.post("/members")
def invite(request: Request, parts: PartsDep, caller: Admin, sent: Sent) -> Response:
    """Invite whoever signs in with an address."""
    try:
        wanted = said(InvitationRequest, sent)
        _of(parts, caller).invite(wanted["email"], wanted["role"], caller.actor)
    except TrackmarkError as error:
        return _members(request, parts, caller, problem(error), sent)
    return RedirectResponse("/members", status_code=303)


@router.post("/members/{member_id}/{step}")
def govern(
    member_id: str, step: str, request: Request, parts: PartsDep, caller: Admin, sent: Sent
) -> Response:
    """Give a member another role, suspend them, let them in again, or remove them."""
    people = Members(parts.registry.engine, caller.tenant, frozenset({sent.get("version", "")}))
    told = {name: value for name, value in sent.items() if name != "version"}
    try:
        if step == "role":
            people.change_role(member_id, said(RoleRequest, told)["role"])
        elif step == "suspend":
            people.suspend(member_id, said(MemberSuspensionRequest, told)["reason"], caller.actor)
        elif step == "resume":
            people.resume(member_id)
        elif step == "remove":
            people.remove(member_id)
        else:
            raise UnknownEntry(f"members have no step {step}")
    except TrackmarkError as error:
        return _members(request, parts, caller, problem(error))
    return RedirectResponse("/members", status_code=303)


def _members(
    request: Request,
    parts: Parts,
    caller: Caller,
    refusal: dict[str, Any] | None = None,
    sent: dict[str, str] | None = None,
) -> Response:
    found = sorted(_of(parts, caller).listed(), key=lambda one: one.email.casefold())
    return page(
        request,
        "members.html",
        200 if refusal is None else int(refusal["status"]),
        members=[(one, state_of(one)) for one in found],
        me=caller.member_id,
        roles=ROLES,
        names=NAMES,
        states=STATES,
        provider=parts.signing_in is not None,
        problem=refusal,
        sent=sent or {},
    )


def _of(parts: Parts, caller: Caller) -> Members:
    return Members(parts.registry.engine, caller.tenant)
