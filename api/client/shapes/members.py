"""People who sign in to the pages: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from .shared import Role


class MemberAnswer(TypedDict):
    """A member of a tenant, or somebody who is invited.

    Attributes:
        name: as their provider tells it; null until they come
        state: an invitation expires after 30 days
        invited_by: name of the key or the person
        joined_at: null until they sign in for the first time
        signed_in_at: when they signed in last
    """

    id: str
    tenant: str
    email: str
    name: str | None
    role: Role
    state: Literal["invited", "expired", "active", "suspended"]
    invited_at: str
    invited_by: str
    joined_at: str | None
    signed_in_at: str | None
    suspended_at: str | None
    suspended_by: str | None
    suspended_reason: str | None
    links: dict[str, str]
