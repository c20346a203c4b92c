"""Tenants for operators: entered, given a first key, suspended and let in again."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.database.tables import DEFAULT_TENANT
from api.server.answers import problem
from api.server.api_keys import NewKey, Scope
from api.server.key_shapes import KeyRequest
from api.server.pages.forms import Sent, said
from api.server.pages.key_states import key_state
from api.server.pages.rendering import page
from api.server.parts import Parts, PartsDep
from api.server.route import Route
from api.server.routes.tenants import Named, Operator, SuspensionRequest, TenantRequest
from api.tenants.tenants import Tenants
from core.errors import TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)


@router.get("/tenants")
def tenants(request: Request, parts: PartsDep, caller: Operator) -> Response:
    """Every tenant that was entered or has keys, and the form that enters another one."""
    return _all(request, parts)


@router.post("/tenants")
def enter(request: Request, parts: PartsDep, caller: Operator, sent: Sent) -> Response:
    """Enter a tenant; its page leads on to its first key."""
    try:
        wanted = said(TenantRequest, {name: sent[name] for name in ("tenant", "name") if name in sent})
        Tenants(parts.registry.engine).enter(wanted["tenant"], wanted["name"], caller.actor)
    except TrackmarkError as error:
        return _all(request, parts, problem(error), sent)
    return RedirectResponse(f"/tenants/{wanted['tenant']}", status_code=303)


@router.get("/tenants/{tenant}")
def tenant(named: Named, request: Request, parts: PartsDep, caller: Operator) -> Response:
    """One tenant, its keys, and what can be done about it."""
    return _one(request, parts, named.tenant)


@router.post("/tenants/{tenant}/keys")
def make_key(named: Named, request: Request, parts: PartsDep, caller: Operator, sent: Sent) -> Response:
    """Make a key with which the tenant's own admin makes everything else, and show its secret, this once."""
    try:
        told = {"name": sent.get("name"), "scopes": [Scope.ADMIN]}
        wanted = said(KeyRequest, {name: value for name, value in told.items() if value is not None})
        made = parts.keys.create(wanted["name"], frozenset({Scope.ADMIN}), tenant=named.tenant)
    except TrackmarkError as error:
        return _one(request, parts, named.tenant, problem(error), sent)
    return _one(request, parts, named.tenant, made=made)


@router.post("/tenants/{tenant}/suspend")
def suspend(named: Named, request: Request, parts: PartsDep, caller: Operator, sent: Sent) -> Response:
    """Answer all its keys with a refusal, and let its jobs wait."""
    try:
        wanted = said(SuspensionRequest, {name: sent[name] for name in ("reason",) if name in sent})
        Tenants(parts.registry.engine).suspend(named.tenant, wanted["reason"], caller.actor)
    except TrackmarkError as error:
        return _one(request, parts, named.tenant, problem(error), sent)
    return RedirectResponse(f"/tenants/{named.tenant}", status_code=303)


@router.post("/tenants/{tenant}/resume")
def resume(named: Named, request: Request, parts: PartsDep, caller: Operator) -> Response:
    """Let a tenant in again."""
    try:
        Tenants(parts.registry.engine).resume(named.tenant)
    except TrackmarkError as error:
        return _one(request, parts, named.tenant, problem(error))
    return RedirectResponse(f"/tenants/{named.tenant}", status_code=303)


def _all(
    request: Request,
    parts: Parts,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    found = sorted(Tenants(parts.registry.engine).listed(), key=lambda one: one.name.casefold())
    return page(
        request,
        "tenants.html",
        200 if refusal is None else int(refusal["status"]),
        tenants=found,
        problem=refusal,
        sent=sent or {},
    )


def _one(
    request: Request,
    parts: Parts,
    named: str,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
    made: NewKey | None = None,
) -> Response:
    keys = sorted(parts.keys.keys(named), key=lambda one: one.created_at, reverse=True)
    answer = page(
        request,
        "tenant.html",
        200 if refusal is None else int(refusal["status"]),
        tenant=Tenants(parts.registry.engine).get(named),
        ours=named == DEFAULT_TENANT,
        keys=[(one, key_state(one)) for one in keys],
        made=made,
        problem=refusal,
        sent=sent or {},
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
