"""Tables of notices: what rights holders wrote, what was done about it, and what finds them in lists."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class NoticeRow(Table, table=True):
    """A notice as its steps have left it. It names people: who complains, and whose voice it is about."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_tenant_created_at", "tenant", "created_at", "id"),
        Index("ix_notices_tenant_state", "tenant", "state", "created_at", "id"),
    )

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(max_length=63)
    form: str = Field(max_length=16)
    state: str = Field(max_length=16)
    material: str = Field(sa_type=Text)
    elements: dict[str, Any] = Field(sa_type=JSON)
    counter: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    received_on: date
    removed_on: date | None = None
    countered_on: date | None = None
    audit_id: str | None = Field(default=None, max_length=36)
    record_id: str | None = Field(default=None, max_length=16)
    version: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    once: str | None = Field(default=None, max_length=64, unique=True, index=True)


class NoticeStepRow(Table, table=True):
    """A step of a notice: only ever added, one for each version."""

    __tablename__ = "notice_steps"

    notice_id: str = Field(primary_key=True, max_length=32, foreign_key="notices.id", ondelete="CASCADE")
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    tenant: str = Field(max_length=63)
    type: str = Field(max_length=16)
    who: str = Field(max_length=200)
    key_id: str | None = Field(default=None, max_length=32)
    said: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    once: str | None = Field(default=None, max_length=64, unique=True, index=True)


class NoticeTerm(Table, table=True):
    """A term by which a notice is found as it stands; `created_at` is the notice's, which orders lists."""

    __tablename__ = "notice_terms"
    __table_args__ = (Index("ix_notice_terms_found", "tenant", "field", "term", "created_at", "notice_id"),)

    notice_id: str = Field(primary_key=True, max_length=32, foreign_key="notices.id", ondelete="CASCADE")
    field: str = Field(primary_key=True, max_length=16)
    term: str = Field(primary_key=True, max_length=200)
    tenant: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
