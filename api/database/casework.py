"""Tables of cases: what people do about audits, step by step, and the terms by which lists find them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class CaseRow(Table, table=True):
    """A case as its steps have left it, and what the policy decided of its audit for good."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_tenant_created_at", "tenant", "created_at", "id"),
        Index("ix_cases_tenant_state", "tenant", "state", "created_at", "id"),
    )

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(max_length=63)
    subject: str = Field(sa_type=Text)
    origin: str = Field(max_length=16)
    audit_id: str | None = Field(default=None, max_length=36)
    audit_decision: str | None = Field(default=None, max_length=16)
    state: str = Field(max_length=16)
    decision: str | None = Field(default=None, max_length=16)
    assignee: str | None = Field(default=None, max_length=200)
    version: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    once: str | None = Field(default=None, max_length=64, unique=True, index=True)


class CaseStepRow(Table, table=True):
    """A step of a case: only ever added, one for each version."""

    __tablename__ = "case_steps"

    case_id: str = Field(primary_key=True, max_length=32, foreign_key="cases.id", ondelete="CASCADE")
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    tenant: str = Field(max_length=63)
    type: str = Field(max_length=16)
    who: str = Field(max_length=200)
    key_id: str | None = Field(default=None, max_length=32)
    said: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    once: str | None = Field(default=None, max_length=64, unique=True, index=True)


class CaseTerm(Table, table=True):
    """A term by which a case is found as it stands; `created_at` is the case's, for the order of lists."""

    __tablename__ = "case_terms"
    __table_args__ = (Index("ix_case_terms_found", "tenant", "field", "term", "created_at", "case_id"),)

    case_id: str = Field(primary_key=True, max_length=32, foreign_key="cases.id", ondelete="CASCADE")
    field: str = Field(primary_key=True, max_length=16)
    term: str = Field(primary_key=True, max_length=200)
    tenant: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)
