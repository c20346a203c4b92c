"""Records of ownership and their events: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, TypedDict

from .shared import Problem


class EventAnswer(TypedDict):
    """An event with all that verifies it offline.

    Attributes:
        leaf_index: its entry in the log
        revision: of revisions
        reason: of disputes and revocations
        envelope: DSSE
        salt: opens the log entry's commitment
        proof: C2SP tlog-proof
    """

    type: str
    leaf_index: int
    created_at: str
    revision: int | None
    reason: str | None
    links: dict[str, str]
    envelope: dict[str, Any]
    salt: str
    proof: str


class EventLine(TypedDict):
    """An event of a record.

    Attributes:
        leaf_index: its entry in the log
        revision: of revisions
        reason: of disputes and revocations
    """

    type: str
    leaf_index: int
    created_at: str
    revision: int | None
    reason: str | None
    links: dict[str, str]


class EventList(TypedDict):
    """The life of a record in log order, the registration first.

    Attributes:
        status: asserted, evidenced, disputed or revoked; every event was checked
    """

    status: str
    items: list[EventLine]


class RecordAnswer(TypedDict):
    """An ownership record, verified at this moment: who claimed what, and where the log holds it.

    A signature proves who claimed what and when, not that the claim is true (`claim_status`).

    Attributes:
        salt: opens the log entry's commitment; keep it with the proof
        claims: what the record says; null where it does not verify
        problem: why the record does not verify
    """

    record_id: str
    title: str
    leaf_index: int
    created_at: str
    salt: str
    claims: dict[str, Any] | None
    problem: Problem | None
    links: dict[str, str]


class RecordLine(TypedDict):
    """A record in a list, not verified."""

    record_id: str
    title: str
    leaf_index: int
    created_at: str
