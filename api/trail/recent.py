"""What was done lately, out of a tenant's trail."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from api import database
from api.database.tables import Table

LOOKED_AT = 2000
"""Newest events among which is looked: a home page must not walk through a year of reads."""
_EVENTS = Table.metadata.tables["trail_events"]


@dataclass(frozen=True)
class Done:
    """Something that was done.

    Attributes:
        action: such as `case.opened`.
        object: address of what it was done to, in the API.
        who: name of the key, or the service.
    """

    action: str
    object: str
    who: str
    at: datetime


def recent(engine: Engine, tenant: str, actions: Collection[str], limit: int) -> list[Done]:
    """The newest of some actions, newest first; of several on one thing the newest."""
    newest = select(_EVENTS).where(_EVENTS.c.tenant == tenant).order_by(_EVENTS.c.id.desc()).limit(LOOKED_AT)
    looked_at = newest.subquery()
    wanted = select(looked_at).where(looked_at.c.phase == "done", looked_at.c.action.in_(actions))
    with database.reading(database.for_tenant(engine, tenant)) as connection:
        rows = connection.execute(wanted.order_by(looked_at.c.id.desc())).all()
    found: dict[str, Done] = {}
    for row in rows:
        found.setdefault(row.object, Done(row.action, row.object, row.who, row.at))
    return list(found.values())[:limit]
