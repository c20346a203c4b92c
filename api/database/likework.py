"""The table of sketches: what is kept of a registered track to tell how close others are to it."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class SketchRow(Table, table=True):
    """A track's sketch: `whole` is compared with all, `parts` with the nearest; no sound is in it."""

    __tablename__ = "sketches"
    __table_args__ = (Index("ix_sketches_tenant_made_at", "tenant", "made_at", "record_id"),)

    record_id: str = Field(
        primary_key=True, max_length=16, foreign_key="records.record_id", ondelete="CASCADE"
    )
    tenant: str = Field(max_length=63)
    made_at: datetime = Field(sa_type=UtcDateTime)
    format: int
    whole: bytes = Field(sa_type=LargeBinary)
    parts: bytes = Field(sa_type=LargeBinary)
