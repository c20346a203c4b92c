"""Records of ownership, and what is exported of them: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from .shared import Problem


class Publication(TypedDict):
    """Whether everybody may see a record.

    Attributes:
        since: since when everybody may see it; null where it is private
    """

    record_id: str
    since: str | None


class RecordAnswer(TypedDict):
    """An ownership record, verified at this moment: who claimed what, and where the log holds it.

    A signature proves who claimed what and when, not that the claim is true (`claim_status`).

    Attributes:
        salt: opens the log entry's commitment; keep it with the proof
        claims: what the record says; null where it does not verify
        problem: why the record does not verify
        same_isrc: other records of the tenant, at most 20 and none of them revoked, that state its ISRC
    """

    record_id: str
    title: str
    leaf_index: int
    created_at: str
    salt: str
    claims: dict[str, Any] | None
    problem: Problem | None
    same_isrc: NotRequired[list[str]]
    links: dict[str, str]


class RecordLine(TypedDict):
    """A record in a list, not verified."""

    record_id: str
    title: str
    leaf_index: int
    created_at: str
