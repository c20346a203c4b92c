"""Webhooks: where events are sent, what was sent, and sending it again."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Request
from pydantic import Field

from api.outbox.outbox import Event
from api.server.idempotency import made_by, seal_answer
from api.server.listing import Cursor, Limit, ShortPaging, Sort
from api.server.parts import Admin, PartsDep
from api.server.route import Route
from api.server.routes.openapi import problems
from api.server.schemas import Model
from api.webhooks.endpoints import Delivery, Endpoint, State

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=Route)
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]


class WebhookRequest(Model):
    """An endpoint to make."""

    url: str = Field(
        min_length=1, max_length=2000, description="https", examples=["https://label.example/hooks/trackmark"]
    )
    events: list[Event] = Field(min_length=1, max_length=20, examples=[["audit.completed", "audit.failed"]])
    description: Text | None = Field(default=None, examples=["ingest"])
    scheme: Literal["hmac", "ed25519"] = Field(default="hmac", description="how messages are signed")


class WebhookAnswer(Model):
    """An endpoint without its secret."""

    id: str = Field(examples=["3f9a1c2b5d6e7f80"])
    url: str = Field(examples=["https://label.example/hooks/trackmark"])
    description: str | None
    events: list[Event]
    scheme: Literal["hmac", "ed25519"]
    created_at: datetime
    last_delivered_at: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None = Field(description="why nothing is sent any more", examples=[None])

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookAnswer":
        """The endpoint as admins see it."""
        told = {name: value for name, value in vars(endpoint).items() if name != "tenant"}
        return cls(**{**told, "events": list(endpoint.events)})


class NewWebhookAnswer(WebhookAnswer):
    """An endpoint and what checks its messages, shown this once."""

    secret: str = Field(
        description="`whsec_`: the shared secret; `whpk_`: the public key",
        examples=["whsec_MfKQ9r8GKYqrTwj..."],
    )

    @classmethod
    def of_new(cls, endpoint: Endpoint, secret: str) -> "NewWebhookAnswer":
        """The endpoint as whoever made it sees it."""
        return cls(**WebhookAnswer.of(endpoint).model_dump(), secret=secret)


class WebhookList(Model):
    """Endpoints of a tenant, oldest first unless sorted otherwise."""

    items: list[WebhookAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


class DeliveryAnswer(Model):
    """A message to an endpoint."""

    id: str = Field(description="the `webhook-id` header", examples=["msg_0123456789abcdef0123456789abcdef"])
    event: Event
    state: Literal["pending", "delivered", "failed"]
    attempts: int = Field(examples=[1])
    created_at: datetime
    next_at: datetime | None = Field(description="when the next attempt is due")
    status: int | None = Field(description="of the last answer", examples=[200])
    problem: str | None = Field(description="of the last attempt", examples=[None])
    ended_at: datetime | None
    body: str = Field(examples=['{"type":"audit.completed","timestamp":"2026-11-28T10:00:00Z","data":{}}'])

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryAnswer":
        """The message as admins see it."""
        return cls(**{name: value for name, value in vars(delivery).items() if name != "endpoint_id"})


class DeliveryPage(Model):
    """Messages, newest first; those that ended a month ago are forgotten."""

    items: list[DeliveryAnswer]
    next: str | None = Field(description="pass as `cursor` for the next page", examples=[None])


class OverlapRequest(Model):
    """How a secret hands over."""

    overlap_s: int = Field(
        default=86_400, ge=0, le=30 * 86_400, description="how long the former secret signs besides"
    )


@router.post(
    "",
    status_code=201,
    operation_id="createWebhook",
    summary="Make a webhook",
    responses=problems(409, 422),
)
def create(wanted: WebhookRequest, request: Request, parts: PartsDep, caller: Admin) -> NewWebhookAnswer:
    """Have events sent to an address, signed by Standard Webhooks. The secret is in this answer only."""
    seal_answer(request)
    made, secret = parts.webhooks.of(caller.tenant).create(
        wanted.url,
        wanted.events,
        description=wanted.description,
        scheme=wanted.scheme,
        endpoint_id=made_by(request),
    )
    return NewWebhookAnswer.of_new(made, secret)


@router.get("", operation_id="listWebhooks", summary="List webhooks", responses=problems(422))
def list_webhooks(
    parts: PartsDep, caller: Admin, paging: ShortPaging, sort: Sort = "created_at"
) -> WebhookList:
    """The tenant's endpoints; `name` and `q` look at their addresses."""
    shown, more = paging.short(sort).page(
        parts.webhooks.of(caller.tenant).all(),
        lambda one: (one.id, one.url, one.created_at),
        (caller.tenant, "webhooks"),
        parts.cursors,
    )
    return WebhookList(items=[WebhookAnswer.of(one) for one in shown], next=more)


@router.get("/{webhook_id}", operation_id="getWebhook", summary="Read a webhook", responses=problems(404))
def get(webhook_id: str, parts: PartsDep, caller: Admin) -> WebhookAnswer:
    """An endpoint, and whether anything is sent to it."""
    return WebhookAnswer.of(parts.webhooks.of(caller.tenant).get(webhook_id))


@router.delete(
    "/{webhook_id}",
    status_code=204,
    operation_id="deleteWebhook",
    summary="Delete a webhook",
    responses=problems(404),
)
def delete(webhook_id: str, parts: PartsDep, caller: Admin) -> None:
    """Forget an endpoint with everything that was sent to it."""
    parts.webhooks.of(caller.tenant).remove(webhook_id)


@router.post(
    "/{webhook_id}:enable",
    operation_id="enableWebhook",
    summary="Enable a webhook",
    responses=problems(404),
)
def enable(webhook_id: str, parts: PartsDep, caller: Admin) -> WebhookAnswer:
    """Send again, what waits since before the endpoint was disabled, too."""
    return WebhookAnswer.of(parts.webhooks.of(caller.tenant).enable(webhook_id))


@router.post(
    "/{webhook_id}:disable",
    operation_id="disableWebhook",
    summary="Disable a webhook",
    responses=problems(404),
)
def disable(webhook_id: str, parts: PartsDep, caller: Admin) -> WebhookAnswer:
    """Send nothing until it is enabled; events of that time are not kept."""
    return WebhookAnswer.of(parts.webhooks.of(caller.tenant).disable(webhook_id))


@router.post(
    "/{webhook_id}:rotate",
    status_code=201,
    operation_id="rotateWebhook",
    summary="Rotate a webhook's secret",
    responses=problems(404, 409, 422),
)
def rotate(
    webhook_id: str,
    request: Request,
    parts: PartsDep,
    caller: Admin,
    asked: Annotated[OverlapRequest, Body(default_factory=OverlapRequest)],
) -> NewWebhookAnswer:
    """Sign with a new secret, and with the former one for `overlap_s` more besides."""
    seal_answer(request)
    overlap = timedelta(seconds=asked.overlap_s)
    mine = parts.webhooks.of(caller.tenant)
    return NewWebhookAnswer.of_new(*mine.rotate(webhook_id, overlap, made_by(request)))


@router.get(
    "/{webhook_id}/deliveries",
    operation_id="listDeliveries",
    summary="List messages",
    responses=problems(404, 422),
)
def deliveries(
    webhook_id: str,
    parts: PartsDep,
    caller: Admin,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[State | None, Query(description="of the delivery")] = None,
) -> DeliveryPage:
    """What is or was sent to an endpoint, newest first."""
    shown, more = parts.webhooks.of(caller.tenant).deliveries(
        webhook_id, state=state, limit=limit, cursor=cursor, cursors=parts.cursors
    )
    return DeliveryPage(items=[DeliveryAnswer.of(one) for one in shown], next=more)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}:replay",
    operation_id="replayDelivery",
    summary="Send a message again",
    responses=problems(404, 409),
)
def replay(webhook_id: str, delivery_id: str, parts: PartsDep, caller: Admin) -> DeliveryAnswer:
    """Send a message again under its id, whether it arrived or not."""
    return DeliveryAnswer.of(parts.webhooks.of(caller.tenant).replay(webhook_id, delivery_id))
