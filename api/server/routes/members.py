"""The people of a tenant, governed by its admins: invited, given a role, suspended, removed."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as PathParameter

from api.database.tables import DEFAULT_TENANT
from api.errors import UnknownEntry
from api.members.members import Member, Members, tenant_of
from api.members.role import Role
from api.server.api_keys import Caller
from api.server.idempotency import made_by
from api.server.listing import ShortPaging, Sort
from api.server.member_shapes import (
    InvitationRequest,
    MemberAnswer,
    MemberList,
    MemberSuspensionRequest,
    RoleRequest,
    State,
    state_of,
)
from api.server.parts import Admin, Parts, PartsDep
from api.server.preconditions import IfMatch, precondition
from api.server.refusals import Forbidden
from api.server.route import Route
from api.server.routes.openapi import problems
from api.tenants.tenants import Tenants

router = APIRouter(prefix="/v1/members", tags=["members"], route_class=Route)
MemberId = Annotated[str, PathParameter(max_length=16, examples=["3f9a1c2b5d6e7f80"])]


@dataclass
class MemberFilters:
    """What members are found by."""

    state: Annotated[State | None, Query(description="of the member")] = None
    role: Annotated[Role | None, Query(description="of the member")] = None

    def shows(self, member: Member) -> bool:
        """Whether a member is among them."""
        return self.state in (None, state_of(member)) and self.role in (None, member.role)


@dataclass(frozen=True)
class _Governed:
    """A member, and those of their tenant."""

    member: Member
    members: Members


def _named(member_id: MemberId, parts: PartsDep, caller: Admin) -> _Governed:
    """The member of an address; for admins of another tenant they are not there."""
    tenant = tenant_of(parts.registry.engine, member_id)
    if caller.tenant not in (tenant, DEFAULT_TENANT):
        raise UnknownEntry(f"no member {member_id}")
    members = Members(parts.registry.engine, tenant)
    return _Governed(members.get(member_id), members)


def _changing(
    member_id: MemberId, request: Request, parts: PartsDep, caller: Admin, if_match: IfMatch = None
) -> _Governed:
    """The same, to be changed in the state that the caller has seen."""
    named = _named(member_id, parts, caller)
    seen = precondition(request, parts, if_match, "member").expected
    return _Governed(named.member, Members(parts.registry.engine, named.member.tenant, seen))


Changing = Annotated[_Governed, Depends(_changing)]
Named = Annotated[_Governed, Depends(_named)]
MembersFound = Annotated[MemberFilters, Depends()]


@router.post(
    "",
    status_code=201,
    operation_id="inviteMember",
    summary="Invite a member",
    responses=problems(404, 409, 422),
)
def invite(wanted: InvitationRequest, request: Request, parts: PartsDep, caller: Admin) -> MemberAnswer:
    """Invite whoever signs in with this address. No letter is sent: tell them where to sign in."""
    members = _those_of(wanted.tenant, parts, caller)
    made = members.invite(wanted.email, wanted.role, caller.actor, member_id=made_by(request))
    return MemberAnswer.of(made)


@router.get("", operation_id="listMembers", summary="List members", responses=problems(404, 422))
def list_members(
    parts: PartsDep,
    caller: Admin,
    paging: ShortPaging,
    found: MembersFound,
    sort: Sort = "name",
    tenant: Annotated[
        str | None, Query(max_length=63, description="for operators; one's own otherwise")
    ] = None,
) -> MemberList:
    """Members and invitations of the tenant; `name` and `q` look into names and addresses."""
    members = [one for one in _those_of(tenant, parts, caller).listed() if found.shows(one)]
    shown, more = paging.short(sort, more=f"{found.state} {found.role}").page(
        members,
        lambda one: (one.id, one.shown, one.invited_at),
        (tenant or caller.tenant, "members"),
        parts.cursors,
    )
    return MemberList(items=[MemberAnswer.of(one) for one in shown], next=more)


@router.get("/{member_id}", operation_id="getMember", summary="Read a member", responses=problems(404))
def get(named: Named, response: Response) -> MemberAnswer:
    """A member or an invitation."""
    return _tagged(named.member, response)


@router.delete(
    "/{member_id}",
    status_code=204,
    operation_id="removeMember",
    summary="Remove a member",
    responses=problems(404, 409, 412, 428),
)
def remove(named: Changing) -> None:
    """Sign a member out and forget them, or take an invitation back. The last admin stays."""
    named.members.remove(named.member.id)


@router.post(
    "/{member_id}:change-role",
    operation_id="changeMemberRole",
    summary="Change a member's role",
    responses=problems(404, 409, 412, 422, 428),
)
def change_role(asked: RoleRequest, named: Changing, response: Response) -> MemberAnswer:
    """Give a member another role. Their sessions end: they sign in again as what they are then."""
    return _tagged(named.members.change_role(named.member.id, asked.role), response)


@router.post(
    "/{member_id}:suspend",
    operation_id="suspendMember",
    summary="Suspend a member",
    responses=problems(404, 409, 412, 422, 428),
)
def suspend(
    asked: MemberSuspensionRequest, named: Changing, response: Response, caller: Admin
) -> MemberAnswer:
    """End a member's sessions and refuse them until they are let in again. The last admin stays."""
    return _tagged(named.members.suspend(named.member.id, asked.reason, caller.actor), response)


@router.post(
    "/{member_id}:resume",
    operation_id="resumeMember",
    summary="Let a member in again",
    responses=problems(404, 409, 412, 428),
)
def resume(named: Changing, response: Response) -> MemberAnswer:
    """Let a member sign in again."""
    return _tagged(named.members.resume(named.member.id), response)


def _tagged(member: Member, response: Response) -> MemberAnswer:
    response.headers["ETag"] = f'"{member.tag}"'
    return MemberAnswer.of(member)


def _those_of(tenant: str | None, parts: Parts, caller: Caller) -> Members:
    """The members of a tenant that an operator named, or of one's own.

    Raises:
        Forbidden: another tenant, and the caller is no operator.
        UnknownEntry: there is no such tenant.
    """
    if tenant is not None and tenant != caller.tenant:
        if caller.tenant != DEFAULT_TENANT:
            raise Forbidden("only admins of the tenant 'default' may govern members of other tenants")
        Tenants(parts.registry.engine).get(tenant)
    return Members(parts.registry.engine, tenant or caller.tenant)
