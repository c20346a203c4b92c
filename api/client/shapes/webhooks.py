"""Where events are sent to: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class DeliveryAnswer(TypedDict):
    """A message to an endpoint.

    Attributes:
        id: the `webhook-id` header
        next_at: when the next attempt is due
        status: of the last answer
        problem: of the last attempt
    """

    id: str
    event: Literal[
        "audit.completed",
        "audit.failed",
        "batch.completed",
        "record.registered",
        "record.event",
        "case.opened",
        "case.step",
        "notice.received",
        "notice.step",
    ]
    state: Literal["pending", "delivered", "failed"]
    attempts: int
    created_at: str
    next_at: str | None
    status: int | None
    problem: str | None
    ended_at: str | None
    body: str


class NewWebhookAnswer(TypedDict):
    """An endpoint and what checks its messages, shown this once.

    Attributes:
        disabled_reason: why nothing is sent any more
        secret: `whsec_`: the shared secret; `whpk_`: the public key
    """

    id: str
    url: str
    description: str | None
    events: list[
        Literal[
            "audit.completed",
            "audit.failed",
            "batch.completed",
            "record.registered",
            "record.event",
            "case.opened",
            "case.step",
            "notice.received",
            "notice.step",
        ]
    ]
    scheme: Literal["hmac", "ed25519"]
    created_at: str
    last_delivered_at: str | None
    disabled_at: str | None
    disabled_reason: str | None
    secret: str


class WebhookAnswer(TypedDict):
    """An endpoint without its secret.

    Attributes:
        disabled_reason: why nothing is sent any more
    """

    id: str
    url: str
    description: str | None
    events: list[
        Literal[
            "audit.completed",
            "audit.failed",
            "batch.completed",
            "record.registered",
            "record.event",
            "case.opened",
            "case.step",
            "notice.received",
            "notice.step",
        ]
    ]
    scheme: Literal["hmac", "ed25519"]
    created_at: str
    last_delivered_at: str | None
    disabled_at: str | None
    disabled_reason: str | None
