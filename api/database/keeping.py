"""Tables of retention: how long a tenant keeps what, and what is held for longer."""

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class RetentionRow(Table, table=True):
    """How many days a tenant keeps what; what is None is kept until somebody erases it."""

    __tablename__ = "retention"

    tenant: str = Field(primary_key=True, max_length=63)
    audio_days: int | None = None
    reports_days: int | None = None
    voices_days: int | None = None
    tagged_days: int | None = None
    changed_at: datetime = Field(sa_type=UtcDateTime)
    who: str = Field(max_length=200)
    key_id: str | None = Field(default=None, max_length=32)


class LegalHold(Table, table=True):
    """Something that must not be erased, until the hold is released; never removed itself."""

    __tablename__ = "legal_holds"
    __table_args__ = (Index("ix_legal_holds_tenant", "tenant", "kind", "object_id"),)

    id: str = Field(primary_key=True, max_length=16)
    tenant: str = Field(max_length=63)
    kind: str = Field(max_length=16)
    object_id: str = Field(max_length=36)
    reason: str = Field(sa_type=Text)
    placed_at: datetime = Field(sa_type=UtcDateTime)
    who: str = Field(max_length=200)
    key_id: str | None = Field(default=None, max_length=32)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    released_by: str | None = Field(default=None, max_length=200)
    released_reason: str | None = Field(default=None, sa_type=Text)
