"""Members as whoever governs them asks for and sees them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.members.members import Member
from api.members.role import Role
from api.server.schemas import Model, Words
from core import clock

Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00-\x1f\x7f<>]+@[^@\s\x00-\x1f\x7f<>]+$")]
State = Literal["invited", "expired", "active", "suspended"]


class InvitationRequest(Model):
    """Somebody to invite."""

    email: Email = Field(
        description="whoever signs in with this address, verified by the provider, becomes the member",
        examples=["ada@label.example"],
    )
    role: Role = Field(description="what they may do", examples=["label"])
    tenant: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="only admins of the tenant `default` may invite to others",
        examples=[None],
    )


class RoleRequest(Model):
    """Another role for a member."""

    role: Role = Field(examples=["auditor"])


class MemberSuspensionRequest(Model):
    """Why a member is suspended."""

    reason: Words = Field(examples=["has left the company"])


class MemberAnswer(Model):
    """A member of a tenant, or somebody who is invited."""

    id: str = Field(examples=["3f9a1c2b5d6e7f80"])
    tenant: str = Field(examples=["label-a"])
    email: str = Field(examples=["ada@label.example"])
    name: str | None = Field(description="as their provider tells it; null until they come")
    role: Role
    state: State = Field(description="an invitation expires after 30 days", examples=["active"])
    invited_at: datetime
    invited_by: str = Field(description="name of the key or the person", examples=["first admin"])
    joined_at: datetime | None = Field(description="null until they sign in for the first time")
    signed_in_at: datetime | None = Field(description="when they signed in last")
    suspended_at: datetime | None
    suspended_by: str | None = Field(examples=[None])
    suspended_reason: str | None = Field(examples=[None])
    links: dict[str, str]

    @classmethod
    def of(cls, member: Member) -> "MemberAnswer":
        """The member as admins see them."""
        links = {"self": f"/v1/members/{member.id}"}
        return cls(**vars(member), state=state_of(member), links=links)


class MemberList(Model):
    """Members of a tenant by address unless sorted otherwise."""

    items: list[MemberAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


def state_of(member: Member) -> State:
    """What a member is at this moment."""
    if member.suspended_at is not None:
        return "suspended"
    if member.joined_at is not None:
        return "active"
    return "expired" if member.expired(clock.now()) else "invited"
