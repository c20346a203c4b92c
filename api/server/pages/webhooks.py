"""Webhooks for people: where events are sent, what was sent, and sending it again."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.server.pages import lists
from api.server.pages.rendering import page
from api.server.parts import Admin, PartsDep
from api.server.route import Route
from api.webhooks.endpoints import State

router = APIRouter(include_in_schema=False, route_class=Route)
_STATES: tuple[State, ...] = ("pending", "delivered", "failed")


@router.get("/webhooks")
def endpoints(request: Request, parts: PartsDep, caller: Admin) -> Response:
    """The tenant's endpoints, the disabled ones too."""
    return page(request, "webhooks.html", hooks=parts.webhooks.of(caller.tenant).all())


@router.get("/webhooks/{webhook_id}")
def endpoint(webhook_id: str, request: Request, parts: PartsDep, caller: Admin) -> Response:
    """One endpoint, and its messages, newest first."""
    hooks = parts.webhooks.of(caller.tenant)
    asked = lists.asked(request, "state")
    state = next((one for one in _STATES if one == asked.get("state")), None)
    cursor = request.query_params.get("cursor")
    shown, more = hooks.deliveries(
        webhook_id, state=state, limit=lists.SHOWN, cursor=cursor, cursors=parts.cursors
    )
    turns = lists.turning(request, asked, more)
    return page(request, "webhook.html", hook=hooks.get(webhook_id), messages=shown, states=_STATES, **turns)


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
