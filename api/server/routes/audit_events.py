"""The audit trail of a tenant, for its admins and auditors: who wrote what, and who read what."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from api import database
from api.server.listing import Cursor, Limit
from api.server.parts import PartsDep, TrailReader
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model
from api.trail import trail

router = APIRouter(prefix="/v1/audit-events", tags=["audit-events"], route_class=Route)


class AuditEventAnswer(Model):
    """Something that happened."""

    seq: int | None = Field(description="its place in the chain; null until it is chained", examples=[41])
    at: datetime
    phase: Literal["asked", "answered", "read", "done"] = Field(
        description="a write was asked for, then answered; something was read; something was done"
    )
    who: str = Field(description="name of the key that was used, or the service", examples=["review desk"])
    key_id: str | None
    action: str = Field(examples=["POST /v1/cases/{case_id}:decide"])
    object: str = Field(examples=["/v1/cases/3f9a1c2b5d6e7f80:decide"])
    outcome: int | None = Field(description="HTTP status of the answer", examples=[200])
    request_id: str | None = Field(description="the same for all that belongs to one request")


class AuditEventPage(Model):
    """Events, newest first."""

    items: list[AuditEventAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


@router.get("", operation_id="listAuditEvents", summary="List the audit trail", responses=problems(422))
def list_events(
    parts: PartsDep,
    caller: TrailReader,
    limit: Limit = 50,
    cursor: Cursor = None,
    of: Annotated[str | None, Query(max_length=500, description="address of what it is about")] = None,
) -> AuditEventPage:
    """The audit trail, newest first. `trackmark audit-trail verify` checks that it holds together."""
    engine = database.for_tenant(parts.registry.engine, caller.tenant)
    shown, more = trail.page(
        engine, caller.tenant, limit=limit, cursor=cursor, thing=of, cursors=parts.cursors
    )
    items = [AuditEventAnswer(seq=one.seq, **one.event) for one in shown]
    return AuditEventPage(items=items, next=more)
