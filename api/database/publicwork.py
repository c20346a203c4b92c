"""The table of what owners let everybody see."""

from datetime import datetime

from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class PublicationRow(Table, table=True):
    """A record that answers whoever holds its file; without a row it answers its tenant alone."""

    __tablename__ = "publications"

    record_id: str = Field(
        primary_key=True, max_length=16, foreign_key="records.record_id", ondelete="CASCADE"
    )
    tenant: str = Field(max_length=63, index=True)
    since: datetime = Field(sa_type=UtcDateTime)
