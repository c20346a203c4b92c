"""Table of uploads that can be resumed."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class ResumableUploadRow(Table, table=True):
    """A file that comes in pieces, or has come and waits to be used; `received_bytes` of it are on disk."""

    __tablename__ = "resumable_uploads"
    __table_args__ = (Index("ix_resumable_uploads_tenant_created_at", "tenant", "created_at", "id"),)

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(max_length=63)
    file_name: str = Field(sa_type=Text)
    stored: str = Field(max_length=64)
    sent_metadata: str = Field(sa_type=Text)
    size_bytes: int = Field(sa_type=BigInteger)
    received_bytes: int = Field(sa_type=BigInteger)
    sha256: str | None = Field(default=None, max_length=64)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
