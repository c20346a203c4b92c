"""The cases of a tenant in the database: opened, changed step by step, found, and read with their history.

A step is a row of its own, written in one transaction with the case that it changes and the message that it
sends. Of two who act at once one waits; whoever names the version that they saw is refused where it is an
older one.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, insert, select, update

from api import database
from api.actor import POLICY
from api.cases import finding
from api.cases.case import Case, Step, Wish, after
from api.database.tables import Table
from api.errors import PreconditionFailed, UnknownEntry
from api.lists.cursors import Cursors
from api.lists.query import Wanted, look_up
from api.outbox.outbox import tell
from core import clock

_CASES = Table.metadata.tables["cases"]
_STEPS = Table.metadata.tables["case_steps"]
_JOBS = Table.metadata.tables["jobs"]
OPENING = frozenset({"review", "reject"})
"""Decisions of a policy that open a case."""


@dataclass(frozen=True)
class Page:
    """Some cases in the order of their list, and where the next page starts."""

    cases: tuple[Case, ...]
    next: str | None


@dataclass(frozen=True)
class Cases:
    """The cases of one tenant.

    Attributes:
        engine: of the database, bound to the tenant.
    """

    engine: Engine
    tenant: str

    @classmethod
    def of(cls, engine: Engine, tenant: str) -> "Cases":
        """Those of a tenant."""
        return cls(database.for_tenant(engine, tenant), tenant)

    def open(self, wish: Wish, *, subject: str | None = None, audit_id: str | None = None) -> Case:
        """Open a case by hand.

        Args:
            wish: who wants it, and why.
            subject: what it is about; of an audit its file's name unless something is said.
            audit_id: an audit of the tenant.

        Raises:
            UnknownEntry: the tenant has no such audit.
        """
        with database.writing(self.engine) as connection:
            asked = _of(self.tenant).where(_CASES.c.once == wish.once)
            if wish.once is not None and (earlier := connection.execute(asked).one_or_none()) is not None:
                return _case(earlier)
            told: dict[str, Any] = {"audit_id": None, "audit_decision": None}
            if audit_id is not None:
                audit = self._audit(connection, audit_id)
                decision = ((audit.result or {}).get("decision") or {}).get("action")
                told = {"audit_id": audit_id, "audit_decision": decision}
                subject = subject or audit.file_name
            told |= {"subject": subject, "origin": "person", "once": wish.once}
            return _case(_enter(connection, self.tenant, told, wish))

    def get(self, case_id: str) -> Case:
        """A case of the tenant; raises `UnknownEntry`."""
        with database.reading(self.engine) as connection:
            return _case(self._row(connection, case_id))

    def steps(self, case_id: str) -> tuple[Step, ...]:
        """Everything that happened to a case, in order; raises `UnknownEntry`."""
        query = select(_STEPS).where(_STEPS.c.case_id == case_id, _STEPS.c.tenant == self.tenant)
        with database.reading(self.engine) as connection:
            self._row(connection, case_id)
            rows = connection.execute(query.order_by(_STEPS.c.version))
            return tuple(Step(**{name: row._mapping[name] for name in _STEP}) for row in rows)

    def page(self, wanted: Wanted, cursors: Cursors) -> Page:
        """A page of the tenant's cases.

        Raises:
            InvalidInput: the cursor is not one of this list, or a search says nothing.
        """
        with database.reading(self.engine) as connection:
            found = look_up(connection, finding.SHELF, wanted, self.tenant, cursors)
            rows = connection.execute(_of(self.tenant).where(_CASES.c.id.in_(found.ids)))
            cases = {row.id: _case(row) for row in rows}
        return Page(tuple(cases[one] for one in found.ids if one in cases), found.next)

    def take(self, case_id: str, wish: Wish) -> Case:
        """Take a step; returns the case behind it.

        Raises:
            UnknownEntry: the tenant has no such case.
            PreconditionFailed: it has another version than was expected.
            ConflictingEntry: the step cannot follow.
        """
        with database.writing(self.engine) as connection:
            row = self._row(connection, case_id, locked=True)
            asked = select(_STEPS.c.version).where(_STEPS.c.once == wish.once)
            if wish.once is not None and connection.execute(asked).first() is not None:
                return _case(row)
            if wish.expected is not None and str(row.version) not in wish.expected:
                raise PreconditionFailed(
                    f'the case has changed meanwhile, its ETag is "{row.version}"; read it again'
                )
            values: dict[str, Any] = {"state": after(row.state, row.version, wish.type)}
            values |= {"version": row.version + 1, "changed_at": clock.now()}
            if wish.type == "assign":
                values["assignee"] = wish.said["to"]
            if wish.type == "decide":
                values["decision"] = wish.said["decision"]
            connection.execute(update(_CASES).where(_CASES.c.id == case_id).values(**values))
            changed = self._row(connection, case_id)
            _write_down(connection, changed, wish)
            return _case(changed)

    def _row(self, connection: Connection, case_id: str, *, locked: bool = False) -> Row[Any]:
        query = _of(self.tenant).where(_CASES.c.id == case_id)
        row = connection.execute(query.with_for_update(of=_CASES) if locked else query).one_or_none()
        if row is None:
            raise UnknownEntry(f"no case {case_id}")
        return row

    def _audit(self, connection: Connection, audit_id: str) -> Row[Any]:
        mine = (_JOBS.c.id == audit_id, _JOBS.c.tenant == self.tenant, _JOBS.c.kind == "audit")
        row = connection.execute(select(_JOBS).where(*mine)).one_or_none()
        if row is None:
            raise UnknownEntry(f"no audit {audit_id}")
        return row


def opened_by_policy(connection: Connection, job: Any, result: Mapping[str, Any]) -> None:
    """Open the case of an audit that its policy does not accept, in the transaction that ends the audit.

    Args:
        connection: of that transaction, which happens once: whoever lost the lease does not get here.
        job: the job, or its row.
        result: of the audit.
    """
    decision = result.get("decision") or {}
    if job.kind != "audit" or decision.get("action") not in OPENING:
        return
    told = {
        "subject": job.file_name,
        "origin": "policy",
        "audit_id": job.id,
        "audit_decision": decision["action"],
        "once": f"audit {job.id}",
    }
    reason = "; ".join(str(rule.get("text", rule.get("rule", ""))) for rule in decision.get("rules") or ())
    _enter(connection, job.tenant, told, Wish("open", POLICY, {"reason": reason}))


def _of(tenant: str) -> Select[Any]:
    """Cases of a tenant, each with whether its audit is still there."""
    here = _CASES.outerjoin(_JOBS, _JOBS.c.id == _CASES.c.audit_id)
    kept = _JOBS.c.id.is_not(None).label("audit_kept")
    return select(_CASES, kept).select_from(here).where(_CASES.c.tenant == tenant)


def _enter(connection: Connection, tenant: str, told: Mapping[str, Any], wish: Wish) -> Row[Any]:
    now = clock.now()
    row = {**told, "id": secrets.token_hex(8), "tenant": tenant, "state": "open", "version": 1}
    connection.execute(insert(_CASES).values(**row, created_at=now, changed_at=now))
    made = connection.execute(_of(tenant).where(_CASES.c.id == row["id"])).one()
    _write_down(connection, made, wish)
    return made


def _write_down(connection: Connection, case: Row[Any], wish: Wish) -> None:
    """Enter a step that was taken, find the case by where it stands now, and tell who wants to know."""
    connection.execute(
        insert(_STEPS).values(
            case_id=case.id,
            version=case.version,
            tenant=case.tenant,
            type=wish.type,
            who=wish.by.name[:200],
            key_id=wish.by.key_id,
            said=dict(wish.said),
            created_at=case.changed_at,
            once=wish.once,
        )
    )
    finding.enter(connection, case)
    told = {"case_id": case.id, "url": f"/v1/cases/{case.id}", "state": case.state}
    if wish.type == "open":
        tell(connection, case.tenant, "case.opened", {**told, "origin": case.origin})
    else:
        told |= {"version": case.version, "type": wish.type}
        tell(connection, case.tenant, "case.step", {**told, "decision": case.decision})


_STEP = tuple(Step.__dataclass_fields__)


def _case(row: Row[Any]) -> Case:
    return Case(**{name: row._mapping[name] for name in Case.__dataclass_fields__})
