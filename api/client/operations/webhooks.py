"""Where events are sent to.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from ..answers import Page
from ..calling import Calling, given, quoted
from ..shapes import DeliveryAnswer, NewWebhookAnswer, WebhookAnswer


class WebhooksOperations(Calling):
    """Where events are sent to."""

    def create_webhook(
        self,
        *,
        url: str,
        events: Sequence[
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
        ],
        idempotency_key: str | None = None,
        description: str | None = None,
        scheme: Literal["hmac", "ed25519"] | None = None,
    ) -> NewWebhookAnswer:
        """Make a webhook.

        Have events sent to an address, signed by Standard Webhooks. The secret is in this answer only.

        Args:
            url: https
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            scheme: how messages are signed

        Raises:
            Refused: 409, the state does not allow this
        """
        answer: NewWebhookAnswer = self._json(
            "POST",
            "/v1/webhooks",
            body={"url": url, "events": events, **given(description=description, scheme=scheme)},
            key=idempotency_key,
        )
        return answer

    def list_webhooks(
        self,
        *,
        sort: Literal["name", "-name", "created_at", "-created_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        name: str | None = None,
        q: str | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
    ) -> Page[WebhookAnswer]:
        """List webhooks.

        The tenant's endpoints; `name` and `q` look at their addresses.

        Args:
            sort: `-`: backwards
            limit: entries on a page; else all
            cursor: `next` of the page before
            name: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
            created_from: made at this moment or later
            created_to: made before this moment
        """
        answer: Page[WebhookAnswer] = self._page(
            "GET",
            "/v1/webhooks",
            query={
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "name": name,
                "q": q,
                "created_from": created_from,
                "created_to": created_to,
            },
        )
        return answer

    def get_webhook(self, webhook_id: str) -> WebhookAnswer:
        """Read a webhook.

        An endpoint, and whether anything is sent to it.

        Args:
            webhook_id: id of the webhook

        Raises:
            Refused: 404, no such entry
        """
        answer: WebhookAnswer = self._json("GET", f"/v1/webhooks/{quoted(webhook_id)}")
        return answer

    def delete_webhook(self, webhook_id: str) -> None:
        """Delete a webhook.

        Forget an endpoint with everything that was sent to it.

        Args:
            webhook_id: id of the webhook

        Raises:
            Refused: 404, no such entry
        """
        self._send("DELETE", f"/v1/webhooks/{quoted(webhook_id)}")

    def enable_webhook(self, webhook_id: str, *, idempotency_key: str | None = None) -> WebhookAnswer:
        """Enable a webhook.

        Send again, what waits since before the endpoint was disabled, too.

        Args:
            webhook_id: id of the webhook
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry
        """
        answer: WebhookAnswer = self._json(
            "POST", f"/v1/webhooks/{quoted(webhook_id)}:enable", key=idempotency_key
        )
        return answer

    def disable_webhook(self, webhook_id: str, *, idempotency_key: str | None = None) -> WebhookAnswer:
        """Disable a webhook.

        Send nothing until it is enabled; events of that time are not kept.

        Args:
            webhook_id: id of the webhook
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry
        """
        answer: WebhookAnswer = self._json(
            "POST", f"/v1/webhooks/{quoted(webhook_id)}:disable", key=idempotency_key
        )
        return answer

    def rotate_webhook(
        self, webhook_id: str, *, idempotency_key: str | None = None, overlap_s: int | None = None
    ) -> NewWebhookAnswer:
        """Rotate a webhook's secret.

        Sign with a new secret, and with the former one for `overlap_s` more besides.

        Args:
            webhook_id: id of the webhook
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            overlap_s: how long the former secret signs besides

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: NewWebhookAnswer = self._json(
            "POST",
            f"/v1/webhooks/{quoted(webhook_id)}:rotate",
            body={**given(overlap_s=overlap_s)},
            key=idempotency_key,
        )
        return answer

    def list_deliveries(
        self,
        webhook_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: Literal["pending", "delivered", "failed"] | None = None,
    ) -> Page[DeliveryAnswer]:
        """List messages.

        What is or was sent to an endpoint, newest first.

        Args:
            webhook_id: id of the webhook
            limit: entries on a page
            cursor: `next` of the page before
            state: of the delivery

        Raises:
            Refused: 404, no such entry
        """
        answer: Page[DeliveryAnswer] = self._page(
            "GET",
            f"/v1/webhooks/{quoted(webhook_id)}/deliveries",
            query={"limit": limit, "cursor": cursor, "state": state},
        )
        return answer

    def replay_delivery(
        self, webhook_id: str, delivery_id: str, *, idempotency_key: str | None = None
    ) -> DeliveryAnswer:
        """Send a message again.

        Send a message again under its id, whether it arrived or not.

        Args:
            webhook_id: id of the webhook
            delivery_id: id of the delivery
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: DeliveryAnswer = self._json(
            "POST",
            f"/v1/webhooks/{quoted(webhook_id)}/deliveries/{quoted(delivery_id)}:replay",
            key=idempotency_key,
        )
        return answer
