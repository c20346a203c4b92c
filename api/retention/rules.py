"""How long a tenant keeps what. Without a number nothing ends by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from api import database
from api.actor import Actor
from api.database.tables import Table
from api.errors import PreconditionFailed
from api.outbox import trail
from api.retention import holds
from core import clock

MOST_DAYS = 36_500
_RULES = Table.metadata.tables["retention"]


@dataclass(frozen=True)
class Days:
    """For how many days what is kept; None until somebody erases it.

    Attributes:
        audio: what was uploaded and retained, and the copies to listen to; from the end of its job.
        reports: audits and comparisons with findings, reports and pictures; from their end.
        voices: voice prints with the artist's consents; from the enrolment.
        tagged: the files that taggings made, and whole taggings that made none; from their end.
    """

    audio: int | None = None
    reports: int | None = None
    voices: int | None = None
    tagged: int | None = None


@dataclass(frozen=True)
class Rule:
    """What a tenant has set.

    Attributes:
        changed_at: when; None where nothing was ever set.
        who: set it.
    """

    tenant: str
    days: Days
    changed_at: datetime | None = None
    who: str | None = None

    @property
    def tag(self) -> str:
        """Names this state: another one follows each change."""
        return "never-set" if self.changed_at is None else self.changed_at.isoformat()


def of(engine: Engine, tenant: str) -> Rule:
    """What holds for a tenant."""
    with database.reading(database.for_tenant(engine, tenant)) as connection:
        return _of(connection, tenant)


def every(engine: Engine) -> list[Rule]:
    """What tenants have set."""
    with database.reading(engine) as connection:
        return [_rule(row) for row in connection.execute(select(_RULES).order_by(_RULES.c.tenant))]


def put(engine: Engine, tenant: str, days: Days, by: Actor, expected: frozenset[str] | None = None) -> Rule:
    """Set how long a tenant keeps what, from the next sweep on.

    Args:
        engine: of the database.
        tenant: whose.
        days: all four numbers.
        by: who sets them.
        expected: the tags of which the rule must have one; None for any.

    Raises:
        PreconditionFailed: somebody else has changed it since.
    """
    values: dict[str, Any] = {f"{name}_days": count for name, count in vars(days).items()}
    values |= {"changed_at": clock.now(), "who": by.name[:200], "key_id": by.key_id}
    with database.writing(database.for_tenant(engine, tenant)) as connection:
        holds.lock(connection)
        if expected is not None and _of(connection, tenant).tag not in expected:
            raise PreconditionFailed("somebody else has changed the retention since; look at it first")
        mine = update(_RULES).where(_RULES.c.tenant == tenant)
        if connection.execute(mine.values(**values)).rowcount == 0:
            connection.execute(insert(_RULES).values(tenant=tenant, **values))
        trail.done(connection, tenant, "retention.changed", "/v1/retention")
    return Rule(tenant, days, values["changed_at"], values["who"])


def due(days: int | None, now: datetime) -> datetime | None:
    """What is as old as this is due; None where nothing is."""
    return None if days is None else now - timedelta(days=days)


def _of(connection: Connection, tenant: str) -> Rule:
    row = connection.execute(select(_RULES).where(_RULES.c.tenant == tenant)).one_or_none()
    return Rule(tenant, Days()) if row is None else _rule(row)


def _rule(row: Row[Any]) -> Rule:
    days = Days(row.audio_days, row.reports_days, row.voices_days, row.tagged_days)
    return Rule(row.tenant, days, row.changed_at, row.who)
