"""Cases: what people decide about audits.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Page
from ..calling import Calling, given, quoted
from ..shapes import CaseAnswer, StepList


class CasesOperations(Calling):
    """Cases: what people decide about audits."""

    def create_case(
        self,
        *,
        reason: str,
        idempotency_key: str | None = None,
        audit_id: str | None = None,
        subject: str | None = None,
    ) -> CaseAnswer:
        """Open a case.

        Open a case by hand, about an audit or about something else. A policy opens its own.

        Args:
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            audit_id: the audit that it is about
            subject: without an audit: what it is about

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: CaseAnswer = self._json(
            "POST",
            "/v1/cases",
            body={"reason": reason, **given(audit_id=audit_id, subject=subject)},
            key=idempotency_key,
        )
        return answer

    def list_cases(
        self,
        *,
        state: Literal["open", "decided", "appealed"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        sort: Literal["created_at", "-created_at"] | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
        decision: Literal["accept", "reject"] | None = None,
        origin: Literal["policy", "person"] | None = None,
        assignee: str | None = None,
        audit: str | None = None,
        q: str | None = None,
    ) -> Page[CaseAnswer]:
        """List cases.

        The tenant's cases, newest first unless sorted otherwise, found by any of their terms together.

        Args:
            state: of the case
            limit: entries on a page
            cursor: `next` of the page before
            sort: `-`: newest first
            created_from: made at this moment or later
            created_to: made before this moment
            decision: of people, the last one
            origin: who opened it
            assignee: who sees to it
            audit: id of the audit
            q: whole words, all of which must be there; case and accents do not matter
        """
        answer: Page[CaseAnswer] = self._page(
            "GET",
            "/v1/cases",
            query={
                "state": state,
                "limit": limit,
                "cursor": cursor,
                "sort": sort,
                "created_from": created_from,
                "created_to": created_to,
                "decision": decision,
                "origin": origin,
                "assignee": assignee,
                "audit": audit,
                "q": q,
            },
        )
        return answer

    def get_case(self, case_id: str) -> CaseAnswer:
        """Read a case.

        A case as it stands.

        Args:
            case_id: id of the case

        Raises:
            Refused: 404, no such entry
        """
        answer: CaseAnswer = self._json("GET", f"/v1/cases/{quoted(case_id)}")
        return answer

    def list_case_steps(self, case_id: str) -> StepList:
        """History of a case.

        Everything that happened to a case: who did it, when, and why.

        Args:
            case_id: id of the case

        Raises:
            Refused: 404, no such entry
        """
        answer: StepList = self._json("GET", f"/v1/cases/{quoted(case_id)}/steps")
        return answer

    def assign_case(
        self, case_id: str, *, to: str | None, if_match: str | None = None, idempotency_key: str | None = None
    ) -> CaseAnswer:
        """Assign a case.

        Say who sees to a case that is not decided.

        Args:
            case_id: id of the case
            to: null: nobody
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: CaseAnswer = self._json(
            "POST",
            f"/v1/cases/{quoted(case_id)}:assign",
            headers={"If-Match": if_match},
            body={"to": to},
            key=idempotency_key,
        )
        return answer

    def comment_case(
        self, case_id: str, *, text: str, if_match: str | None = None, idempotency_key: str | None = None
    ) -> CaseAnswer:
        """Comment on a case.

        Add a remark; none is ever changed or removed.

        Args:
            case_id: id of the case
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: CaseAnswer = self._json(
            "POST",
            f"/v1/cases/{quoted(case_id)}:comment",
            headers={"If-Match": if_match},
            body={"text": text},
            key=idempotency_key,
        )
        return answer

    def decide_case(
        self,
        case_id: str,
        *,
        decision: Literal["accept", "reject"],
        reason: str,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> CaseAnswer:
        """Decide a case.

        Decide what is open or appealed. The audit and its report keep the policy's decision.

        Args:
            case_id: id of the case
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: CaseAnswer = self._json(
            "POST",
            f"/v1/cases/{quoted(case_id)}:decide",
            headers={"If-Match": if_match},
            body={"decision": decision, "reason": reason},
            key=idempotency_key,
        )
        return answer

    def appeal_case(
        self,
        case_id: str,
        *,
        by: str,
        reason: str,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> CaseAnswer:
        """Appeal a decision.

        Enter that somebody is not content with the decision; it stands until another one is made.

        Args:
            case_id: id of the case
            by: on whose behalf
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: CaseAnswer = self._json(
            "POST",
            f"/v1/cases/{quoted(case_id)}:appeal",
            headers={"If-Match": if_match},
            body={"by": by, "reason": reason},
            key=idempotency_key,
        )
        return answer

    def reopen_case(
        self, case_id: str, *, reason: str, if_match: str | None = None, idempotency_key: str | None = None
    ) -> CaseAnswer:
        """Re-open a case.

        Look at a decided case again, without an appeal.

        Args:
            case_id: id of the case
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: CaseAnswer = self._json(
            "POST",
            f"/v1/cases/{quoted(case_id)}:reopen",
            headers={"If-Match": if_match},
            body={"reason": reason},
            key=idempotency_key,
        )
        return answer
