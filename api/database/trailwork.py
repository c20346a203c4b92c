"""Tables of the audit trail: who did what, chained by hashes, rooted in the log. They only grow."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Text
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class TrailEventRow(Table, table=True):
    """Somebody asked for a write and was answered, read something, or the service did something."""

    __tablename__ = "trail_events"
    __table_args__ = (Index("ix_trail_events_tenant", "tenant", "id"),)

    id: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
    tenant: str = Field(max_length=63)
    at: datetime = Field(sa_type=UtcDateTime)
    phase: str = Field(max_length=16)
    who: str = Field(max_length=200)
    key_id: str | None = Field(default=None, max_length=32)
    action: str = Field(max_length=200)
    object: str = Field(sa_type=Text)
    outcome: int | None = None
    request_id: str | None = Field(default=None, max_length=32)


class TrailLinkRow(Table, table=True):
    """The place of an event in its tenant's chain, and the hash over everything up to it."""

    __tablename__ = "trail_links"

    tenant: str = Field(primary_key=True, max_length=63)
    seq: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    event_id: int = Field(unique=True, sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)


class TrailRootRow(Table, table=True):
    """A head of a tenant's chain to which an entry of the log commits; the salt opens the commitment."""

    __tablename__ = "trail_roots"

    leaf_index: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    tenant: str = Field(index=True, max_length=63)
    seq: int = Field(sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)
    salt: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)
