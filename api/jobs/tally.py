"""What came in of a tenant's audits, in numbers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import Column, ColumnElement, CompoundSelect, Engine, func, literal, select, union_all

from api import database
from api.audit.decision import Action
from api.database.tables import Table
from api.jobs.job import State

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


def came(tenant: str, since: datetime) -> CompoundSelect[Any]:
    """How many of a tenant's audits came in since a moment, by state.

    Each state is counted by itself, so that the index that has them answers alone: a row of an audit is long,
    and a busy tenant has a hundred thousand in a day.
    """
    mine = (_JOBS.c.tenant == tenant, _JOBS.c.kind == "audit", _JOBS.c.created_at >= since)
    return _counted(_JOBS.c.state, get_args(State), mine)


def decided(tenant: str, since: datetime) -> CompoundSelect[Any]:
    """How many of a tenant's audits that came in since a moment were decided how, from an index alone."""
    mine = (_TERMS.c.tenant == tenant, _TERMS.c.kind == "audit", _TERMS.c.field == "decision")
    return _counted(_TERMS.c.term, ACTIONS, (*mine, _TERMS.c.created_at >= since))


def _under_way(tenant: str) -> CompoundSelect[Any]:
    mine = (_JOBS.c.tenant == tenant, _JOBS.c.kind == "audit")
    return _counted(_JOBS.c.state, ("queued", "running"), mine)


def _counted(
    column: Column[Any], values: Collection[str], of: Sequence[ColumnElement[bool]]
) -> CompoundSelect[Any]:
    """Each value of a column, and how many rows have it."""
    return union_all(*(select(literal(one), func.count()).where(*of, column == one) for one in values))


def tally(engine: Engine, tenant: str, since: datetime) -> Tally:
    """Count a tenant's audits in three statements, each from an index alone."""
    asked = came(tenant, since), _under_way(tenant), decided(tenant, since)
    with database.reading(database.for_tenant(engine, tenant)) as connection:
        counts = [{row[0]: int(row[1]) for row in connection.execute(one)} for one in asked]
    new, under_way, by_decision = counts
    return Tally(
        sum(new.values()),
        new["failed"],
        {action: by_decision[action] for action in ACTIONS},
        under_way["queued"],
        under_way["running"],
    )
