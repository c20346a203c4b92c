"""Cases for people: what waits, one case with its audit and its history, and the next step."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.cases.case import Case, Kind, possible
from api.cases.cases import Cases
from api.docket.step import Wish
from api.server.answers import problem
from api.server.pages import cards, lists
from api.server.pages.forms import Sent, said
from api.server.pages.rendering import page, refused
from api.server.parts import AuditReader, AuditWriter, Parts, PartsDep
from api.server.route import Route
from api.server.routes.cases import (
    AppealRequest,
    AssignRequest,
    CaseRequest,
    CommentRequest,
    DecisionRequest,
    ReopenRequest,
)
from api.server.schemas import Model
from core.errors import InvalidInput, TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

_SHAPES: Mapping[str, tuple[Kind, type[Model]]] = {
    "assign": ("assign", AssignRequest),
    "comment": ("comment", CommentRequest),
    "decide": ("decide", DecisionRequest),
    "appeal": ("appeal", AppealRequest),
    "reopen": ("reopen", ReopenRequest),
}


@router.get("/cases")
def case_list(request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """The tenant's cases, newest first, found by where they stand and what they are about."""
    asked = lists.asked(request, lists.CASES)
    found = Cases.of(parts.registry.engine, caller.tenant).page(lists.wanted(request, asked), parts.cursors)
    return page(request, "cases.html", cases=found.entries, **lists.turning(request, asked, found.next))


@router.post("/cases")
def open_case(request: Request, parts: PartsDep, caller: AuditWriter, sent: Sent) -> Response:
    """The form's target: the new case's page, or what is wrong."""
    try:
        wanted = said(CaseRequest, sent)
        if wanted["audit_id"] is None and wanted["subject"] is None:
            raise InvalidInput("say what the case is about")
        wish: Wish[Kind] = Wish("open", caller.actor, {"reason": wanted.pop("reason")})
        case = Cases.of(parts.registry.engine, caller.tenant).open(wish, **wanted)
    except TrackmarkError as error:
        return refused(request, error)
    return RedirectResponse(f"/cases/{case.id}", status_code=303)


@router.get("/cases/{case_id}")
def case(case_id: str, request: Request, parts: PartsDep, caller: AuditReader) -> Response:
    """One case: the audit that it is about, everything that happened, and what can follow."""
    cases = Cases.of(parts.registry.engine, caller.tenant)
    return _shown(request, parts, cases, cases.get(case_id))


@router.post("/cases/{case_id}/{step}")
def take(
    case_id: str, step: str, request: Request, parts: PartsDep, caller: AuditWriter, sent: Sent
) -> Response:
    """Take a step on the case that the page showed; what was written is kept where that cannot be."""
    cases = Cases.of(parts.registry.engine, caller.tenant)
    found = cases.get(case_id)
    try:
        if step not in _SHAPES:
            raise InvalidInput(f"a case has no step {step!r}")
        kind, shape = _SHAPES[step]
        told = {name: sent.get(name) for name in shape.model_fields if name in sent or kind == "assign"}
        seen = frozenset({sent.get("version", "")})
        cases.take(case_id, Wish(kind, caller.actor, said(shape, told), expected=seen))
    except TrackmarkError as error:
        return _shown(request, parts, cases, found, problem(error), sent)
    return RedirectResponse(f"/cases/{case_id}", status_code=303)


def _shown(
    request: Request,
    parts: Parts,
    cases: Cases,
    case: Case,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    verdict = None
    if case.audit_kept and case.audit_id is not None:
        job = parts.jobs.get(case.audit_id, tenant=cases.tenant, kind="audit")
        verdict = None if job.result is None else cards.verdict(job.result)
    current = cases.get(case.id)
    return page(
        request,
        "case.html",
        200 if refusal is None else int(refusal["status"]),
        case=current,
        steps=cases.steps(case.id),
        can=possible(current.state),
        verdict=verdict,
        problem=refusal,
        sent=sent or {},
    )
