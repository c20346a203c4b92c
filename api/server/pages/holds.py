"""Legal holds for people: what is held and why, another one, and its end, behind a page that asks."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.cases.cases import Cases
from api.errors import UnknownEntry
from api.language import later
from api.retention.holds import KINDS, Held, Hold, Holds
from api.server.answers import problem
from api.server.api_keys import Caller
from api.server.pages import lists
from api.server.pages.forms import Sent, said
from api.server.pages.rendering import page
from api.server.parts import Admin, Parts, PartsDep
from api.server.route import Route
from api.server.routes.retention import HoldRequest, ReleaseRequest
from core.errors import TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

THINGS: Mapping[Held, str] = {
    "audit": later("audit"),
    "case": later("case, with its audit"),
    "record": later("record, with audits that found it"),
    "artist": later("artist, with voice print and consents"),
}
"""What can be held, and what is held with it."""
_PLACES: Mapping[Held, str] = {"audit": "/audits/", "case": "/cases/", "record": "/records/"}
_STATES = {"in_force": later("in force"), "released": later("released")}
FIELDS: lists.Fields = {"state": tuple(_STATES)}


def found(holds: Holds, asked: Mapping[str, str]) -> list[Hold]:
    """The holds that a form's filter shows, newest first."""
    every = sorted(holds.listed(), key=lambda one: one.placed_at, reverse=True)
    if "state" not in asked:
        return every
    return [one for one in every if (one.released_at is None) == (asked["state"] == "in_force")]


@router.get("/holds")
def holds(request: Request, parts: PartsDep, caller: Admin) -> Response:
    """The tenant's holds, newest first, and the form for another one."""
    named = {name: request.query_params.get(name, "")[: lists.LONGEST] for name in ("kind", "id")}
    return _shown(request, parts, caller, sent=named)


@router.post("/holds")
def place(request: Request, parts: PartsDep, caller: Admin, sent: Sent) -> Response:
    """Hold something."""
    try:
        wanted = said(HoldRequest, {name: sent[name] for name in HoldRequest.model_fields if name in sent})
        _of(parts, caller).place(wanted["kind"], wanted["id"], wanted["reason"], caller.actor)
    except TrackmarkError as error:
        return _shown(request, parts, caller, problem(error), sent)
    return RedirectResponse("/holds", status_code=303)


@router.get("/holds/{hold_id}")
def hold(hold_id: str, request: Request, parts: PartsDep, caller: Admin) -> Response:
    """One hold, and the form that releases it."""
    return _one(request, parts, caller, hold_id)


@router.post("/holds/{hold_id}/release")
def release(hold_id: str, request: Request, parts: PartsDep, caller: Admin, sent: Sent) -> Response:
    """End a hold; what was due meanwhile ends with the next sweep."""
    try:
        wanted = said(ReleaseRequest, {name: sent[name] for name in ("reason",) if name in sent})
        _of(parts, caller).release(hold_id, wanted["reason"], caller.actor)
    except UnknownEntry:
        raise
    except TrackmarkError as error:
        return _one(request, parts, caller, hold_id, problem(error), sent)
    return RedirectResponse("/holds", status_code=303)


def _shown(
    request: Request,
    parts: Parts,
    caller: Caller,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    asked = lists.asked(request, FIELDS)
    table = f"/holds.csv?{urlencode(asked)}" if asked else "/holds.csv"
    return page(
        request,
        "holds.html",
        200 if refusal is None else int(refusal["status"]),
        holds=[(one, _name(parts, one), _address(one)) for one in found(_of(parts, caller), asked)],
        table=table,
        things=THINGS,
        kinds=KINDS,
        states=_STATES,
        asked=asked,
        problem=refusal,
        sent=sent or {},
    )


def _one(
    request: Request,
    parts: Parts,
    caller: Caller,
    hold_id: str,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    found = _of(parts, caller).get(hold_id)
    return page(
        request,
        "hold.html",
        200 if refusal is None else int(refusal["status"]),
        hold=found,
        title=_name(parts, found),
        address=_address(found),
        things=THINGS,
        problem=refusal,
        sent=sent or {},
    )


def _of(parts: Parts, caller: Caller) -> Holds:
    return Holds.of(parts.registry.engine, caller.tenant)


def _address(held: Hold) -> str:
    """Of the page that shows what is held; all artists are on one."""
    return _PLACES[held.kind] + held.object_id if held.kind in _PLACES else "/artists"


def _name(parts: Parts, held: Hold) -> str:
    """What people call what is held; its id where it is there no more."""
    of_tenant = parts.registry.for_tenant(held.tenant)
    try:
        if held.kind == "audit":
            return parts.jobs.get(held.object_id, tenant=held.tenant, kind="audit").file_name
        if held.kind == "case":
            return Cases.of(parts.registry.engine, held.tenant).get(held.object_id).subject
    except UnknownEntry:
        return held.object_id
    if held.kind == "record":
        stored = of_tenant.records.get(held.object_id)
        return held.object_id if stored is None else stored.title
    artists = of_tenant.artists.listed()
    return next((one.name for one in artists if one.id == held.object_id), held.object_id)
