"""Tables of batches: many uploads that one manifest made audits of."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class BatchRow(Table, table=True):
    """A manifest that was accepted; `completed_at` is set once, when the last of its audits has ended."""

    __tablename__ = "batches"
    __table_args__ = (Index("ix_batches_tenant_created_at", "tenant", "created_at", "id"),)

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(max_length=63)
    sha256: str = Field(max_length=64)
    rows: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    trace: str | None = Field(default=None, max_length=55)


class BatchItemRow(Table, table=True):
    """A row of a manifest: it waits, was refused with a problem, or has become a job."""

    __tablename__ = "batch_items"
    __table_args__ = (Index("ix_batch_items_job_id", "job_id"),)

    batch_id: str = Field(primary_key=True, max_length=32, foreign_key="batches.id", ondelete="CASCADE")
    row: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    tenant: str = Field(max_length=63)
    reference: str | None = Field(default=None, sa_type=Text)
    upload_id: str | None = Field(default=None, max_length=64)
    request: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    job_id: str | None = Field(default=None, max_length=36)
    problem: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
