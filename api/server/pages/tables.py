"""Lists as tables to keep (CSV): everything that the filters of a page show, not one page of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from fastapi import APIRouter, Request, Response

from api.cases.case import Case
from api.cases.cases import Cases
from api.jobs.job import Job, Listed
from api.law.law import shipped
from api.lists.query import MAX_PAGE, Wanted
from api.notices.notice import Notice, deadlines
from api.notices.notices import Notices
from api.registry.records import StoredRecord
from api.server.pages import lists
from api.server.pages.sheets import Row, sheet
from api.server.parts import AuditReader, Parts, PartsDep, RecordReader
from api.server.route import Route

router = APIRouter(include_in_schema=False, route_class=Route)

Entry = TypeVar("Entry")
Turn = Callable[[Wanted], tuple[Sequence[Entry], str | None]]
"""A page of a list, and where the next one starts."""

AUDITS = (
    "audit",
    "file",
    "sha256",
    "state",
    "decision",
    "rules",
    "ownership",
    "record",
    "title",
    "ai",
    "received",
)
COMPARISONS = ("comparison", "original", "suspect", "state", "outcome", "stretches", "received")
RECORDS = ("record", "title", "log_entry", "registered")
CASES = ("case", "about", "state", "decision", "policy_decision", "assigned_to", "audit", "opened", "changed")
NOTICES = ("notice", "form", "material", "state", "received", "due", "due_because", "audit", "record")


@router.get("/audits.csv")
def audits(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The tenant's audits."""
    asked = lists.asked(request, lists.AUDITS)
    turn = _jobs(parts, "audit", caller.tenant)
    return sheet("audits", AUDITS, map(_audit, _every(turn, lists.wanted(request, asked))))


@router.get("/comparisons.csv")
def comparisons(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The tenant's comparisons."""
    asked = lists.asked(request, lists.COMPARISONS)
    turn = _jobs(parts, "comparison", caller.tenant)
    rows = map(_comparison, _every(turn, lists.wanted(request, asked)))
    return sheet("comparisons", COMPARISONS, rows)


@router.get("/records.csv")
def records(request: Request, parts: PartsDep, caller: RecordReader) -> Response:
    """The tenant's records."""
    asked = lists.asked(request, lists.RECORDS)
    store = parts.registry.for_tenant(caller.tenant).records

    def turn(wanted: Wanted) -> tuple[Sequence[StoredRecord], str | None]:
        found = store.listed(wanted, parts.cursors)
        return found.records, found.next

    return sheet("records", RECORDS, map(_record, _every(turn, lists.wanted(request, asked))))


@router.get("/cases.csv")
def cases(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The tenant's cases."""
    asked, of = lists.asked(request, lists.CASES), Cases.of(parts.registry.engine, caller.tenant)

    def turn(wanted: Wanted) -> tuple[Sequence[Case], str | None]:
        found = of.page(wanted, parts.cursors)
        return found.entries, found.next

    return sheet("cases", CASES, map(_case, _every(turn, lists.wanted(request, asked))))


@router.get("/notices.csv")
def notices(request: Request, parts: PartsDep, caller: RecordReader) -> Response:
    """The tenant's notices, each with the first day that is due."""
    asked, of = lists.asked(request, lists.NOTICES), Notices.of(parts.registry.engine, caller.tenant)

    def turn(wanted: Wanted) -> tuple[Sequence[Notice], str | None]:
        found = of.page(wanted, parts.cursors)
        return found.entries, found.next

    return sheet("notices", NOTICES, map(_notice, _every(turn, lists.wanted(request, asked))))


def _audit(job: Job) -> Row:
    found = job.result or {}
    decision, ownership = found.get("decision") or {}, found.get("ownership") or {}
    return (
        job.id,
        job.file_name,
        job.sha256,
        job.state,
        decision.get("action"),
        "; ".join(str(rule["rule"]) for rule in decision.get("rules") or ()),
        ownership.get("status"),
        ownership.get("record_id"),
        (ownership.get("record") or {}).get("title"),
        (found.get("ai") or {}).get("verdict"),
        job.created_at.isoformat(),
    )


def _jobs(parts: Parts, kind: Listed, tenant: str) -> Callable[[Wanted], tuple[Sequence[Job], str | None]]:
    """A page of a tenant's jobs of a kind, and where the next one begins."""

    def turn(wanted: Wanted) -> tuple[Sequence[Job], str | None]:
        found = parts.lists.page(kind, tenant, wanted)
        return found.jobs, found.next

    return turn


def _comparison(job: Job) -> Row:
    alignment = (job.result or {}).get("alignment") or {}
    return (
        job.id,
        job.file_name,
        job.request["suspect"]["name"],
        job.state,
        alignment.get("outcome"),
        len(alignment["stretches"]) if "stretches" in alignment else None,
        job.created_at.isoformat(),
    )


def _record(one: StoredRecord) -> Row:
    return one.record_id, one.title, one.first_index, one.created_at.isoformat()


def _case(one: Case) -> Row:
    times = one.created_at.isoformat(), one.changed_at.isoformat()
    said = one.state, one.decision, one.audit_decision, one.assignee, one.audit_id
    return one.id, one.subject, *said, *times


def _notice(one: Notice) -> Row:
    due = next(iter(deadlines(one, shipped())), None)
    days = one.received_on, due and due.on, due and due.says
    return one.id, one.form, one.material, one.state, *days, one.audit_id, one.record_id


def _every(turn: "Turn[Entry]", first: Wanted) -> Iterator[Entry]:
    """All entries of a list, a page at a time."""
    wanted: Wanted | None = replace(first, limit=MAX_PAGE, cursor=None)
    while wanted is not None:
        shown, after = turn(wanted)
        yield from shown
        wanted = None if after is None else replace(wanted, cursor=after)
