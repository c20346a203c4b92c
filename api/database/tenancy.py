"""The table of tenants that an operator has entered or suspended; others are known by their keys alone."""

from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, Text, select
from sqlmodel import Field

from api.database.tables import Table, UtcDateTime


class TenantRow(Table, table=True):
    """A tenant. One that is suspended is answered and sent nothing, and its jobs wait."""

    __tablename__ = "tenants"

    tenant: str = Field(primary_key=True, max_length=63)
    name: str = Field(max_length=200)
    created_at: datetime = Field(sa_type=UtcDateTime)
    who: str = Field(max_length=200)
    key_id: str | None = Field(default=None, max_length=32)
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspended_by: str | None = Field(default=None, max_length=200)
    suspended_reason: str | None = Field(default=None, sa_type=Text)


_TENANTS = Table.metadata.tables["tenants"]


def suspended() -> ScalarSelect[Any]:
    """The tenants that are suspended, for a condition of a query."""
    return select(_TENANTS.c.tenant).where(_TENANTS.c.suspended_at.is_not(None)).scalar_subquery()
