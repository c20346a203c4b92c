"""API keys, access tokens and public keys.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from ..answers import Page
from ..calling import Calling, given, quoted
from ..shapes import (
    CallerAnswer,
    KeyAnswer,
    NewKeyAnswer,
    PublishedKeys,
    Role,
    Scope,
    ServerAnswer,
    TokenAnswer,
)


class KeysOperations(Calling):
    """API keys, access tokens and public keys."""

    def create_key(
        self,
        *,
        name: str,
        idempotency_key: str | None = None,
        scopes: Sequence[Scope] | None = None,
        role: Role | None = None,
        expires_at: datetime | str | None = None,
        tenant: str | None = None,
    ) -> NewKeyAnswer:
        """Make an API key.

        Make an API key. The secret is in this answer and nowhere else.

        Args:
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            scopes: or a role
            role: the scopes of a role instead of `scopes`
            tenant: only admins of the tenant `default` may make keys of others

        Raises:
            Refused: 409, the state does not allow this
        """
        answer: NewKeyAnswer = self._json(
            "POST",
            "/v1/keys",
            body={"name": name, **given(scopes=scopes, role=role, expires_at=expires_at, tenant=tenant)},
            key=idempotency_key,
        )
        return answer

    def list_keys(
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
        state: Literal["active", "expired", "revoked"] | None = None,
        scope: Scope | None = None,
    ) -> Page[KeyAnswer]:
        """List API keys.

        The tenant's API keys, without their secrets; operators may name another tenant.

        Args:
            sort: `-`: backwards
            tenant: for operators; one's own otherwise
            limit: entries on a page; else all
            cursor: `next` of the page before
            name: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
            created_from: made at this moment or later
            created_to: made before this moment
            state: of the key
            scope: one that the key has

        Raises:
            Refused: 404, no such entry
        """
        answer: Page[KeyAnswer] = self._page(
            "GET",
            "/v1/keys",
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
                "scope": scope,
            },
        )
        return answer

    def revoke_key(self, key_id: str) -> None:
        """Revoke an API key.

        Refuse a key from now on; operators revoke those of every tenant. The last admin key stays.

        Args:
            key_id: id of the key

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        self._send("DELETE", f"/v1/keys/{quoted(key_id)}")

    def rotate_key(
        self, key_id: str, *, idempotency_key: str | None = None, overlap_s: int | None = None
    ) -> NewKeyAnswer:
        """Rotate an API key.

        Make a key in this one's place: same name, scopes and end. This one works for `overlap_s` more.

        Args:
            key_id: id of the key
            idempotency_key: repeat a request with the same key and it is done once; the answer is given
                again
            overlap_s: how long the key that is replaced still works

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        answer: NewKeyAnswer = self._json(
            "POST",
            f"/v1/keys/{quoted(key_id)}:rotate",
            body={**given(overlap_s=overlap_s)},
            key=idempotency_key,
        )
        return answer

    def list_tenant_keys(
        self,
        tenant: str,
        *,
        sort: Literal["name", "-name", "created_at", "-created_at"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        name: str | None = None,
        q: str | None = None,
        created_from: datetime | str | None = None,
        created_to: datetime | str | None = None,
        state: Literal["active", "expired", "revoked"] | None = None,
        scope: Scope | None = None,
    ) -> Page[KeyAnswer]:
        """List a tenant's API keys.

        The API keys of any tenant, for operators: admins of the tenant `default`.

        Args:
            tenant: name of the tenant
            sort: `-`: backwards
            limit: entries on a page; else all
            cursor: `next` of the page before
            name: the whole of it; case and accents do not matter
            q: whole words, all of which must be there; case and accents do not matter
            created_from: made at this moment or later
            created_to: made before this moment
            state: of the key
            scope: one that the key has

        Raises:
            Refused: 404, no such entry
        """
        answer: Page[KeyAnswer] = self._page(
            "GET",
            f"/v1/tenants/{quoted(tenant)}/keys",
            query={
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "name": name,
                "q": q,
                "created_from": created_from,
                "created_to": created_to,
                "state": state,
                "scope": scope,
            },
        )
        return answer

    def revoke_tenant_key(self, tenant: str, key_id: str) -> None:
        """Revoke a tenant's API key.

        Refuse a key of any tenant from now on, for operators.

        Args:
            tenant: name of the tenant
            key_id: id of the key

        Raises:
            Refused: 404, no such entry; 409, the state does not allow this
        """
        self._send("DELETE", f"/v1/tenants/{quoted(tenant)}/keys/{quoted(key_id)}")

    def get_caller(self) -> CallerAnswer:
        """Who am I.

        Whose data the caller sees and what the key may do; any good key may ask.
        """
        answer: CallerAnswer = self._json("GET", "/v1/whoami")
        return answer

    def get_public_keys(self) -> PublishedKeys:
        """Public keys.

        Every public key of this server by purpose, in the form that the offline verifier reads.
        """
        answer: PublishedKeys = self._json("GET", "/.well-known/trackmark-keys.json")
        return answer

    def create_token(
        self,
        *,
        grant_type: Literal["client_credentials"] = "client_credentials",
        client_id: str | None = None,
        client_secret: str | None = None,
        scope: str | None = None,
    ) -> TokenAnswer:
        """Get an access token.

        Exchange the id and secret of an API key for a token that is good for a quarter of an hour.

        Problems have the `error` of OAuth2 besides. A token can do what its key can, or less, while that
        holds.

        Args:
            client_id: id of an API key; or by HTTP Basic
            client_secret: the API key; or by HTTP Basic
            scope: with spaces in between; all of the key's otherwise

        Raises:
            Refused: 409, the state does not allow this; 415, not a content type that is taken here
        """
        answer: TokenAnswer = self._json(
            "POST",
            "/oauth/token",
            posted={
                "grant_type": grant_type,
                "client_id": client_id,
                "client_secret": client_secret,
                "scope": scope,
            },
        )
        return answer

    def get_token_server(self) -> ServerAnswer:
        """What the token endpoint offers.

        Metadata of the authorisation server (RFC 8414).
        """
        answer: ServerAnswer = self._json("GET", "/.well-known/oauth-authorization-server")
        return answer
