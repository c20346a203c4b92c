"""What happens to records: amended, transferred, disputed, revoked.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..calling import Calling, given, quoted
from ..shapes import EventAnswer, EventLine, EventList


class RecordEventsOperations(Calling):
    """What happens to records: amended, transferred, disputed, revoked."""

    def list_record_events(self, record_id: str) -> EventList:
        """List events.

        Every revision, dispute and revocation, and what they add up to.

        Args:
            record_id: 16 hex digits: the watermark's message

        Raises:
            Refused: 404, no such entry
        """
        answer: EventList = self._json("GET", f"/v1/records/{quoted(record_id)}/events")
        return answer

    def get_record_event(self, record_id: str, leaf_index: int) -> EventAnswer:
        """Read an event.

        One event with envelope, salt and proof, to be verified offline.

        Args:
            record_id: 16 hex digits: the watermark's message
            leaf_index: entry of the event in the log

        Raises:
            Refused: 404, no such entry
        """
        answer: EventAnswer = self._json(
            "GET", f"/v1/records/{quoted(record_id)}/events/{quoted(leaf_index)}"
        )
        return answer

    def amend_record(
        self,
        record_id: str,
        *,
        patch: Mapping[str, object] | bytes,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> EventLine:
        """Amend.

        Make the next revision. The recording, its marks and the record's id cannot be changed.

        Args:
            record_id: 16 hex digits: the watermark's message
            patch: JSON Merge Patch (RFC 7396) of the record
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: EventLine = self._json(
            "POST",
            f"/v1/records/{quoted(record_id)}/amendments",
            headers={"If-Match": if_match},
            body=patch,
            key=idempotency_key,
        )
        return answer

    def transfer_record(
        self,
        record_id: str,
        *,
        to: str,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        right: str | None = None,
        giver: str | None = None,
        share_ppm: int | None = None,
        effective: str | None = None,
        source_doc_sha256: str | None = None,
    ) -> EventLine:
        """Transfer shares.

        Make the revision in which another party holds the shares.

        Args:
            record_id: 16 hex digits: the watermark's message
            to: who receives
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            giver: who gives; needed where several hold the right
            share_ppm: millionths of the whole; all of the giver's otherwise
            effective: UTC time from which it counts
            source_doc_sha256: hash of the contract

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: EventLine = self._json(
            "POST",
            f"/v1/records/{quoted(record_id)}/transfers",
            headers={"If-Match": if_match},
            body={
                "to": to,
                **given(
                    right=right,
                    giver=giver,
                    share_ppm=share_ppm,
                    effective=effective,
                    source_doc_sha256=source_doc_sha256,
                ),
            },
            key=idempotency_key,
        )
        return answer

    def dispute_record(
        self,
        record_id: str,
        *,
        issuer: str,
        reason: str,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> EventLine:
        """Open a dispute.

        State that the claim is contested; the record is `disputed` until every dispute is settled.

        Args:
            record_id: 16 hex digits: the watermark's message
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: EventLine = self._json(
            "POST",
            f"/v1/records/{quoted(record_id)}/disputes",
            headers={"If-Match": if_match},
            body={"issuer": issuer, "reason": reason},
            key=idempotency_key,
        )
        return answer

    def settle_record(
        self,
        record_id: str,
        *,
        issuer: str,
        reason: str,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> EventLine:
        """Close a dispute.

        State that a dispute is over.

        Args:
            record_id: 16 hex digits: the watermark's message
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: EventLine = self._json(
            "POST",
            f"/v1/records/{quoted(record_id)}/settlements",
            headers={"If-Match": if_match},
            body={"issuer": issuer, "reason": reason},
            key=idempotency_key,
        )
        return answer

    def revoke_record(
        self,
        record_id: str,
        *,
        issuer: str,
        reason: str,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> EventLine:
        """Revoke.

        Withdraw the record for good. Its log entries stay; nothing can follow.

        Args:
            record_id: 16 hex digits: the watermark's message
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: EventLine = self._json(
            "POST",
            f"/v1/records/{quoted(record_id)}/revocations",
            headers={"If-Match": if_match},
            body={"issuer": issuer, "reason": reason},
            key=idempotency_key,
        )
        return answer
