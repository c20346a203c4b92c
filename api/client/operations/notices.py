"""Notices of rights holders.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from ..answers import Page
from ..calling import Calling, given, quoted
from ..shapes import Elements, FormList, NoticeAnswer, NoticeStepList


class NoticesOperations(Calling):
    """Notices of rights holders."""

    def create_notice(
        self,
        *,
        form: Literal["no-fakes", "dmca"],
        elements: Elements,
        idempotency_key: str | None = None,
        received_on: date | str | None = None,
        audit_id: str | None = None,
        record_id: str | None = None,
    ) -> NoticeAnswer:
        """Enter a notice.

        Enter a notice that came in. One that lacks elements is `incomplete`, and `missing` tells which.

        Args:
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            received_on: the day on which it happened; today (UTC) otherwise
            audit_id: an audit of the material
            record_id: the record that is concerned

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: NoticeAnswer = self._json(
            "POST",
            "/v1/notices",
            body={
                "form": form,
                "elements": elements,
                **given(received_on=received_on, audit_id=audit_id, record_id=record_id),
            },
            key=idempotency_key,
        )
        return answer

    def list_notices(
        self,
        *,
        state: Literal[
            "incomplete", "received", "removed", "refused", "countered", "restored", "kept_down", "withdrawn"
        ]
        | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: Literal["created_at", "-created_at"] | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
        form: Literal["no-fakes", "dmca"] | None = None,
        audit: str | None = None,
        record: str | None = None,
        q: str | None = None,
    ) -> Page[NoticeAnswer]:
        """List notices.

        The tenant's notices, newest first unless sorted otherwise, with the days that are due.

        Args:
            state: of the notice
            limit: entries on a page
            cursor: `next` of the page before
            sort: `-`: newest first
            created_from: made at this moment or later
            created_to: made before this moment
            form: of the notice
            audit: id of the audit
            record: id of the record
            q: whole words, all of which must be there; case and accents do not matter
        """
        answer: Page[NoticeAnswer] = self._page(
            "GET",
            "/v1/notices",
            query={
                "state": state,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
                "created_from": created_from,
                "created_to": created_to,
                "form": form,
                "audit": audit,
                "record": record,
                "q": q,
            },
        )
        return answer

    def list_notice_forms(self) -> FormList:
        """Forms of notices.

        Which elements each form has, and where its rule comes from.
        """
        answer: FormList = self._json("GET", "/v1/notices/forms")
        return answer

    def get_notice(self, notice_id: str) -> NoticeAnswer:
        """Read a notice.

        A notice as it stands.

        Args:
            notice_id: id of the notice

        Raises:
            Refused: 404, no such entry
        """
        answer: NoticeAnswer = self._json("GET", f"/v1/notices/{quoted(notice_id)}")
        return answer

    def list_notice_steps(self, notice_id: str) -> NoticeStepList:
        """History of a notice.

        Everything that happened to a notice: who did it, when, and why.

        Args:
            notice_id: id of the notice

        Raises:
            Refused: 404, no such entry
        """
        answer: NoticeStepList = self._json("GET", f"/v1/notices/{quoted(notice_id)}/steps")
        return answer

    def complete_notice(
        self,
        notice_id: str,
        *,
        elements: Elements,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> NoticeAnswer:
        """Complete a notice.

        Add elements that were missing.

        Args:
            notice_id: id of the notice
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: NoticeAnswer = self._json(
            "POST",
            f"/v1/notices/{quoted(notice_id)}:complete",
            headers={"If-Match": if_match},
            body={"elements": elements},
            key=idempotency_key,
        )
        return answer

    def comment_notice(
        self, notice_id: str, *, text: str, if_match: str | None = None, idempotency_key: str | None = None
    ) -> NoticeAnswer:
        """Comment on a notice.

        Add a remark; none is ever changed or removed.

        Args:
            notice_id: id of the notice
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: NoticeAnswer = self._json(
            "POST",
            f"/v1/notices/{quoted(notice_id)}:comment",
            headers={"If-Match": if_match},
            body={"text": text},
            key=idempotency_key,
        )
        return answer

    def remove_material(
        self,
        notice_id: str,
        *,
        reason: str,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        on: date | str | None = None,
    ) -> NoticeAnswer:
        """Enter a removal.

        Enter that the material was taken down. Trackmark keeps that and when; it takes nothing down itself.

        Args:
            notice_id: id of the notice
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            on: the day on which it happened; today (UTC) otherwise

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: NoticeAnswer = self._json(
            "POST",
            f"/v1/notices/{quoted(notice_id)}:remove",
            headers={"If-Match": if_match},
            body={"reason": reason, **given(on=on)},
            key=idempotency_key,
        )
        return answer

    def refuse_notice(
        self, notice_id: str, *, reason: str, if_match: str | None = None, idempotency_key: str | None = None
    ) -> NoticeAnswer:
        """Refuse a notice.

        Enter that nothing is taken down, and why.

        Args:
            notice_id: id of the notice
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: NoticeAnswer = self._json(
            "POST",
            f"/v1/notices/{quoted(notice_id)}:refuse",
            headers={"If-Match": if_match},
            body={"reason": reason},
            key=idempotency_key,
        )
        return answer

    def counter_notice(
        self,
        notice_id: str,
        *,
        elements: Elements,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        on: date | str | None = None,
    ) -> NoticeAnswer:
        """Enter a counter-notice.

        Enter the uploader's answer to a removal; the days of the law count from it.

        Args:
            notice_id: id of the notice
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            on: the day on which it happened; today (UTC) otherwise

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: NoticeAnswer = self._json(
            "POST",
            f"/v1/notices/{quoted(notice_id)}:counter",
            headers={"If-Match": if_match},
            body={"elements": elements, **given(on=on)},
            key=idempotency_key,
        )
        return answer

    def restore_material(
        self,
        notice_id: str,
        *,
        reason: str,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        on: date | str | None = None,
    ) -> NoticeAnswer:
        """Enter that material is back.

        Enter that the material was put back.

        Args:
            notice_id: id of the notice
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            on: the day on which it happened; today (UTC) otherwise

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: NoticeAnswer = self._json(
            "POST",
            f"/v1/notices/{quoted(notice_id)}:restore",
            headers={"If-Match": if_match},
            body={"reason": reason, **given(on=on)},
            key=idempotency_key,
        )
        return answer

    def keep_material_down(
        self,
        notice_id: str,
        *,
        reason: str,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        on: date | str | None = None,
    ) -> NoticeAnswer:
        """Enter that material stays down.

        Enter that the material stays down despite a counter-notice, as where whoever complained has sued.

        Args:
            notice_id: id of the notice
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            on: the day on which it happened; today (UTC) otherwise

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: NoticeAnswer = self._json(
            "POST",
            f"/v1/notices/{quoted(notice_id)}:keep-down",
            headers={"If-Match": if_match},
            body={"reason": reason, **given(on=on)},
            key=idempotency_key,
        )
        return answer

    def withdraw_notice(
        self, notice_id: str, *, reason: str, if_match: str | None = None, idempotency_key: str | None = None
    ) -> NoticeAnswer:
        """Enter a withdrawal.

        Enter that whoever complained does so no more.

        Args:
            notice_id: id of the notice
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: NoticeAnswer = self._json(
            "POST",
            f"/v1/notices/{quoted(notice_id)}:withdraw",
            headers={"If-Match": if_match},
            body={"reason": reason},
            key=idempotency_key,
        )
        return answer
