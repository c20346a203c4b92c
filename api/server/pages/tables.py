"""Lists as tables to keep (CSV): everything that the filters of a page show, not one page of it."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from api.cases.case import Case
from api.cases.cases import Cases
from api.jobs.job import Job
from api.law.law import shipped
from api.lists.query import MAX_PAGE, Wanted
from api.notices.notice import Notice, deadlines
from api.notices.notices import Notices
from api.registry.records import StoredRecord
from api.server.pages import lists
from api.server.parts import AuditReader, PartsDep, RecordReader
from api.server.route import Route
from provenance.exchange.table import guarded

router = APIRouter(include_in_schema=False, route_class=Route)

BOM = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for the machine's own letters."""
Entry = TypeVar("Entry")
Turn = Callable[[Wanted], tuple[Sequence[Entry], str | None]]
"""A page of a list, and where the next one starts."""
Row = tuple[Any, ...]

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
RECORDS = ("record", "title", "log_entry", "registered")
CASES = ("case", "about", "state", "decision", "policy_decision", "assigned_to", "audit", "opened", "changed")
NOTICES = ("notice", "form", "material", "state", "received", "due", "due_because", "audit", "record")


@router.get("/audits.csv")
def audits(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The tenant's audits."""
    asked = lists.asked(request, lists.AUDITS)

    def turn(wanted: Wanted) -> tuple[Sequence[Job], str | None]:
        found = parts.lists.page("audit", caller.tenant, wanted)
        return found.jobs, found.next

    return _sheet("audits", AUDITS, map(_audit, _every(turn, lists.wanted(request, asked))))


@router.get("/records.csv")
def records(request: Request, parts: PartsDep, caller: RecordReader) -> Response:
    """The tenant's records."""
    asked = lists.asked(request, lists.RECORDS)
    store = parts.registry.for_tenant(caller.tenant).records

    def turn(wanted: Wanted) -> tuple[Sequence[StoredRecord], str | None]:
        found = store.listed(wanted, parts.cursors)
        return found.records, found.next

    return _sheet("records", RECORDS, map(_record, _every(turn, lists.wanted(request, asked))))


@router.get("/cases.csv")
def cases(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The tenant's cases."""
    asked, of = lists.asked(request, lists.CASES), Cases.of(parts.registry.engine, caller.tenant)

    def turn(wanted: Wanted) -> tuple[Sequence[Case], str | None]:
        found = of.page(wanted, parts.cursors)
        return found.entries, found.next

    return _sheet("cases", CASES, map(_case, _every(turn, lists.wanted(request, asked))))


@router.get("/notices.csv")
def notices(request: Request, parts: PartsDep, caller: RecordReader) -> Response:
    """The tenant's notices, each with the first day that is due."""
    asked, of = lists.asked(request, lists.NOTICES), Notices.of(parts.registry.engine, caller.tenant)

    def turn(wanted: Wanted) -> tuple[Sequence[Notice], str | None]:
        found = of.page(wanted, parts.cursors)
        return found.entries, found.next

    return _sheet("notices", NOTICES, map(_notice, _every(turn, lists.wanted(request, asked))))


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


def _sheet(name: str, columns: Sequence[str], rows: Iterator[Row]) -> Response:
    """A download; a text that a spreadsheet would run is written with an apostrophe."""
    first = next(rows, None)  # what is wrong with a search is told before anything is sent
    told = rows if first is None else chain([first], rows)
    head = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    lines = _lines(chain([tuple(columns)], told))
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=head)


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    yield BOM
    for row in rows:
        out = io.StringIO(newline="")
        csv.writer(out).writerow(guarded(cell) if isinstance(cell, str) else cell for cell in row)
        yield out.getvalue()
