"""Webhooks for people: made and deleted, where events are sent, what was sent, and sending it again."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.language import later
from api.outbox.outbox import EVENTS
from api.server.answers import problem
from api.server.pages import lists
from api.server.pages.forms import Sent, said
from api.server.pages.rendering import page
from api.server.parts import Admin, Parts, PartsDep
from api.server.route import Route
from api.server.routes.webhooks import WebhookRequest
from api.webhooks.endpoints import Endpoint, State
from core.errors import InvalidInput, TrackmarkError

router = APIRouter(include_in_schema=False, route_class=Route)
_STATES: tuple[State, ...] = ("pending", "delivered", "failed")
_FIELDS: lists.Fields = {"state": _STATES}
HAPPENINGS = {
    "audit.completed": later("an audit is done"),
    "audit.failed": later("an audit failed"),
    "batch.completed": later("every audit of a batch has ended"),
    "record.registered": later("a record is registered"),
    "record.event": later("something is entered for a record"),
    "case.opened": later("a case is opened"),
    "case.step": later("a step is taken in a case"),
    "notice.received": later("a notice is received"),
    "notice.step": later("a step is taken with a notice"),
}
"""What has happened when an event is sent."""
SCHEMES = {
    "hmac": later("with a secret that both sides know (HMAC with SHA-256)"),
    "ed25519": later("with a key of this server, checked with its public key (Ed25519)"),
}
"""How messages are signed."""


@router.get("/webhooks")
def endpoints(request: Request, parts: PartsDep, caller: Admin) -> Response:
    """The tenant's endpoints, the disabled ones too, and the form for another one."""
    return _endpoints(request, parts, caller.tenant)


@router.post("/webhooks")
def make(request: Request, parts: PartsDep, caller: Admin, sent: Sent) -> Response:
    """Make an endpoint and show what checks its messages, this once."""
    try:
        events = [event for event in EVENTS if sent.get(f"event-{event}")]
        if not events:
            raise InvalidInput("choose at least one event")
        told: dict[str, Any] = {name: sent[name] for name in ("url", "description", "scheme") if name in sent}
        wanted = said(WebhookRequest, {**told, "events": events})
        made = parts.webhooks.of(caller.tenant).create(**wanted)
    except TrackmarkError as error:
        return _endpoints(request, parts, caller.tenant, problem(error), sent)
    return _endpoints(request, parts, caller.tenant, made=made)


@router.get("/webhooks/{webhook_id}")
def endpoint(webhook_id: str, request: Request, parts: PartsDep, caller: Admin) -> Response:
    """One endpoint, and its messages, newest first."""
    hooks = parts.webhooks.of(caller.tenant)
    asked, state = lists.asked(request, _FIELDS), state_asked(request)
    cursor = request.query_params.get("cursor")
    shown, more = hooks.deliveries(
        webhook_id, state=state, limit=lists.SHOWN, cursor=cursor, cursors=parts.cursors
    )
    turns = lists.turning(request, asked, more)
    return page(request, "webhook.html", hook=hooks.get(webhook_id), messages=shown, states=_STATES, **turns)


def state_asked(request: Request) -> State | None:
    """The state that messages are to have, if a form says one."""
    asked = lists.asked(request, _FIELDS)
    return next((one for one in _STATES if one == asked.get("state")), None)


@router.get("/webhooks/{webhook_id}/delete")
def confirm(webhook_id: str, request: Request, parts: PartsDep, caller: Admin) -> Response:
    """What is lost with an endpoint, and the form that deletes it."""
    return page(request, "webhook_delete.html", hook=parts.webhooks.of(caller.tenant).get(webhook_id))


@router.post("/webhooks/{webhook_id}/delete")
def delete(webhook_id: str, parts: PartsDep, caller: Admin) -> Response:
    """Forget an endpoint with everything that was sent to it."""
    parts.webhooks.of(caller.tenant).remove(webhook_id)
    return RedirectResponse("/webhooks", status_code=303)


@router.post("/webhooks/{webhook_id}/enable")
def enable(webhook_id: str, parts: PartsDep, caller: Admin) -> Response:
    """Send again, what waits too."""
    parts.webhooks.of(caller.tenant).enable(webhook_id)
    return RedirectResponse(f"/webhooks/{webhook_id}", status_code=303)


@router.post("/webhooks/{webhook_id}/disable")
def disable(webhook_id: str, parts: PartsDep, caller: Admin) -> Response:
    """Send nothing until it is enabled."""
    parts.webhooks.of(caller.tenant).disable(webhook_id)
    return RedirectResponse(f"/webhooks/{webhook_id}", status_code=303)


@router.post("/webhooks/{webhook_id}/deliveries/{delivery_id}/replay")
def replay(webhook_id: str, delivery_id: str, parts: PartsDep, caller: Admin) -> Response:
    """Send a message again under its id."""
    parts.webhooks.of(caller.tenant).replay(webhook_id, delivery_id)
    return RedirectResponse(f"/webhooks/{webhook_id}", status_code=303)


def _endpoints(
    request: Request,
    parts: Parts,
    tenant: str,
    refusal: dict[str, Any] | None = None,
    sent: dict[str, str] | None = None,
    made: tuple[Endpoint, str] | None = None,
) -> Response:
    answer = page(
        request,
        "webhooks.html",
        200 if refusal is None else int(refusal["status"]),
        hooks=parts.webhooks.of(tenant).all(),
        happenings=HAPPENINGS,
        schemes=SCHEMES,
        made=made,
        problem=refusal,
        sent=sent or {},
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
