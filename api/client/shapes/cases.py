"""Cases: what people decide about audits: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class CaseAnswer(TypedDict):
    """A case as it stands. The audit stays as it was signed, whatever is decided here.

    Attributes:
        subject: of an audit: its file's name
        decision: of people, the last one
        version: steps taken; the `ETag`
        audit_decision: what the policy decided of the audit
        audit_kept: whether the audit is still there
    """

    id: str
    subject: str
    origin: Literal["policy", "person"]
    state: Literal["open", "decided", "appealed"]
    decision: Literal["accept", "reject"] | None
    assignee: str | None
    version: int
    audit_id: str | None
    audit_decision: Literal["accept", "review", "reject"] | None
    audit_kept: bool
    created_at: str
    changed_at: str
    links: dict[str, str]


class StepAnswer(TypedDict):
    """Something that happened to a case.

    Attributes:
        version: of the case behind it
        who: name of the key that was used
        key_id: null for the policy, and for a request without a key
        reason: of an opening, decision, appeal or re-opening
        text: of a comment
        to: of an assignment
        by: of an appeal: on whose behalf
    """

    version: int
    type: Literal["open", "assign", "comment", "decide", "appeal", "reopen"]
    who: str
    key_id: str | None
    at: str
    reason: NotRequired[str | None]
    text: NotRequired[str | None]
    to: NotRequired[str | None]
    decision: NotRequired[Literal["accept", "reject"] | None]
    by: NotRequired[str | None]


class StepList(TypedDict):
    """The whole history of a case, in order."""

    items: list[StepAnswer]
