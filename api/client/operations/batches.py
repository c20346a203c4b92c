"""Audits of many uploads, by a manifest.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ..answers import Download, Page
from ..calling import Calling, given, quoted
from ..shapes import BatchAnswer, BatchResult


class BatchesOperations(Calling):
    """Audits of many uploads, by a manifest."""

    def create_batch(
        self,
        *,
        items: Sequence[Mapping[str, object]],
        idempotency_key: str | None = None,
        defaults: Mapping[str, object] | None = None,
    ) -> BatchAnswer:
        """Audit many uploads.

        Make an audit of every row of a manifest. A wrong row is listed with its reason and stops no other.

        A row names an `upload_id`, or by `uri` an object (`s3://bucket/key`) where the operator allows
        that.

        Args:
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 409, the state does not allow this; 415, not a content type that is taken here
        """
        answer: BatchAnswer = self._json(
            "POST", "/v1/batches", body={"items": items, **given(defaults=defaults)}, key=idempotency_key
        )
        return answer

    def list_batches(self, *, limit: int | None = None, cursor: str | None = None) -> Page[BatchAnswer]:
        """List batches.

        The tenant's batches, newest first.

        Args:
            limit: entries on a page
            cursor: `next` of the page before
        """
        answer: Page[BatchAnswer] = self._page("GET", "/v1/batches", query={"limit": limit, "cursor": cursor})
        return answer

    def get_batch(self, batch_id: str) -> BatchAnswer:
        """Follow a batch.

        How far a batch has come. The event `batch.completed` tells when the last of it has ended.

        Args:
            batch_id: id of the batch

        Raises:
            Refused: 404, no such entry
        """
        answer: BatchAnswer = self._json("GET", f"/v1/batches/{quoted(batch_id)}")
        return answer

    def delete_batch(self, batch_id: str) -> None:
        """Forget a batch.

        Forget the manifest and its references; the audits stay, and rows that wait become none.

        Args:
            batch_id: id of the batch

        Raises:
            Refused: 404, no such entry
        """
        self._send("DELETE", f"/v1/batches/{quoted(batch_id)}")

    def cancel_batch(self, batch_id: str, *, idempotency_key: str | None = None) -> BatchAnswer:
        """Stop a batch.

        End what waits at once; what runs stops at its next step. What has ended stays.

        Args:
            batch_id: id of the batch
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry
        """
        answer: BatchAnswer = self._json(
            "POST", f"/v1/batches/{quoted(batch_id)}/cancel", key=idempotency_key
        )
        return answer

    def list_batch_results(
        self, batch_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Page[BatchResult]:
        """Results of a batch.

        Every row and what became of it, in the order of the manifest, also while the batch runs.

        Args:
            batch_id: id of the batch
            limit: entries on a page
            cursor: `next` of the page before

        Raises:
            Refused: 404, no such entry
        """
        answer: Page[BatchResult] = self._page(
            "GET", f"/v1/batches/{quoted(batch_id)}/results", query={"limit": limit, "cursor": cursor}
        )
        return answer

    def get_batch_table(self, batch_id: str, *, format: Literal["csv", "parquet"] | None = None) -> Download:
        """Results as a table.

        All rows as one table with the columns row, reference, upload_id, audit_id, state, file, sha256,
        decision, ownership, record_id, ai_verdict, ai_score, problem, detail.

        Args:
            batch_id: id of the batch
            format: of the table

        Raises:
            Refused: 404, no such entry
        """
        return self._download("GET", f"/v1/batches/{quoted(batch_id)}/table", query={"format": format})
