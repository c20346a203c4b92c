"""Tenants, for operators: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import TypedDict


class TenantAnswer(TypedDict):
    """A tenant.

    Attributes:
        created_at: null of one that nobody entered, and that has keys
        suspended_at: null while it is let in
    """

    tenant: str
    name: str
    created_at: str | None
    suspended_at: str | None
    suspended_by: str | None
    suspended_reason: str | None
    links: dict[str, str]
