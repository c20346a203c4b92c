"""Tenants, for operators.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ..answers import Page
from ..calling import Calling, quoted
from ..shapes import TenantAnswer


class TenantsOperations(Calling):
    """Tenants, for operators."""

    def create_tenant(self, *, tenant: str, name: str, idempotency_key: str | None = None) -> TenantAnswer:
        """Enter a tenant.

        Enter a tenant; `POST /v1/keys` with its id makes its first key.

        Args:
            tenant: its id, as keys name it
            name: for people
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 409, the state does not allow this
        """
        answer: TenantAnswer = self._json(
            "POST", "/v1/tenants", body={"tenant": tenant, "name": name}, key=idempotency_key
        )
        return answer

    def list_tenants(
        self,
        *,
        sort: Literal["name", "-name", "created_at", "-created_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        name: str | None = None,
        q: str | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
    ) -> Page[TenantAnswer]:
        """List tenants.

        Every tenant that was entered or has keys.

        Args:
            sort: `-`: backwards
            limit: entries on a page; else all
            cursor: `next` of the page before
            name: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
            created_from: made at this moment or later
            created_to: made before this moment
        """
        answer: Page[TenantAnswer] = self._page(
            "GET",
            "/v1/tenants",
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

    def get_tenant(self, tenant: str) -> TenantAnswer:
        """Read a tenant.

        A tenant; its own admins may read it, too.

        Args:
            tenant: name of the tenant

        Raises:
            Refused: 404, no such entry
        """
        answer: TenantAnswer = self._json("GET", f"/v1/tenants/{quoted(tenant)}")
        return answer

    def suspend_tenant(self, tenant: str, *, reason: str, idempotency_key: str | None = None) -> TenantAnswer:
        """Suspend a tenant.

        Answer all its keys with `tenant-suspended`, and let its jobs wait; what runs goes on to its end.

        Args:
            tenant: name of the tenant
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: TenantAnswer = self._json(
            "POST", f"/v1/tenants/{quoted(tenant)}:suspend", body={"reason": reason}, key=idempotency_key
        )
        return answer

    def resume_tenant(self, tenant: str, *, idempotency_key: str | None = None) -> TenantAnswer:
        """Let a tenant in again.

        Answer its keys again; jobs that waited are worked on, and none of them has expired.

        Args:
            tenant: name of the tenant
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: TenantAnswer = self._json("POST", f"/v1/tenants/{quoted(tenant)}:resume", key=idempotency_key)
        return answer
