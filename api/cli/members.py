"""`trackmark members`: who may sign in to the pages, on the database itself, also for the first admin."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import USAGE, AsJson, answers, emit, fail, failures, settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from api.members.members import Member, Members

commands = typer.Typer(
    help="Invite, list, suspend and remove people who sign in to the pages.", no_args_is_help=True
)
MemberId = Annotated[str, typer.Argument(help="The member's id, as `list` tells it.")]
RoleOption = Annotated[str, typer.Option(help="label, rights_ops, auditor or admin.")]


@contextmanager
def _opened() -> Iterator["Engine"]:
    """The database; whatever is done to it is entered for whoever sits at this machine."""
    from api import database
    from api.actor import HERE
    from api.outbox.trail import Acting, acting

    engine = database.connect(settings().database_url)
    before = acting.set(Acting(HERE))
    try:
        database.upgrade(engine)
        yield engine
    finally:
        acting.reset(before)
        engine.dispose()


@contextmanager
def _members_of(member_id: str) -> Iterator["Members"]:
    from api.members.members import Members, tenant_of

    with failures(), _opened() as engine:
        yield Members(engine, tenant_of(engine, member_id))


def _told(member: "Member") -> dict[str, Any]:
    from api.server.member_shapes import MemberAnswer

    told: dict[str, Any] = MemberAnswer.of(member).model_dump()
    return told


def _tell(member: "Member", as_json: bool) -> None:
    from api.server.member_shapes import state_of

    if as_json:
        emit(_told(member))
        return
    said = (member.id, member.tenant, state_of(member), member.role.value, member.shown)
    answers().print("  ".join(said), markup=False)


@commands.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="The address that their provider has verified.")],
    role: RoleOption,
    tenant: Annotated[str, typer.Option(help="Whose member they become.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Invite whoever signs in with an address. No letter is sent; it can be taken up for 30 days."""
    from api.actor import HERE
    from api.members.members import Members
    from api.server.member_shapes import InvitationRequest
    from api.tenants.tenants import Tenants

    try:
        wanted = InvitationRequest(email=email, role=role, tenant=tenant)  # type: ignore[arg-type]  # pydantic reads the word
    except ValueError as error:
        fail(str(error), USAGE)
    with failures(), _opened() as engine:
        if tenant != "default":
            Tenants(engine).get(tenant)
        _tell(Members(engine, tenant).invite(wanted.email, wanted.role, HERE), as_json)


@commands.command("list")
def list_members(
    tenant: Annotated[str | None, typer.Option(help="Of this tenant only.")] = None, as_json: AsJson = False
) -> None:
    """Every member and invitation of every tenant."""
    from api.members.members import Members, every_tenant

    with failures(), _opened() as engine:
        for one in every_tenant(engine) if tenant is None else [tenant]:
            for member in Members(engine, one).listed():
                _tell(member, as_json)


@commands.command("change-role")
def change_role(member_id: MemberId, role: RoleOption, as_json: AsJson = False) -> None:
    """Give a member another role; they have to sign in again. The last admin stays one."""
    from api.server.member_shapes import RoleRequest

    try:
        wanted = RoleRequest(role=role)  # type: ignore[arg-type]  # pydantic reads the word
    except ValueError as error:
        fail(str(error), USAGE)
    with _members_of(member_id) as members:
        _tell(members.change_role(member_id, wanted.role), as_json)


@commands.command("suspend")
def suspend(
    member_id: MemberId,
    reason: Annotated[str, typer.Option(help="Why; it is kept and shown to admins.")],
    as_json: AsJson = False,
) -> None:
    """End a member's sessions and refuse them until `resume`. The last admin stays."""
    from api.actor import HERE

    with _members_of(member_id) as members:
        _tell(members.suspend(member_id, reason, HERE), as_json)


@commands.command("resume")
def resume(member_id: MemberId, as_json: AsJson = False) -> None:
    """Let a member sign in again."""
    with _members_of(member_id) as members:
        _tell(members.resume(member_id), as_json)


@commands.command("remove")
def remove(member_id: MemberId) -> None:
    """Sign a member out and forget them, or take an invitation back. The last admin stays."""
    with _members_of(member_id) as members:
        members.remove(member_id)
        answers().print(f"member {member_id} is removed", markup=False)
