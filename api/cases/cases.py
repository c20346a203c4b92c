"""The cases of a tenant: opened by the policy or by hand, and moved on by people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from api import database
from api.actor import POLICY
from api.cases.case import Case, Kind, after
from api.database.tables import Table
from api.docket.docket import Docket
from api.docket.step import Wish
from api.errors import UnknownEntry
from api.lists.query import Shelf
from api.lists.terms import Term, searched, values
from api.outbox.outbox import Event

_CASES = Table.metadata.tables["cases"]
_JOBS = Table.metadata.tables["jobs"]
_FIELDS = tuple(Case.__dataclass_fields__)
OPENING = frozenset({"review", "reject"})
"""Decisions of a policy that open a case."""


@dataclass(frozen=True)
class Cases(Docket[Case, Kind]):
    """The cases of one tenant."""

    SHELF = Shelf(
        "case", _CASES, "id", Table.metadata.tables["case_terms"], "case_id", narrowed={}, states="state"
    )
    STEPS = Table.metadata.tables["case_steps"]

    def open(self, wish: Wish[Kind], *, subject: str | None = None, audit_id: str | None = None) -> Case:
        """Open a case by hand.

        Args:
            wish: who wants it, and why.
            subject: what it is about; of an audit its file's name unless something is said.
            audit_id: an audit of the tenant.

        Raises:
            UnknownEntry: the tenant has no such audit.
        """
        with database.writing(self.engine) as connection:
            if (earlier := self.made(connection, wish)) is not None:
                return earlier
            told: dict[str, Any] = {"audit_id": None, "audit_decision": None}
            if audit_id is not None:
                audit = self._audit(connection, audit_id)
                decision = ((audit.result or {}).get("decision") or {}).get("action")
                told = {"audit_id": audit_id, "audit_decision": decision}
                subject = subject or audit.file_name
            told |= {"subject": subject, "origin": "person", "state": "open"}
            return self.enter(connection, told, wish)

    def read(self, row: Row[Any]) -> Case:
        """The case of a row."""
        return Case(**{name: row._mapping[name] for name in _FIELDS})

    def changes(self, entry: Case, wish: Wish[Kind]) -> Mapping[str, Any]:
        """What a step changes; raises `ConflictingEntry` where it cannot follow."""
        values: dict[str, Any] = {"state": after(entry.state, entry.version, wish.type)}
        if wish.type == "assign":
            values["assignee"] = wish.said["to"]
        if wish.type == "decide":
            values["decision"] = wish.said["decision"]
        return values

    def terms(self, entry: Case) -> set[Term]:
        """What a case is about and where it stands."""
        whole = values("audit", [entry.audit_id]) | values("origin", [entry.origin])
        whole |= values("decision", [entry.decision]) | values("assignee", [entry.assignee])
        return whole | searched(entry.subject)

    def message(self, entry: Case, wish: Wish[Kind]) -> tuple[Event, Mapping[str, Any]]:
        """That a case was opened, or a step of it."""
        if wish.type == "open":
            return "case.opened", {"origin": entry.origin}
        return "case.step", {"version": entry.version, "type": wish.type, "decision": entry.decision}

    def _mine(self) -> Select[Any]:
        """Each with whether its audit is still there."""
        here = _CASES.outerjoin(_JOBS, _JOBS.c.id == _CASES.c.audit_id)
        kept = _JOBS.c.id.is_not(None).label("audit_kept")
        return select(_CASES, kept).select_from(here).where(_CASES.c.tenant == self.tenant)

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
        "state": "open",
        "once": f"audit {job.id}",
    }
    *more, last = [str(rule.get("text", rule.get("rule", ""))) for rule in decision.get("rules") or ()] or [
        ""
    ]
    reason = "; ".join([*(text.removesuffix(".") for text in more), last])
    wish: Wish[Kind] = Wish("open", POLICY, {"reason": reason})
    Cases(connection.engine, job.tenant).enter(connection, told, wish)
