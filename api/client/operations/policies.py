"""Policies that decide audits.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Page
from ..calling import Calling, given, quoted
from ..shapes import PolicyAnswer, PolicyText, TrialAnswer


class PoliciesOperations(Calling):
    """Policies that decide audits."""

    def create_policy(self, *, text: str, idempotency_key: str | None = None) -> PolicyAnswer:
        """Keep a policy.

        Keep a policy, under a name and version that no other has. It decides nothing until it is activated.

        Args:
            text: as TOML
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 409, the state does not allow this
        """
        answer: PolicyAnswer = self._json("POST", "/v1/policies", body={"text": text}, key=idempotency_key)
        return answer

    def list_policies(
        self,
        *,
        sort: Literal["name", "-name", "created_at", "-created_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        name: str | None = None,
        q: str | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
    ) -> Page[PolicyAnswer]:
        """List policies.

        Every version of every policy that the tenant sent in; none is ever changed or removed.

        Args:
            sort: `-`: backwards
            limit: entries on a page; else all
            cursor: `next` of the page before
            name: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
            created_from: made at this moment or later
            created_to: made before this moment
        """
        answer: Page[PolicyAnswer] = self._page(
            "GET",
            "/v1/policies",
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

    def get_policy(self, policy_id: str) -> PolicyText:
        """Read a policy.

        A policy with its text.

        Args:
            policy_id: `default` is the one that ships with Trackmark

        Raises:
            Refused: 404, no such entry
        """
        answer: PolicyText = self._json("GET", f"/v1/policies/{quoted(policy_id)}")
        return answer

    def try_policy(
        self,
        policy_id: str,
        *,
        idempotency_key: str | None = None,
        limit: int | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
    ) -> TrialAnswer:
        """Try a policy on past audits.

        Decide past audits again from what they found: how many, and which, would be decided otherwise.

        Args:
            policy_id: `default` is the one that ships with Trackmark
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            limit: how many audits at most
            created_from: asked for at this moment or later
            created_to: asked for before this moment

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: TrialAnswer = self._json(
            "POST",
            f"/v1/policies/{quoted(policy_id)}/dry-run",
            body={**given(limit=limit, created_from=created_from, created_to=created_to)},
            key=idempotency_key,
        )
        return answer

    def activate_policy(
        self,
        policy_id: str,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
        reason: str | None = None,
    ) -> PolicyAnswer:
        """Put a policy in force.

        Have a policy decide every audit that is decided from now on and brings none of its own.

        What was decided before stays. `default` goes back to the policy that ships with Trackmark. `If-
        Match` is the `ETag` of the list: the policy that is in force.

        Args:
            policy_id: `default` is the one that ships with Trackmark
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: PolicyAnswer = self._json(
            "POST",
            f"/v1/policies/{quoted(policy_id)}/activate",
            headers={"If-Match": if_match},
            body={**given(reason=reason)},
            key=idempotency_key,
        )
        return answer
