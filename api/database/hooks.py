"""Tables of webhooks: endpoints of a tenant, and what is or was sent to each."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, Text
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class WebhookEndpoint(Table, table=True):
    """An address that a tenant wants events sent to; its signing secrets are sealed."""

    __tablename__ = "webhook_endpoints"

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(index=True, max_length=63)
    url: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    events: list[str] = Field(sa_type=JSON)
    scheme: str = Field(max_length=16)
    keyid: str = Field(max_length=64)
    sealed: bytes = Field(sa_type=LargeBinary)
    wrapped: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_reason: str | None = Field(default=None, sa_type=Text)


class WebhookDelivery(Table, table=True):
    """A message to one endpoint and the lease of who sends it; its id is that of the message."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_due", "state", "next_at"),
        Index("ix_webhook_deliveries_endpoint", "endpoint_id", "created_at", "id"),
    )

    id: str = Field(primary_key=True, max_length=40)
    endpoint_id: str = Field(max_length=32, foreign_key="webhook_endpoints.id", ondelete="CASCADE")
    tenant: str = Field(max_length=63)
    event: str = Field(max_length=32)
    body: str = Field(sa_type=Text)
    state: str = Field(max_length=16)
    attempts: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fence: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    status: int | None = None
    problem: str | None = Field(default=None, sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    trace: str | None = Field(default=None, max_length=55)
