"""Retention for people: for how long what is kept, and other numbers, behind a page that asks."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.errors import PreconditionFailed
from api.jobs.retention import Retention
from api.language import later
from api.retention import rules
from api.retention.holds import Holds
from api.retention.rules import Days, Rule
from api.server.answers import problem
from api.server.api_keys import Caller
from api.server.pages.forms import Sent, said
from api.server.pages.rendering import page
from api.server.parts import Admin, Parts, PartsDep
from api.server.route import Route
from api.server.routes.retention import RetentionRequest
from core import clock
from core.errors import TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)

KEPT = {
    "audio": later("audio that was kept after its audit, and copies to listen to"),
    "reports": later("audits and comparisons whole, with findings, report and pictures"),
    "voices": later("voice prints, with the consents that their artists gave"),
    "tagged": later("files that were tagged; their records stay"),
}
"""What each number is for."""
ENDS = {
    "audio": ("audio",),
    "reports": ("report",),
    "voices": ("voice-print",),
    "tagged": ("tagged-file", "tagging"),
}
"""What ends by each number."""
ENDED = {
    "audio": later("Audio"),
    "report": later("Audits and comparisons"),
    "batch": later("Batches"),
    "tagged-file": later("Tagged files"),
    "tagging": later("Taggings that made no file"),
    "voice-print": later("Voice prints"),
}
"""What things that end are called."""


@router.get("/retention")
def retention(request: Request, parts: PartsDep, caller: Admin) -> Response:
    """What is set, what ends when, and the form for other numbers."""
    return _shown(request, parts, caller)


@router.get("/retention/change")
def ask(request: Request, parts: PartsDep, caller: Admin) -> Response:
    """What other numbers would end with the next sweep, and the form that sets them."""
    sent = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    engine = parts.registry.engine
    rule = rules.of(engine, caller.tenant)
    try:
        days = _days(sent)
        if sent.get("version", rule.tag) != rule.tag:
            raise PreconditionFailed("somebody else has changed the retention since; look at it first")
    except TrackmarkError as error:
        return _shown(request, parts, caller, problem(error), sent)
    now, wanted = clock.now(), Rule(caller.tenant, days)
    due = Retention(engine, parts.worker.files).due_by(wanted, now)
    return page(
        request,
        "retention_change.html",
        rule=rule,
        before=vars(rule.days),
        after=vars(days),
        kept=KEPT,
        ended=ENDED,
        due=Counter(one.what for one in due),
    )


@router.post("/retention")
def change(request: Request, parts: PartsDep, caller: Admin, sent: Sent) -> Response:
    """Set all four numbers; what is due and not held ends with the next sweep."""
    try:
        seen = frozenset({sent.get("version", "")})
        rules.put(parts.registry.engine, caller.tenant, _days(sent), caller.actor, seen)
    except TrackmarkError as error:
        return _shown(request, parts, caller, problem(error), sent)
    return RedirectResponse("/retention", status_code=303)


def _days(sent: Mapping[str, str]) -> Days:
    told = said(RetentionRequest, {name: sent.get(name) or None for name in RetentionRequest.model_fields})
    return Days(**{name.removesuffix("_days"): count for name, count in told.items()})


def _shown(
    request: Request,
    parts: Parts,
    caller: Caller,
    refusal: Mapping[str, Any] | None = None,
    sent: Mapping[str, str] | None = None,
) -> Response:
    engine = parts.registry.engine
    rule = rules.of(engine, caller.tenant)
    ends = Retention(engine, parts.worker.files).first_ends(rule)
    first: dict[str, datetime | None] = {
        name: min((ends[what] for what in whats if what in ends), default=None)
        for name, whats in ENDS.items()
    }
    holds = Holds.of(engine, caller.tenant).listed()
    days = vars(rule.days)
    return page(
        request,
        "retention.html",
        200 if refusal is None else int(refusal["status"]),
        rule=rule,
        days=days,
        first=first,
        now=clock.now(),
        kept=KEPT,
        held=sum(one.released_at is None for one in holds),
        most=rules.MOST_DAYS,
        problem=refusal,
        sent={f"{name}_days": count for name, count in days.items()} if sent is None else sent,
    )
