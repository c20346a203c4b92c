"""For how long things are kept, and legal holds.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Page
from ..calling import Calling, quoted
from ..shapes import HoldAnswer, RetentionAnswer


class RetentionOperations(Calling):
    """For how long things are kept, and legal holds."""

    def get_retention(self) -> RetentionAnswer:
        """How long what is kept.

        For how many days the tenant keeps audio, reports, voice prints and tagged files.
        """
        answer: RetentionAnswer = self._json("GET", "/v1/retention")
        return answer

    def set_retention(
        self,
        *,
        audio_days: int | None,
        reports_days: int | None,
        voices_days: int | None,
        tagged_days: int | None,
        if_match: str | None = None,
    ) -> RetentionAnswer:
        """Set how long what is kept.

        Set all four numbers. What is due and not held ends with the next sweep, within ten minutes.

        Args:
            audio_days: retained audio, from the end of its job
            reports_days: audits and comparisons whole, from their end
            voices_days: voice prints with consents, from the enrolment
            tagged_days: tagged files, from the end of the tagging; its record stays
            if_match: the `ETag` that the entry had

        Raises:
            Refused: 409, the state does not allow this; 412, the entry has changed meanwhile; 428, an If-
                Match header is needed here
        """
        answer: RetentionAnswer = self._json(
            "PUT",
            "/v1/retention",
            headers={"If-Match": if_match},
            body={
                "audio_days": audio_days,
                "reports_days": reports_days,
                "voices_days": voices_days,
                "tagged_days": tagged_days,
            },
        )
        return answer

    def place_hold(
        self,
        *,
        kind: Literal["audit", "case", "record", "artist"],
        id: str,
        reason: str,
        idempotency_key: str | None = None,
    ) -> HoldAnswer:
        """Place a legal hold.

        Keep an audit, a case with its audit, a record with audits that found it, or a voice from erasure.

        Args:
            id: its id
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: HoldAnswer = self._json(
            "POST", "/v1/holds", body={"kind": kind, "id": id, "reason": reason}, key=idempotency_key
        )
        return answer

    def list_holds(
        self,
        *,
        sort: Literal["name", "-name", "created_at", "-created_at"] | None = None,
        state: Literal["in_force", "released"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        name: str | None = None,
        q: str | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
    ) -> Page[HoldAnswer]:
        """List legal holds.

        Every hold of the tenant, the released ones too; `name` and `q` look into the reasons.

        Args:
            sort: `-`: backwards
            state: of the hold
            limit: entries on a page; else all
            cursor: `next` of the page before
            name: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
            created_from: made at this moment or later
            created_to: made before this moment
        """
        answer: Page[HoldAnswer] = self._page(
            "GET",
            "/v1/holds",
            query={
                "sort": sort,
                "state": state,
                "limit": limit,
                "cursor": cursor,
                "name": name,
                "q": q,
                "created_from": created_from,
                "created_to": created_to,
            },
        )
        return answer

    def get_hold(self, hold_id: str) -> HoldAnswer:
        """Read a legal hold.

        A legal hold.

        Args:
            hold_id: id of the hold

        Raises:
            Refused: 404, no such entry
        """
        answer: HoldAnswer = self._json("GET", f"/v1/holds/{quoted(hold_id)}")
        return answer

    def release_hold(self, hold_id: str, *, reason: str, idempotency_key: str | None = None) -> HoldAnswer:
        """Release a legal hold.

        End a hold; what was due meanwhile ends with the next sweep.

        Args:
            hold_id: id of the hold
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: HoldAnswer = self._json(
            "POST", f"/v1/holds/{quoted(hold_id)}:release", body={"reason": reason}, key=idempotency_key
        )
        return answer
