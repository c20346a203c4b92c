"""What a notice is, which step may follow which, and the days that the law sets. Knows of no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from api.docket.step import MOST_STEPS
from api.errors import ConflictingEntry
from api.law.days import due
from api.law.law import Law
from api.notices.forms import FORMS, FormName

State = Literal[
    "incomplete", "received", "removed", "refused", "countered", "restored", "kept_down", "withdrawn"
]
Kind = Literal[
    "receive", "complete", "comment", "remove", "refuse", "counter", "restore", "keep_down", "withdraw"
]

_AFTER: Mapping[Kind, State] = {
    "remove": "removed",
    "refuse": "refused",
    "counter": "countered",
    "restore": "restored",
    "keep_down": "kept_down",
    "withdraw": "withdrawn",
}
_ALLOWED: Mapping[State, frozenset[Kind]] = {
    "incomplete": frozenset({"complete", "comment", "refuse", "withdraw"}),
    "received": frozenset({"comment", "remove", "refuse", "withdraw"}),
    "removed": frozenset({"comment", "counter", "restore", "withdraw"}),
    "countered": frozenset({"comment", "restore", "keep_down", "withdraw"}),
    "refused": frozenset({"comment"}),
    "restored": frozenset({"comment"}),
    "kept_down": frozenset({"comment"}),
    "withdrawn": frozenset({"comment", "restore"}),
}


@dataclass(frozen=True)
class Notice:
    """A notice as it stands.

    Attributes:
        material: what it is about, shortened, for lists.
        elements: of its form, as far as they were given.
        counter: those of the counter-notice.
        received_on, removed_on, countered_on: the days from which the law counts.
        audit_id, record_id: what it is about here, where somebody said so.
        version: how many steps were taken; the `ETag`.
    """

    id: str
    tenant: str
    form: FormName
    state: State
    material: str
    elements: Mapping[str, Any]
    counter: Mapping[str, Any] | None
    received_on: date
    removed_on: date | None
    countered_on: date | None
    audit_id: str | None
    record_id: str | None
    version: int
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class DueDay:
    """A day that the law sets, and where it says so."""

    id: str
    says: str
    on: date
    rule: str
    article: str
    source: str
    last_checked: date
    pending: bool


def possible(state: State) -> frozenset[Kind]:
    """The steps that can follow."""
    return _ALLOWED[state]


def after(state: State, version: int, kind: Kind, lacks: Sequence[str] = ()) -> State:
    """The state behind a step.

    Args:
        state: before it.
        version: before it.
        kind: of the step.
        lacks: elements that the notice lacks behind it.

    Raises:
        ConflictingEntry: the step cannot follow.
    """
    if kind not in _ALLOWED[state]:
        possible = ", ".join(sorted(_ALLOWED[state]))
        raise ConflictingEntry(f"the notice is {state.replace('_', ' ')}; what can follow is {possible}")
    if version >= MOST_STEPS:
        raise ConflictingEntry(f"a notice has at most {MOST_STEPS} steps; enter another one")
    if kind == "complete":
        return "incomplete" if lacks else "received"
    return _AFTER.get(kind, state)


def deadlines(notice: Notice, law: Law) -> tuple[DueDay, ...]:
    """The days that count for a notice as it stands, the first one first.

    Only what still waits has any: nothing is due of a notice that was refused, withdrawn or settled.
    """
    start = {"countered": ("counter", notice.countered_on), "removed": ("remove", notice.removed_on)}
    step, day = start.get(notice.state, ("", None))
    if day is None:
        return ()
    rule = law.rule(FORMS[notice.form].rule)
    found = [
        DueDay(
            one.id,
            one.says,
            due(one, day),
            rule.id,
            rule.article,
            rule.source,
            rule.last_checked,
            rule.status == "pending",
        )
        for one in rule.deadlines
        if one.after == step
    ]
    return tuple(sorted(found, key=lambda one: (one.on, one.id)))
