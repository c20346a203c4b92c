"""Policies that decide audits: what is told.

Made by `python -m lab.client` from the server's OpenAPI document: not to be edited.
"""

from __future__ import annotations

from typing import Literal, TypedDict


class ActivationAnswer(TypedDict):
    """When and by whom a policy was put in force.

    Attributes:
        who: name of the key that was used
    """

    at: str
    who: str
    reason: str | None


class ChangeAnswer(TypedDict):
    """An audit that would be decided otherwise.

    Attributes:
        file: escape it before display
        rules: ids of the rules that would apply
        policy: by which it was decided
    """

    audit_id: str
    file: str
    was: Literal["accept", "review", "reject"]
    would: Literal["accept", "review", "reject"]
    rules: list[str]
    policy: str
    links: dict[str, str]


class OutcomeAnswer(TypedDict):
    """How many audits were decided so, and would be decided so."""

    was: Literal["accept", "review", "reject"]
    would: Literal["accept", "review", "reject"]
    audits: int


class PolicyAnswer(TypedDict):
    """A policy that is kept.

    Attributes:
        sha256: of the text, as findings and reports name it: `policy_sha256`
        rules: how many
        in_force: whether it decides audits that bring no policy of their own
        created_at: when it was sent in; null of the default policy
        who: name of the key that it was sent with
        activated: when it was last put in force
    """

    id: str
    name: str
    version: str
    sha256: str
    rules: int
    in_force: bool
    created_at: str | None
    who: str | None
    activated: ActivationAnswer | None
    links: dict[str, str]


class PolicyText(TypedDict):
    """A policy with its text.

    Attributes:
        sha256: of the text, as findings and reports name it: `policy_sha256`
        rules: how many
        in_force: whether it decides audits that bring no policy of their own
        created_at: when it was sent in; null of the default policy
        who: name of the key that it was sent with
        activated: when it was last put in force
        text: as TOML, as it was sent in
    """

    id: str
    name: str
    version: str
    sha256: str
    rules: int
    in_force: bool
    created_at: str | None
    who: str | None
    activated: ActivationAnswer | None
    links: dict[str, str]
    text: str


class TrialAnswer(TypedDict):
    """What a policy would change. Nothing was written, and no audit, case or report is any different.

    Attributes:
        on: the day by which its rules are dated: today
        audits: how many were tried
        changed: how many would be decided otherwise
    """

    policy_id: str
    sha256: str
    on: str
    audits: int
    changed: int
    outcomes: list[OutcomeAnswer]
    changes: list[ChangeAnswer]
