"""Tables by which lists find their entries (`api.lists`), and what signs their cursors."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class JobTerm(Table, table=True):
    """A term by which an audit or a tagging is found; `created_at` is the job's, for the order of lists."""

    __tablename__ = "job_terms"
    __table_args__ = (Index("ix_job_terms_found", "tenant", "kind", "field", "term", "created_at", "job_id"),)

    job_id: str = Field(primary_key=True, max_length=36, foreign_key="jobs.id", ondelete="CASCADE")
    field: str = Field(primary_key=True, max_length=16)
    term: str = Field(primary_key=True, max_length=200)
    tenant: str = Field(max_length=63)
    kind: str = Field(max_length=16)
    created_at: datetime = Field(sa_type=UtcDateTime)


class RecordTerm(Table, table=True):
    """A term by which a record is found as it stands today; `created_at` is that of its registration."""

    __tablename__ = "record_terms"
    __table_args__ = (Index("ix_record_terms_found", "tenant", "field", "term", "created_at", "record_id"),)

    record_id: str = Field(
        primary_key=True, max_length=16, foreign_key="records.record_id", ondelete="CASCADE"
    )
    field: str = Field(primary_key=True, max_length=16)
    term: str = Field(primary_key=True, max_length=200)
    tenant: str = Field(max_length=63)
    created_at: datetime = Field(sa_type=UtcDateTime)


class ServerSecret(Table, table=True):
    """A secret that all processes share and that protects nothing beyond the database itself."""

    __tablename__ = "server_secrets"

    name: str = Field(primary_key=True, max_length=32)
    value: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)
