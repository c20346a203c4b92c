"""The audit trail of a tenant: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class AuditEventAnswer(TypedDict):
    """Something that happened.

    Attributes:
        seq: its place in the chain; null until it is chained
        phase: a write was asked for, then answered; something was read; something was done
        who: name of the key that was used, or the service
        outcome: HTTP status of the answer
        request_id: the same for all that belongs to one request
    """

    seq: int | None
    at: str
    phase: Literal["asked", "answered", "read", "done"]
    who: str
    key_id: str | None
    action: str
    object: str
    outcome: int | None
    request_id: str | None
