"""Tables of policies: every text that was sent in, and which was in force from when."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, Text, UniqueConstraint
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class PolicyRow(Table, table=True):
    """A policy as it was sent in; never changed or removed, since audits name it."""

    __tablename__ = "policies"
    __table_args__ = (UniqueConstraint("tenant", "name", "version"),)

    id: str = Field(primary_key=True, max_length=16)
    tenant: str = Field(max_length=63)
    name: str = Field(max_length=200)
    version: str = Field(max_length=200)
    sha256: str = Field(max_length=64)
    text: str = Field(sa_type=Text)
    rules: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    who: str = Field(max_length=200)
    key_id: str | None = Field(default=None, max_length=32)


class PolicyActivation(Table, table=True):
    """From when a policy is in force; without one it is the default policy. Only ever added."""

    __tablename__ = "policy_activations"
    __table_args__ = (Index("ix_policy_activations_tenant", "tenant", "id"),)

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    tenant: str = Field(max_length=63)
    policy_id: str | None = Field(default=None, max_length=16, foreign_key="policies.id")
    at: datetime = Field(sa_type=UtcDateTime)
    who: str = Field(max_length=200)
    key_id: str | None = Field(default=None, max_length=32)
    reason: str | None = Field(default=None, sa_type=Text)
