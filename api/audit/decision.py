"""What a policy makes of the findings, and the open questions that call for a person."""

from dataclasses import dataclass
from typing import Literal

Action = Literal["accept", "review", "reject"]


@dataclass(frozen=True)
class Gap:
    """Something that was asked for and not answered.

    Attributes:
        check: its name; `decode` for audio that could only be decoded in part, `tags` for those of the file,
            `artists` for those who were enrolled and not compared.
        outcome: `inconclusive`, `failed`, `partly`, `unread` or `uncompared`.
        reason: why.
    """

    check: str
    outcome: str
    reason: str


@dataclass(frozen=True)
class Fired:
    """A policy rule that applied.

    Attributes:
        rule: its id.
        action: what it asks for.
        text: why, in words.
        source: what it rests on, where the policy names it.
    """

    rule: str
    action: Action
    text: str
    source: str | None = None


@dataclass(frozen=True)
class Decision:
    """What the policy makes of the findings.

    Attributes:
        action: the most severe of all rules that applied.
        rules: those rules.
        policy: name and version of the policy.
        policy_sha256: digest of the policy's text.
    """

    action: Action
    rules: tuple[Fired, ...]
    policy: str
    policy_sha256: str
