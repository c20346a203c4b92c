"""What is done with a policy: tried on past audits, which writes nothing, and put in force."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.audit.policy import Policy
from api.policies.policies import Policies, parsed
from api.policies.trying import MOST, Trial, try_out
from api.server.answers import problem
from api.server.pages.forms import Sent, end_of, said, start_of
from api.server.pages.policies import editor, fault_of, shown, written
from api.server.pages.rendering import page
from api.server.parts import AuditReader, Parts, PartsDep, PolicyWriter
from api.server.route import Route
from api.server.routes.policies import ActivationRequest, PolicyId, TrialRequest
from core import clock
from core.errors import InvalidInput, TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)


@router.post("/policies/try")
def try_text(request: Request, parts: PartsDep, caller: PolicyWriter, sent: Sent) -> Response:
    """Try the text in the editor, which nobody has kept yet."""
    text = written(sent)
    try:
        fault = fault_of(text)
        if fault is not None:
            return editor(request, text, 422, fault=fault)
        return editor(request, text, trial=_tried(parts, caller.tenant, parsed(text), {}))
    except TrackmarkError as error:
        return editor(request, text, refusal=problem(error))


@router.post("/policies/{policy_id}/try")
def try_kept(
    policy_id: PolicyId, request: Request, parts: PartsDep, caller: AuditReader, sent: Sent
) -> Response:
    """Try a version on the newest audits, or on those between two days."""
    policy = Policies.of(parts.registry.engine, caller.tenant).read(policy_id)
    try:
        trial = _tried(parts, caller.tenant, policy, sent)
    except TrackmarkError as error:
        return shown(request, parts, caller.tenant, policy_id, refusal=problem(error), sent=sent)
    return shown(request, parts, caller.tenant, policy_id, trial=trial, sent=sent)


@router.get("/policies/{policy_id}/activate")
def confirm(policy_id: PolicyId, request: Request, parts: PartsDep, caller: PolicyWriter) -> Response:
    """What putting a version in force would change, and the form that does it."""
    return _confirm(request, parts, caller.tenant, policy_id)


@router.post("/policies/{policy_id}/activate")
def activate(
    policy_id: PolicyId, request: Request, parts: PartsDep, caller: PolicyWriter, sent: Sent
) -> Response:
    """Put a version in force in place of the one that the page named."""
    try:
        if "instead_of" not in sent:
            raise InvalidInput("say which policy is to be replaced: use the form of this page")
        told = said(ActivationRequest, {"reason": sent.get("reason")})
        of = Policies.of(parts.registry.engine, caller.tenant)
        of.activate(policy_id, caller.actor, told["reason"], instead_of=frozenset({sent["instead_of"]}))
    except TrackmarkError as error:
        return _confirm(request, parts, caller.tenant, policy_id, problem(error), sent)
    return RedirectResponse(f"/policies/{policy_id}", status_code=303)


def _confirm(
    request: Request,
    parts: Parts,
    tenant: str,
    policy_id: str,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    of = Policies.of(parts.registry.engine, tenant)
    return page(
        request,
        "policy_activate.html",
        200 if refusal is None else int(refusal["status"]),
        policy=of.get(policy_id),
        active=of.get(of.in_force()),
        trial=_tried(parts, tenant, of.read(policy_id), {}),
        problem=refusal,
        sent=sent or {},
    )


def _tried(parts: Parts, tenant: str, policy: Policy, sent: Mapping[str, str]) -> Trial:
    limit = said(TrialRequest, {"limit": sent.get("limit", MOST)})["limit"]
    since, until = start_of(sent.get("from")), end_of(sent.get("to"))
    if since is not None and until is not None and since >= until:
        raise InvalidInput("the first day lies behind the last one")
    on = clock.now().date()
    return try_out(parts.registry.engine, tenant, policy, on=on, limit=limit, since=since, until=until)
