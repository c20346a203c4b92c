"""API keys, access tokens and public keys: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from .shared import Role


class CallerAnswer(TypedDict):
    """Who asks.

    Attributes:
        role: the role that has just these scopes
        key_id: null for a request without a key
    """

    tenant: str
    scopes: list[Scope]
    role: Role | None
    key_id: str | None
    name: str | None
    expires_at: str | None


class KeyAnswer(TypedDict):
    """An API key without its secret.

    Attributes:
        prefix: how the key starts
        role: the role that has just these scopes
        replaced_by: the key that took its place when it was rotated
    """

    id: str
    name: str
    prefix: str
    tenant: str
    scopes: list[Scope]
    role: Role | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    replaced_by: str | None


class NewKeyAnswer(TypedDict):
    """A fresh API key; `secret` is shown this once.

    Attributes:
        prefix: how the key starts
        role: the role that has just these scopes
        replaced_by: the key that took its place when it was rotated
    """

    id: str
    name: str
    prefix: str
    tenant: str
    scopes: list[Scope]
    role: Role | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    replaced_by: str | None
    secret: str


class PublishedKey(TypedDict):
    """A public key of this server.

    Attributes:
        purpose: what it signs
    """

    keyid: str
    purpose: str
    algorithm: str
    public_pem: str
    created_at: str
    revoked_at: str | None


class PublishedKeys(TypedDict):
    """Public keys: what `keys.json` holds for the offline verifier, and each key with its dates.

    Attributes:
        v: 2 where a key has ended
        log: C2SP verifier keys
        record: PEM
        report: PEM
        lives: of keys that have dates
        tsa: time-stamp authorities, PEM
        c2pa_trust_anchor: PEM of the root behind content credentials
    """

    v: int
    log: list[str]
    record: list[str]
    report: list[str]
    lives: NotRequired[list[dict[str, Any]]]
    tsa: NotRequired[list[str]]
    keys: list[PublishedKey]
    c2pa_trust_anchor: str | None


class ServerAnswer(TypedDict):
    """What the authorisation server of this service offers."""

    issuer: str
    token_endpoint: str
    grant_types_supported: NotRequired[list[str]]
    response_types_supported: NotRequired[list[str]]
    token_endpoint_auth_methods_supported: NotRequired[list[str]]
    scopes_supported: NotRequired[list[Scope]]


class TokenAnswer(TypedDict):
    """A token, to be sent as `Authorization: Bearer`.

    Attributes:
        expires_in: seconds
    """

    access_token: str
    token_type: str
    expires_in: int
    scope: str


Scope = Literal[
    "audits:read",
    "audits:write",
    "tracks:write",
    "records:read",
    "records:write",
    "artists:write",
    "policies:write",
    "trail:read",
    "metrics:read",
    "admin",
]
"""What a key may do; `admin` includes every other scope and the management of keys."""
