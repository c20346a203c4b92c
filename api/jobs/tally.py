"""What came in of a tenant's audits, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from sqlalchemy import Engine, func, select

from api import database
from api.audit.decision import Action
from api.database.tables import Table

ACTIONS: tuple[Action, ...] = get_args(Action)
_JOBS = Table.metadata.tables["jobs"]
_TERMS = Table.metadata.tables["job_terms"]


@dataclass(frozen=True)
class Tally:
    """How many audits there are.

    Attributes:
        came: that came in since a moment.
        failed: of those.
        decided: of those, by what the policy decided.
        queued: that wait, whenever they came in.
        running: that are worked on.
    """

    came: int
    failed: int
    decided: Mapping[Action, int]
    queued: int
    running: int


def tally(engine: Engine, tenant: str, since: datetime) -> Tally:
    """Count a tenant's audits, each from an index alone."""
    mine = (_JOBS.c.tenant == tenant, _JOBS.c.kind == "audit")
    count = select(_JOBS.c.state, func.count()).where(*mine).group_by(_JOBS.c.state)
    of_terms = (_TERMS.c.tenant == tenant, _TERMS.c.kind == "audit", _TERMS.c.field == "decision")
    decided = select(func.count()).select_from(_TERMS).where(*of_terms, _TERMS.c.created_at >= since)
    with database.reading(database.for_tenant(engine, tenant)) as connection:
        came = {row[0]: row[1] for row in connection.execute(count.where(_JOBS.c.created_at >= since))}
        open_ones = count.where(_JOBS.c.state.in_(("queued", "running")))
        under_way = {row[0]: row[1] for row in connection.execute(open_ones)}
        each = {action: decided.where(_TERMS.c.term == action) for action in ACTIONS}
        by_decision = {action: int(connection.execute(one).scalar_one()) for action, one in each.items()}
    return Tally(
        sum(came.values()),
        came.get("failed", 0),
        by_decision,
        under_way.get("queued", 0),
        under_way.get("running", 0),
    )
