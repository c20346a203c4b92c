"""A policy tried on audits that have ended: what it would decide of them, and what they were decided."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine, select

from api import database
from api.audit.again import decide_again
from api.audit.decision import Action
from api.audit.policy import Policy
from api.database.tables import Table

MOST = 1000
_AT_ONCE = 50
_JOBS = Table.metadata.tables["jobs"]


@dataclass(frozen=True)
class Change:
    """An audit that the policy would decide otherwise.

    Attributes:
        was: what was decided.
        would: what the policy would decide.
        rules: ids of its rules that would apply.
        policy: the name and version of the policy that decided.
    """

    audit_id: str
    file: str
    was: Action
    would: Action
    rules: tuple[str, ...]
    policy: str


@dataclass(frozen=True)
class Trial:
    """What a policy would change.

    Attributes:
        audits: how many were tried, the newest.
        outcomes: how many of them were decided so, and would be decided so.
        changes: those that differ, the newest first.
    """

    audits: int
    outcomes: Mapping[tuple[Action, Action], int]
    changes: tuple[Change, ...]


def try_out(
    engine: Engine,
    tenant: str,
    policy: Policy,
    *,
    on: date,
    limit: int = MOST,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Trial:
    """Decide the newest audits of a tenant again, and write nothing.

    Args:
        engine: the database.
        tenant: whose audits.
        policy: the rules to try.
        on: the day by which they are dated, today for all.
        limit: how many audits.
        since, until: bounds of when they were asked for, the first included, the last not.
    """
    query = (
        select(_JOBS.c.id, _JOBS.c.file_name, _JOBS.c.result)
        .where(_JOBS.c.tenant == tenant, _JOBS.c.kind == "audit", _JOBS.c.state == "succeeded")
        .order_by(_JOBS.c.created_at.desc(), _JOBS.c.id.desc())
        .limit(limit)
    )
    if since is not None:
        query = query.where(_JOBS.c.created_at >= since)
    if until is not None:
        query = query.where(_JOBS.c.created_at < until)
    outcomes: Counter[tuple[Action, Action]] = Counter()
    changes: list[Change] = []
    with database.reading(database.for_tenant(engine, tenant)) as connection:
        for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
            decision = (row.result or {}).get("decision") or {}
            if "action" not in decision:
                continue
            made = decide_again(row.result, policy, on=on)
            outcomes[decision["action"], made.action] += 1
            if decision["action"] != made.action:
                rules = tuple(dict.fromkeys(fired.rule for fired in made.rules))
                told = decision["action"], made.action, rules, str(decision.get("policy", ""))
                changes.append(Change(row.id, row.file_name, *told))
    return Trial(sum(outcomes.values()), outcomes, tuple(changes))
