"""The web page: upload, follow, read. Plain forms; scripts only add progress bars."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from api.audit.asked import NAMES
from api.cases.cases import Cases
from api.jobs.job import Job
from api.jobs.work import LISTENING_COPY, OUTLINE, PICTURE, SPECTROGRAM
from api.language import _
from api.lists.query import Wanted
from api.report.moments import moments
from api.report.numbers import axis_texts
from api.report.spectrum import top_hz
from api.server.answers import problem
from api.server.api_keys import Scope
from api.server.pages import cards, dashboard, lists, timeline, waiting
from api.server.pages.rendering import ask_for_key, ended, page, progress, refused
from api.server.parts import AuditReader, AuditWriter, Parts, PartsDep, caller
from api.server.refusals import Forbidden, Unauthorized
from api.server.route import Route
from api.server.routes import audits
from core.errors import TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

RECENT = 10
_ORDER = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
"""Every method that OpenAPI knows, as the reference shows them."""


@router.get("/")
async def home(request: Request, parts: PartsDep) -> Response:
    """Upload form and recent audits, or the form that asks for a key."""
    try:
        who = request.state.caller = await caller(request, parts)
        who.require(Scope.AUDITS_READ)
    except (Unauthorized, Forbidden):
        return ask_for_key(request)
    recent = await run_in_threadpool(lambda: parts.lists.page("audit", who.tenant, Wanted(limit=RECENT)))
    own = parts.registry.for_tenant(who.tenant)
    artists = await run_in_threadpool(own.artists.listed)
    sketched = await run_in_threadpool(own.sketches.any)
    rights = Scope.RECORDS_READ in who.scopes or Scope.ADMIN in who.scopes
    waits = await run_in_threadpool(_waiting, parts, who.tenant, rights)
    governs = Scope.ADMIN in who.scopes
    seen = await run_in_threadpool(lambda: dashboard.glance(parts, who.tenant, governs=governs))
    return page(
        request,
        "home.html",
        jobs=recent.jobs,
        artists=artists,
        every_check=",".join(NAMES) if sketched else None,
        largest=parts.settings.max_upload_bytes,
        waiting=waits,
        glance=seen,
        problem=None,
    )


def _waiting(parts: Parts, tenant: str, rights: bool) -> list[waiting.Waiting]:
    engine, cursors = parts.registry.engine, parts.cursors
    found = waiting.notices(engine, tenant, cursors) if rights else []
    return found + waiting.cases(engine, tenant, cursors)


@router.post("/audits")
async def upload(request: Request, parts: PartsDep, caller: AuditWriter) -> Response:
    """The form's target: the new audit's page, or what is wrong with the file."""
    try:
        job = await audits.submit(request, parts, caller)
    except TrackmarkError as error:
        return refused(request, error)
    return RedirectResponse(f"/audits/{job.id}", status_code=303)


@router.get("/audits")
def audit_list(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The tenant's audits, newest first, found by what was asked for and what came out."""
    asked = lists.asked(request, lists.AUDITS)
    found = parts.lists.page("audit", caller.tenant, lists.wanted(request, asked))
    return page(request, "audits.html", jobs=found.jobs, **lists.turning(request, asked, found.next))


@router.get("/audits/{audit_id}")
def audit(audit_id: str, request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """Progress while the audit runs, findings when it is done."""
    try:
        job = parts.jobs.get(audit_id, tenant=caller.tenant, kind="audit")
    except TrackmarkError as error:
        return page(request, "problem.html", 404, problem=problem(error))
    if job.error is not None:
        return ended(request, job, by_file=True)
    if job.result is None:
        return progress(request, job, f"/v1/audits/{job.id}", _("Auditing"))
    return page(request, "audit.html", **_findings(job, parts))


@router.get("/docs")
def docs(request: Request) -> Response:
    """The API, generated from its OpenAPI document."""
    document = request.app.openapi()
    routes = [
        {"method": method.upper(), "path": path, "tag": (operation.get("tags") or ["other"])[0], **operation}
        for path, operations in document["paths"].items()
        for method, operation in sorted(operations.items(), key=lambda item: _ORDER.index(item[0]))
    ]
    tags = list(dict.fromkeys(route["tag"] for route in routes))
    return page(request, "docs.html", tags=tags, routes=routes)


def _findings(job: Job, parts: Parts) -> dict[str, Any]:
    found, left = dict(job.result or {}), parts.worker.files.left(job)
    about = Wanted(limit=1, values={"audit": job.id})
    cases = Cases.of(parts.registry.engine, job.tenant).page(about, parts.cursors).entries
    return {
        "job": job,
        "case": cases[0] if cases else None,
        "found": found,
        "verdict": cards.verdict(found),
        "cards": cards.cards(found),
        "lanes": timeline.lanes(found),
        "marks": axis_texts(0.0, float(found.get("duration_s") or 0.0)),
        "moments": moments(found),
        "size": (timeline.WIDTH, timeline.HEIGHT),
        "has": {name: name in left for name in (PICTURE, SPECTROGRAM, OUTLINE, LISTENING_COPY)},
        "top_khz": top_hz(int(found["media"]["sample_rate"])) / 1000 if found.get("media") else None,
    }
