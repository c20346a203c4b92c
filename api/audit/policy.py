"""What to do about a finding: dated rules in a TOML file, applied in plain words.

A policy never measures anything. It reads the findings of an audit by name
(`ownership.status`, `ai.p_value`, ...) and says accept, review or reject, with every rule
that fired. Rules carry the day from which they hold, where they come from and when a person
last checked that source, so that a report shows which law or contract it was judged by.
A field that was not measured satisfies no comparison: no rule fires on a guess.

A policy fails closed: a check that was asked for and did not answer, or audio of which only a part could be
decoded, calls for its `unanswered` action (a review unless the policy says otherwise), ahead of every rule.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.audit.decision import Action, Decision, Fired, Gap
from api.audit.numbers import p_value_text, score_text

_SEVERITY: dict[Action, int] = {"accept": 0, "review": 1, "reject": 2}
_WRITTEN: Mapping[str, Callable[[float], str]] = {"score": score_text, "p_value": p_value_text}
"""How numbers are written that pages show as well."""
_PLACE = re.compile(r"\{([a-z0-9_.]+)\}")
_STALE_AFTER_DAYS = 365
OPEN = {
    "decode": "Only a part of the audio was checked:",
    "watermark": "The watermark could not be looked for:",
    "credentials": "The content credentials could not be read:",
    "tags": "The file's own tags could not all be read:",
    "fingerprint": "The audio could not be compared with the registered tracks:",
    "music": "Whether a machine made the music could not be measured:",
    "voice": "The vocals could not be judged:",
    "artists": "Not every enrolled artist could be compared:",
    "originality": "How near the audio comes to registered tracks could not be told:",
}


@dataclass(frozen=True)
class Condition:
    """One comparison on one field of the findings."""

    field: str
    operator: str
    value: Any

    def holds(self, findings: Mapping[str, Any]) -> bool:
        """Whether the field, if it was measured, satisfies the comparison."""
        found = look_up(findings, self.field)
        if self.operator == "known":
            return (found is not None) is bool(self.value)
        if found is None:
            return False
        if self.operator == "is":
            return bool(found == self.value)
        if self.operator == "is_not":
            return bool(found != self.value)
        if self.operator == "one_of":
            return found in self.value
        if isinstance(found, bool) or not isinstance(found, int | float):
            return False
        return bool(found >= self.value if self.operator == "at_least" else found <= self.value)


@dataclass(frozen=True)
class Rule:
    """An action that follows when all conditions hold.

    Attributes:
        each: name of a list in the findings; the conditions are then asked of each element.
        in_force_from: first day on which the rule applies.
        in_force_until: last day on which it applies, or None.
        last_checked: day on which a person last compared the rule with its source.
    """

    id: str
    action: Action
    says: str
    when: tuple[Condition, ...]
    in_force_from: date
    last_checked: date
    in_force_until: date | None = None
    source: str | None = None
    each: str | None = None

    def in_force(self, on: date) -> bool:
        """Whether the rule applies on that day."""
        return self.in_force_from <= on and (self.in_force_until is None or on <= self.in_force_until)

    def fire(self, findings: Mapping[str, Any]) -> Iterator[Fired]:
        """Yield the rule once for the findings, or once for each element that it applies to."""
        subjects = [findings] if self.each is None else look_up(findings, self.each)
        for subject in subjects if isinstance(subjects, list | tuple) else ():
            if all(condition.holds(subject) for condition in self.when):
                yield Fired(self.id, self.action, _fill(self.says, subject, findings), self.source)


@dataclass(frozen=True)
class Policy:
    """A named, versioned list of rules.

    Attributes:
        otherwise: the action when no rule fires.
        unanswered: the action where a check that was asked for did not answer.
        sha256: digest of the file's bytes, so that a report names the exact text.
    """

    name: str
    version: str
    otherwise: Action
    unanswered: Action
    rules: tuple[Rule, ...]
    sha256: str

    def decide(self, findings: Mapping[str, Any], *, on: date, unanswered: Sequence[Gap] = ()) -> Decision:
        """Apply every rule that is in force; the most severe action wins.

        Args:
            findings: JSON form of the findings, and the facts `duration_s` and `ai_declared` (whether a
                record that verifies declares AI).
            on: the day by which the rules are dated (UTC).
            unanswered: the open questions.
        """
        fired = tuple(
            Fired(f"check-{gap.outcome}", self.unanswered, f"{OPEN[gap.check]} {gap.reason}.")
            for gap in unanswered
        )
        fired += tuple(f for rule in self.rules if rule.in_force(on) for f in rule.fire(findings))
        action = max((f.action for f in fired), key=_SEVERITY.__getitem__, default=self.otherwise)
        return Decision(action, fired, f"{self.name} {self.version}", self.sha256)

    def stale(self, *, on: date) -> tuple[str, ...]:
        """Rules in force whose source nobody compared for a year: the law may have moved."""
        return tuple(
            f"policy rule {rule.id!r} was compared with its source on {rule.last_checked}: check it again"
            for rule in self.rules
            if rule.in_force(on) and (on - rule.last_checked).days > _STALE_AFTER_DAYS
        )

    def clone_threshold(self, *, on: date) -> float | None:
        """The clone score from which a rule in force calls a voice a copy; None where no rule does."""
        limits = [
            float(condition.value)
            for rule in self.rules
            if rule.each == "voice.artists" and rule.in_force(on)
            for condition in rule.when
            if (condition.field, condition.operator) == ("clone_score", "at_least")
        ]
        return min(limits, default=None)

    def thresholds(self) -> dict[str, dict[str, Any]]:
        """Numeric limits of the policy by rule: what a reader needs to repeat the decision."""
        limits = {
            rule.id: {
                f"{c.field} {c.operator}": c.value for c in rule.when if c.operator in ("at_least", "at_most")
            }
            for rule in self.rules
        }
        return {rule: found for rule, found in limits.items() if found}


def look_up(findings: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted path; `None` where any part is missing."""
    found: Any = findings
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _fill(says: str, subject: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """Put measured values into a sentence; plain replacement, since names come from files."""

    def value(match: re.Match[str]) -> str:
        found = look_up(subject, match[1])
        found = look_up(findings, match[1]) if found is None else found
        if isinstance(found, float):
            name = match[1].rpartition(".")[2]
            written = _WRITTEN.get("score" if name.endswith("score") else name)
            return f"{found:.3g}" if written is None else written(found)
        return "unknown" if found is None else str(found)

    return _PLACE.sub(value, says)
