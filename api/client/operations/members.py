"""People who sign in to the pages.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Page
from ..calling import Calling, given, quoted
from ..shapes import MemberAnswer, Role


class MembersOperations(Calling):
    """People who sign in to the pages."""

    def invite_member(
        self, *, email: str, role: Role, idempotency_key: str | None = None, tenant: str | None = None
    ) -> MemberAnswer:
        """Invite a member.

        Invite whoever signs in with this address. No letter is sent: tell them where to sign in.

        Args:
            email: whoever signs in with this address, verified by the provider, becomes the member
            role: what they may do
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            tenant: only admins of the tenant `default` may invite to others

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: MemberAnswer = self._json(
            "POST",
            "/v1/members",
            body={"email": email, "role": role, **given(tenant=tenant)},
            key=idempotency_key,
        )
        return answer

    def list_members(
        self,
        *,
        sort: Literal["name", "-name", "created_at", "-created_at"] | None = None,
        tenant: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        name: str | None = None,
        q: str | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
        state: Literal["invited", "expired", "active", "suspended"] | None = None,
        role: Role | None = None,
    ) -> Page[MemberAnswer]:
        """List members.

        Members and invitations of the tenant; `name` and `q` look into names and addresses.

        Args:
            sort: `-`: backwards
            tenant: for operators; one's own otherwise
            limit: entries on a page; else all
            cursor: `next` of the page before
            name: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
            created_from: made at this moment or later
            created_to: made before this moment
            state: of the member
            role: of the member

        Raises:
            Refused: 404, no such entry
        """
        answer: Page[MemberAnswer] = self._page(
            "GET",
            "/v1/members",
            query={
                "sort": sort,
                "tenant": tenant,
                "limit": limit,
                "cursor": cursor,
                "name": name,
                "q": q,
                "created_from": created_from,
                "created_to": created_to,
                "state": state,
                "role": role,
            },
        )
        return answer

    def get_member(self, member_id: str) -> MemberAnswer:
        """Read a member.

        A member or an invitation.

        Args:
            member_id: id of the member

        Raises:
            Refused: 404, no such entry
        """
        answer: MemberAnswer = self._json("GET", f"/v1/members/{quoted(member_id)}")
        return answer

    def remove_member(self, member_id: str, *, if_match: str | None = None) -> None:
        """Remove a member.

        Sign a member out and forget them, or take an invitation back. The last admin stays.

        Args:
            member_id: id of the member
            if_match: the `ETag` that the entry had

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        self._send("DELETE", f"/v1/members/{quoted(member_id)}", headers={"If-Match": if_match})

    def change_member_role(
        self, member_id: str, *, role: Role, if_match: str | None = None, idempotency_key: str | None = None
    ) -> MemberAnswer:
        """Change a member's role.

        Give a member another role. Their sessions end: they sign in again as what they are then.

        Args:
            member_id: id of the member
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: MemberAnswer = self._json(
            "POST",
            f"/v1/members/{quoted(member_id)}:change-role",
            headers={"If-Match": if_match},
            body={"role": role},
            key=idempotency_key,
        )
        return answer

    def suspend_member(
        self, member_id: str, *, reason: str, if_match: str | None = None, idempotency_key: str | None = None
    ) -> MemberAnswer:
        """Suspend a member.

        End a member's sessions and refuse them until they are let in again. The last admin stays.

        Args:
            member_id: id of the member
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: MemberAnswer = self._json(
            "POST",
            f"/v1/members/{quoted(member_id)}:suspend",
            headers={"If-Match": if_match},
            body={"reason": reason},
            key=idempotency_key,
        )
        return answer

    def resume_member(
        self, member_id: str, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> MemberAnswer:
        """Let a member in again.

        Let a member sign in again.

        Args:
            member_id: id of the member
            if_match: the `ETag` that the entry had
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this; 412, the entry has changed
                meanwhile; 428, an If-Match header is needed here
        """
        answer: MemberAnswer = self._json(
            "POST",
            f"/v1/members/{quoted(member_id)}:resume",
            headers={"If-Match": if_match},
            key=idempotency_key,
        )
        return answer
