"""Exports for people: a table begun, followed, fetched and held against its digest."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.jobs.exporting import Asked, What
from api.jobs.job import Job
from api.jobs.tables import Form
from api.language import _, later
from api.server.answers import problem
from api.server.api_keys import Caller
from api.server.pages.forms import Sent, end_of, said, start_of
from api.server.pages.rendering import ended, page, progress
from api.server.parts import Parts, PartsDep
from api.server.route import Route
from api.server.routes import tables
from api.server.routes.tables import Exporter, ExportRequest, Mine
from core.errors import TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

WHATS: Mapping[What, str] = {
    "audits": later("audits, with what they found and what decided them"),
    "records": later("records, with what they say today"),
    "cases": later("cases, as they stand"),
}
"""What can be exported, and what the table tells of it."""
FORMS: Mapping[Form, str] = {
    "csv": later("CSV, for spreadsheets"),
    "parquet": later("Parquet, for data frames"),
    "jsonl": later("lines of JSON"),
}
"""The forms of a table."""


@router.get("/exports")
def exports(request: Request, parts: PartsDep, caller: Exporter) -> Response:
    """The exports that were not erased yet, newest first, and the form that begins another one."""
    return _shown(request, parts, caller)


@router.post("/exports")
def begin(request: Request, parts: PartsDep, caller: Exporter, sent: Sent) -> Response:
    """Begin an export; its page follows it."""
    try:
        told: dict[str, Any] = {name: sent[name] for name in ("what", "format") if name in sent}
        told |= {"created_from": start_of(sent.get("from")), "created_to": end_of(sent.get("to"))}
        job = tables.begun(ExportRequest(**said(ExportRequest, told)), parts, caller)
    except TrackmarkError as error:
        return _shown(request, parts, caller, problem(error), sent)
    return RedirectResponse(f"/exports/{job.id}", status_code=303)


@router.get("/exports/{export_id}")
def export(job: Mine, request: Request, parts: PartsDep, caller: Exporter) -> Response:
    """Progress while it is made; then the file, and how to check it."""
    if job.error is not None:
        return ended(request, job)
    if job.result is None:
        return progress(request, job, f"/v1/exports/{job.id}", _("Exporting"))
    asked, ends = Asked.of(job.request), _ends(job, parts)
    return page(request, "export.html", job=job, asked=asked, ends=ends, whats=WHATS, forms=FORMS)


@router.post("/exports/{export_id}/delete")
def delete(job: Mine, parts: PartsDep, caller: Exporter) -> Response:
    """Erase an export before it ends by itself; one that is under way is stopped."""
    parts.worker.files.discard(parts.jobs.delete(job.id, tenant=caller.tenant, kind="export"))
    return RedirectResponse("/exports", status_code=303)


def _ends(job: Job, parts: Parts) -> datetime | None:
    """Until when the file can be fetched; None while it is made."""
    kept = timedelta(hours=parts.settings.export_hours)
    return None if job.finished_at is None else job.finished_at + kept


def _shown(
    request: Request,
    parts: Parts,
    caller: Caller,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    found = sorted(tables.readable(parts, caller), key=lambda job: job.created_at, reverse=True)
    return page(
        request,
        "exports.html",
        200 if refusal is None else int(refusal["status"]),
        exports=[(job, Asked.of(job.request), _ends(job, parts)) for job in found],
        whats={what: WHATS[what] for what in tables.exportable(caller)},
        forms=FORMS,
        problem=refusal,
        sent=sent or {},
    )
