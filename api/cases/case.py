"""What a case is, and which step may follow which. Nothing here knows of a database.

A case is open until somebody decides. What was decided can be appealed, and then waits for a decision anew,
or be re-opened. The decision of the audit stays what it was, signed: a case stands beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from api.docket.step import MOST_STEPS
from api.errors import ConflictingEntry

State = Literal["open", "decided", "appealed"]
Decision = Literal["accept", "reject"]
Origin = Literal["policy", "person"]
Kind = Literal["open", "assign", "comment", "decide", "appeal", "reopen"]

_ALLOWED: Mapping[Kind, frozenset[State]] = {
    "assign": frozenset({"open", "appealed"}),
    "comment": frozenset({"open", "decided", "appealed"}),
    "decide": frozenset({"open", "appealed"}),
    "appeal": frozenset({"decided"}),
    "reopen": frozenset({"decided"}),
}
_AFTER: Mapping[Kind, State] = {"decide": "decided", "appeal": "appealed", "reopen": "open"}
_INSTEAD: Mapping[State, str] = {
    "open": "nothing is decided yet: decide it first",
    "decided": "it is decided: appeal or re-open it first",
    "appealed": "an appeal waits: decide that",
}


@dataclass(frozen=True)
class Case:
    """A case as it stands.

    Attributes:
        subject: what it is about, in words: of an audit, the file's name.
        origin: who opened it, the policy or a person.
        audit_decision: what the policy decided of the audit.
        audit_kept: whether the audit is still there.
        decision: what people decided last.
        version: how many steps were taken; each step's answer names it as `ETag`.
    """

    id: str
    tenant: str
    subject: str
    origin: Origin
    audit_id: str | None
    audit_decision: str | None
    audit_kept: bool
    state: State
    decision: Decision | None
    assignee: str | None
    version: int
    created_at: datetime
    changed_at: datetime


def possible(state: State) -> frozenset[Kind]:
    """The steps that can follow."""
    return frozenset(kind for kind, states in _ALLOWED.items() if state in states)


def after(state: State, version: int, kind: Kind) -> State:
    """The state behind a step.

    Raises:
        ConflictingEntry: the step cannot follow.
    """
    if state not in _ALLOWED[kind]:
        raise ConflictingEntry(f"the case cannot take this step; {_INSTEAD[state]}")
    if version >= MOST_STEPS:
        raise ConflictingEntry(f"a case has at most {MOST_STEPS} steps; open another one")
    return _AFTER.get(kind, state)
