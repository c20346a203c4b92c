"""What happens to records: amended, transferred, disputed, revoked: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, TypedDict


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
