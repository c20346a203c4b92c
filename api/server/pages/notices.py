"""Notices for people: what came in and what is due, one with its form and history, and the next step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.docket.step import Wish
from api.law.law import shipped
from api.notices.forms import FORMS, Element, FormName, missing
from api.notices.notice import DueDay, Kind, Notice, deadlines, possible
from api.notices.notices import About, Notices
from api.server.answers import problem
from api.server.notice_shapes import (
    ActRequest,
    CompletionRequest,
    CounterRequest,
    NoticeCommentRequest,
    NoticeRequest,
)
from api.server.pages import lists, notice_words
from api.server.pages.forms import Sent, said
from api.server.pages.rendering import page
from api.server.parts import PartsDep, RecordReader, RecordWriter
from api.server.route import Route
from api.server.routes.cases import ReopenRequest
from api.server.schemas import Model
from core import clock
from core.errors import InvalidInput, TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

SHAPES: Mapping[str, tuple[Kind, type[Model]]] = {
    "complete": ("complete", CompletionRequest),
    "comment": ("comment", NoticeCommentRequest),
    "remove": ("remove", ActRequest),
    "refuse": ("refuse", ReopenRequest),
    "counter": ("counter", CounterRequest),
    "restore": ("restore", ActRequest),
    "keep_down": ("keep_down", ActRequest),
    "withdraw": ("withdraw", ReopenRequest),
}
"""Each step, and what a form says of it."""


@dataclass(frozen=True)
class Row:
    """A notice of a list, and the first day that is due of it."""

    notice: Notice
    due: DueDay | None


@router.get("/notices")
def notice_list(request: Request, parts: PartsDep, caller: RecordReader) -> Response:
    """The tenant's notices, newest first, with what is due."""
    asked = lists.asked(request, lists.NOTICES)
    notices = Notices.of(parts.registry.engine, caller.tenant)
    found = notices.page(lists.wanted(request, asked), parts.cursors)
    rows = [Row(one, next(iter(deadlines(one, shipped())), None)) for one in found.entries]
    turns = lists.turning(request, asked, found.next)
    return page(
        request,
        "notices.html",
        rows=rows,
        today=clock.now().date(),
        forms=FORMS,
        together={name: notice_words.STEPS[name] for name in notice_words.TOGETHER},
        **turns,
    )


@router.get("/notices/new")
def new(request: Request, caller: RecordWriter, form: Annotated[FormName, Query()] = "dmca") -> Response:
    """An empty form."""
    return _blank(request, form)


@router.post("/notices")
def receive(request: Request, parts: PartsDep, caller: RecordWriter, sent: Sent) -> Response:
    """The form's target: the new notice's page, or the form with what is wrong."""
    name: FormName = "no-fakes" if sent.get("form") == "no-fakes" else "dmca"
    try:
        rest = {one: sent.get(one) for one in ("received_on", "record_id", "audit_id")}
        wanted = said(NoticeRequest, {**rest, "form": name, "elements": _elements(FORMS[name].notice, sent)})
        given = {one: value for one, value in wanted["elements"].items() if value is not None}
        day = wanted["received_on"]
        wish: Wish[Kind] = Wish(
            "receive", caller.actor, {"elements": given, "on": None if day is None else str(day)}
        )
        about = About(wanted["audit_id"], wanted["record_id"])
        notices = Notices.of(parts.registry.engine, caller.tenant)
        notice = notices.receive(name, given, wish, on=day, about=about)
    except TrackmarkError as error:
        return _blank(request, name, problem(error), sent)
    return RedirectResponse(f"/notices/{notice.id}", status_code=303)


@router.get("/notices/{notice_id}")
def notice(notice_id: str, request: Request, parts: PartsDep, caller: RecordReader) -> Response:
    """One notice: its elements, the days that are due, everything that happened, and what can follow."""
    return _shown(request, Notices.of(parts.registry.engine, caller.tenant), notice_id)


@router.post("/notices/{notice_id}/{step}")
def take(
    notice_id: str, step: str, request: Request, parts: PartsDep, caller: RecordWriter, sent: Sent
) -> Response:
    """Take a step on the notice that the page showed; what was written is kept where that cannot be."""
    notices = Notices.of(parts.registry.engine, caller.tenant)
    form = FORMS[notices.get(notice_id).form]
    try:
        if step not in SHAPES:
            raise InvalidInput(f"a notice has no step {step!r}")
        kind, shape = SHAPES[step]
        told: dict[str, Any] = {name: sent[name] for name in shape.model_fields if name in sent}
        if "elements" in shape.model_fields:
            told["elements"] = _elements(form.counter if kind == "counter" else form.notice, sent)
        checked = said(shape, told)
        if "elements" in checked:
            checked["elements"] = {
                one: value for one, value in checked["elements"].items() if value is not None
            }
        if checked.get("on") is not None:
            checked["on"] = str(checked["on"])
        seen = frozenset({sent.get("version", "")})
        notices.take(notice_id, Wish(kind, caller.actor, checked, expected=seen))
    except TrackmarkError as error:
        return _shown(request, notices, notice_id, problem(error), sent)
    return RedirectResponse(f"/notices/{notice_id}", status_code=303)


def _elements(elements: tuple[Element, ...], sent: Mapping[str, str]) -> dict[str, Any]:
    """What a form says of elements: a statement is made by ticking it."""
    return {
        one.name: True if one.kind == "statement" else sent[f"e-{one.name}"]
        for one in elements
        if f"e-{one.name}" in sent
    }


def _blank(
    request: Request,
    form: FormName,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    rule = shipped().rule(FORMS[form].rule)
    return page(
        request,
        "notice_new.html",
        200 if refusal is None else int(refusal["status"]),
        kind=form,
        form=FORMS[form],
        forms=FORMS,
        rule=rule,
        standing=rule.standing(clock.now().date()),
        problem=refusal,
        sent=sent or {},
    )


def _shown(
    request: Request,
    notices: Notices,
    notice_id: str,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    found = notices.get(notice_id)
    form = FORMS[found.form]
    rule = shipped().rule(form.rule)
    lacks = missing(form.notice, found.elements)
    return page(
        request,
        "notice.html",
        200 if refusal is None else int(refusal["status"]),
        notice=found,
        form=form,
        lacking=tuple(one for one in form.notice if one.name in lacks),
        rule=rule,
        standing=rule.standing(clock.now().date()),
        due=deadlines(found, shipped()),
        today=clock.now().date(),
        steps=notices.steps(notice_id),
        can=possible(found.state),
        problem=refusal,
        sent=sent or {},
    )
