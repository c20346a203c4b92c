"""The outbox: an event becomes one delivery for each endpoint that wants it, or for nobody.

The rows are written in the transaction of what happened, so that nothing is told that did not happen and
nothing that happened is left out. An event tells ids and a state; whoever may read more asks the API.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Literal, get_args

from sqlalchemy import Connection, insert, select

from api import telemetry
from api.database.tables import Table
from api.outbox import trail
from core import clock

Event = Literal[
    "audit.completed",
    "audit.failed",
    "batch.completed",
    "record.registered",
    "record.event",
    "case.opened",
    "case.step",
    "notice.received",
    "notice.step",
]
EVENTS: tuple[Event, ...] = get_args(Event)

_ENDPOINTS = Table.metadata.tables["webhook_endpoints"]
_DELIVERIES = Table.metadata.tables["webhook_deliveries"]


def tell(connection: Connection, tenant: str, kind: Event, data: Mapping[str, Any]) -> None:
    """Enter an event for every endpoint of the tenant that is in force and wants it, and in the trail."""
    trail.done(connection, tenant, kind, str(data.get("url", "")))
    query = select(_ENDPOINTS.c.id, _ENDPOINTS.c.events).where(
        _ENDPOINTS.c.tenant == tenant, _ENDPOINTS.c.disabled_at.is_(None)
    )
    wanting = [row.id for row in connection.execute(query) if kind in row.events]
    if not wanting:
        return
    now = clock.now()
    body = json.dumps({"type": kind, "timestamp": clock.utc_text(now), "data": data}, separators=(",", ":"))
    same = {"tenant": tenant, "event": kind, "body": body, "state": "pending", "attempts": 0}
    same["trace"] = telemetry.traceparent()
    rows = [
        {**same, "id": f"msg_{secrets.token_hex(16)}", "endpoint_id": one, "created_at": now, "next_at": now}
        for one in wanting
    ]
    connection.execute(insert(_DELIVERIES), rows)
