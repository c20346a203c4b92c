"""Notices of rights holders: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class DueAnswer(TypedDict):
    """A day that the law sets, and where.

    Attributes:
        passed: whether the day is over (UTC)
        last_checked: day on which a person last compared the rule with its source
        pending: true: of a bill, not of a law
    """

    id: str
    says: str
    on: str
    passed: bool
    rule: str
    article: str
    source: str
    last_checked: str
    pending: bool


class ElementAnswer(TypedDict):
    """An element of a form.

    Attributes:
        letter: of the rule
        kind: `text`, or `statement`: true or not made
    """

    name: str
    letter: str
    says: str
    kind: str


class Elements(TypedDict):
    """What a notice or a counter-notice holds; `GET /v1/notices/forms` tells which form has which.

    Attributes:
        person: whose voice or likeness it is
        work: the work that is concerned
        mistake: of a counter-notice
        jurisdiction: of a counter-notice
        action: of a counter-notice: the action that was filed
    """

    signature: NotRequired[str | None]
    person: NotRequired[str | None]
    work: NotRequired[str | None]
    material: NotRequired[str | None]
    location: NotRequired[str | None]
    contact: NotRequired[str | None]
    good_faith: NotRequired[bool | None]
    authority: NotRequired[bool | None]
    reference: NotRequired[str | None]
    mistake: NotRequired[bool | None]
    jurisdiction: NotRequired[bool | None]
    action: NotRequired[str | None]


class FormAnswer(TypedDict):
    """A form: its rule as this release knows it, and its elements."""

    form: Literal["no-fakes", "dmca"]
    title: str
    rule: str
    article: str
    source: str
    standing: str
    last_checked: str
    note: str | None
    notice: list[ElementAnswer]
    counter: list[ElementAnswer]


class FormList(TypedDict):
    """All forms."""

    items: list[FormAnswer]
    not_legal_advice: NotRequired[str]


class NoticeAnswer(TypedDict):
    """A notice as it stands.

    Attributes:
        missing: elements of the form that were not given
        counter: elements of the counter-notice
        deadlines: Days are computed from the law as this release knows it; this is not legal advice.
        version: steps taken; the `ETag`
    """

    id: str
    form: Literal["no-fakes", "dmca"]
    state: Literal[
        "incomplete", "received", "removed", "refused", "countered", "restored", "kept_down", "withdrawn"
    ]
    missing: list[str]
    elements: dict[str, Any]
    counter: dict[str, Any] | None
    received_on: str
    removed_on: str | None
    countered_on: str | None
    deadlines: list[DueAnswer]
    audit_id: str | None
    record_id: str | None
    version: int
    created_at: str
    changed_at: str
    links: dict[str, str]


class NoticeStepAnswer(TypedDict):
    """Something that happened to a notice.

    Attributes:
        version: of the notice behind it
        who: name of the key that was used
        said: elements, text, reason and day, as far as the step has them
    """

    version: int
    type: Literal[
        "receive", "complete", "comment", "remove", "refuse", "counter", "restore", "keep_down", "withdraw"
    ]
    who: str
    key_id: str | None
    at: str
    said: dict[str, Any]


class NoticeStepList(TypedDict):
    """The whole history of a notice, in order."""

    items: list[NoticeStepAnswer]
