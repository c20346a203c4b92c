"""Tables of people: members of tenants, their sessions, and sign-ins that are under way."""

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class MemberRow(Table, table=True):
    """Somebody whom a tenant has invited; a member once the invitation was taken up.

    `mailbox` is the address as addresses are compared, `issuer` and `subject` name the account that took the
    invitation up. Who is removed leaves no row; the audit trail tells of them.
    """

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("tenant", "mailbox"),
        UniqueConstraint("issuer", "subject", "tenant"),
    )

    id: str = Field(primary_key=True, max_length=16)
    tenant: str = Field(max_length=63)
    email: str = Field(max_length=254)
    mailbox: str = Field(index=True, max_length=254)
    name: str | None = Field(default=None, max_length=200)
    role: str = Field(max_length=16)
    issuer: str | None = Field(default=None, max_length=500)
    subject: str | None = Field(default=None, max_length=255)
    invited_at: datetime = Field(sa_type=UtcDateTime)
    who: str = Field(max_length=200)
    key_id: str | None = Field(default=None, max_length=32)
    joined_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    signed_in_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspended_by: str | None = Field(default=None, max_length=200)
    suspended_reason: str | None = Field(default=None, sa_type=Text)


class MemberSession(Table, table=True):
    """Somebody who is signed in; only the digest of what their browser holds is kept, and no token."""

    __tablename__ = "member_sessions"

    digest: str = Field(primary_key=True, max_length=64)
    tenant: str = Field(index=True, max_length=63)
    member_id: str = Field(index=True, max_length=16)
    began_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)


class SignIn(Table, table=True):
    """A sign-in that is under way at the provider: digests of its state and of its browser, used once."""

    __tablename__ = "sign_ins"

    state: str = Field(primary_key=True, max_length=64)
    browser: str = Field(max_length=64)
    then: str = Field(sa_type=Text)
    ends_at: datetime = Field(sa_type=UtcDateTime)
