"""What to do about a finding: dated rules in a TOML file, applied in plain words.

A policy never measures anything. It reads the findings of an audit by name
(`ownership.status`, `ai.p_value`, ...) and says accept, review or reject, with every rule
that fired. Rules carry the day from which they hold, where they come from and when a person
last checked that source, so that a report shows which law or contract it was judged by.
A field that was not measured satisfies no comparison: no rule fires on a guess.

A policy fails closed: a check that was asked for and did not answer, or audio of which only a part could be
decoded, calls for its `unanswered` action (a review unless the policy says otherwise), ahead of every rule.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, cast, get_args

from api.audit.decision import Action, Decision, Fired, Gap
from core import toml
from core.errors import TrackmarkError

_SEVERITY: dict[Action, int] = {"accept": 0, "review": 1, "reject": 2}
_OPERATORS = ("is", "is_not", "one_of", "at_least", "at_most", "known")
_PLACE = re.compile(r"\{([a-z0-9_.]+)\}")
_STALE_AFTER_DAYS = 365
MAX_BYTES = 64 * 1024
MAX_ENTRIES = 200
MAX_TEXT = 2000
MAX_NUMBER = 1 << 53
_OPEN = {
    "decode": "The audio is incomplete:",
    "watermark": "The watermark could not be looked for:",
    "credentials": "The content credentials could not be read:",
    "fingerprint": "The audio could not be compared with the registered tracks:",
    "music": "Whether a machine made the music could not be measured:",
    "voice": "The vocals could not be judged:",
}


class PolicyError(TrackmarkError):
    """A policy file cannot be read or breaks a rule of its form."""


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
            Fired(f"check-{gap.outcome}", self.unanswered, f"{_OPEN[gap.check]} {gap.reason}.")
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


def parse_policy(text: bytes) -> Policy:
    """Read a policy from the bytes of its TOML file.

    Raises:
        PolicyError: the text is not TOML, or a rule is incomplete or contradicts itself.
    """
    if len(text) > MAX_BYTES:
        raise PolicyError(f"the policy has {len(text)} bytes; at most {MAX_BYTES} are read")
    try:
        table = toml.loads(text.decode("utf-8"))
    except ValueError as error:
        raise PolicyError(f"the policy is not a TOML file: {error}") from error
    _check_values(table)
    return _policy(table, text)


def _check_values(value: Any) -> None:
    """Refuse what no report could show: control characters, long texts, numbers that are no measurements."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _check_values(name)
            _check_values(inner)
    elif isinstance(value, list):
        if len(value) > MAX_ENTRIES:
            raise PolicyError(f"a list of the policy has {len(value)} entries, of {MAX_ENTRIES} at most")
        for inner in value:
            _check_values(inner)
    elif isinstance(value, str):
        if len(value) > MAX_TEXT or any(ord(c) < 32 and c not in "\n\t" for c in value):
            raise PolicyError(f"a text of the policy has control characters or is longer than {MAX_TEXT}")
    elif isinstance(value, int | float) and not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise PolicyError("a number of the policy is larger than a measurement can be")


def _policy(table: Mapping[str, Any], text: bytes) -> Policy:
    head = table.get("policy")
    if not isinstance(head, dict) or not {"name", "version"} <= head.keys():
        raise PolicyError("the policy needs a [policy] table with name and version")
    if not all(isinstance(head[key], str | int | float) for key in ("name", "version")):
        raise PolicyError("name and version of the policy are texts")
    entries = table.get("rule", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise PolicyError("each rule of the policy is a table [[rule]]")
    rules = tuple(_rule(entry) for entry in entries)
    ids = [rule.id for rule in rules]
    if len(set(ids)) != len(ids):
        raise PolicyError("two rules of the policy share an id; give each its own")
    return Policy(
        name=str(head["name"]),
        version=str(head["version"]),
        otherwise=_action(head.get("otherwise", "accept"), "[policy]"),
        unanswered=_action(head.get("unanswered", "review"), "[policy]"),
        rules=rules,
        sha256=hashlib.sha256(text).hexdigest(),
    )


def load_policy(path: Path | None = None) -> Policy:
    """Load a policy file, or the default policy that ships with Trackmark.

    Raises:
        PolicyError: the file is missing or breaks a rule of its form.
    """
    if path is None:
        return _default_policy()
    try:
        return parse_policy(path.read_bytes())
    except OSError as error:
        raise PolicyError(f"cannot read the policy {path}: {error.strerror}") from error


@lru_cache(maxsize=1)
def _default_policy() -> Policy:
    text = resources.files("api.audit").joinpath("default_policy.toml").read_bytes()
    return _policy(tomllib.loads(text.decode("utf-8")), text)


def _rule(entry: Mapping[str, Any]) -> Rule:
    name = str(entry.get("id", "without id"))
    missing = {"id", "action", "says", "when", "in_force_from", "last_checked"} - entry.keys()
    if missing:
        raise PolicyError(f"rule {name!r} lacks {', '.join(sorted(missing))}")
    for key in ("in_force_from", "in_force_until", "last_checked"):
        if key in entry and type(entry[key]) is not date:
            raise PolicyError(f"rule {name!r}: {key} must be a day such as 2026-08-02, without quotes")
    when = entry["when"]
    if not isinstance(when, list) or not all(isinstance(one, dict) for one in when):
        raise PolicyError(f"rule {name!r}: its conditions are a list of tables")
    if not when:
        raise PolicyError(f"rule {name!r} has no condition; it would always fire")
    for key in ("id", "says", "source", "each"):
        if key in entry and not isinstance(entry[key], str):
            raise PolicyError(f"rule {name!r}: {key} must be a text")
    return Rule(
        id=name,
        action=_action(entry["action"], f"rule {name!r}"),
        says=str(entry["says"]),
        when=tuple(_condition(c, name) for c in when),
        in_force_from=entry["in_force_from"],
        in_force_until=entry.get("in_force_until"),
        last_checked=entry["last_checked"],
        source=entry.get("source"),
        each=entry.get("each"),
    )


def _condition(entry: Mapping[str, Any], rule: str) -> Condition:
    operators = [op for op in _OPERATORS if op in entry]
    if "field" not in entry or len(operators) != 1 or len(entry) != 2:
        raise PolicyError(
            f"rule {rule!r}: a condition is a field and one of {', '.join(_OPERATORS)}; got {dict(entry)}"
        )
    operator, value = operators[0], entry[operators[0]]
    if not isinstance(entry["field"], str):
        raise PolicyError(f"rule {rule!r}: a field is named by a text")
    for one in value if isinstance(value, list) and operator == "one_of" else [value]:
        if not isinstance(one, str | bool | int | float):
            raise PolicyError(f"rule {rule!r}: {operator} compares with a text, a number, true or false")
    if operator == "known" and not isinstance(value, bool):
        raise PolicyError(f"rule {rule!r}: known is true or false")
    if operator in ("at_least", "at_most") and (
        isinstance(value, bool) or not isinstance(value, int | float)
    ):
        raise PolicyError(f"rule {rule!r}: {operator} needs a number")
    if operator == "one_of" and not isinstance(value, list):
        raise PolicyError(f"rule {rule!r}: one_of needs a list")
    if entry["field"] == "ai.verdict" and "bona_fide" in (value if isinstance(value, list) else [value]):
        raise PolicyError(f"rule {rule!r}: the verdict bona_fide is called no_trace now; change the rule")
    if entry["field"] == "consent" and operator == "one_of" and "expired" in value:
        # A rule that names the consents which have ended means these kinds too.
        value = [*value, "revoked", "other-scope"]
    return Condition(str(entry["field"]), operator, value)


def _action(value: object, where: str) -> Action:
    if value not in get_args(Action):
        raise PolicyError(f"{where}: the action must be accept, review or reject, not {value!r}")
    return cast("Action", value)


def _fill(says: str, subject: Mapping[str, Any], findings: Mapping[str, Any]) -> str:
    """Put measured values into a sentence; plain replacement, since names come from files."""

    def value(match: re.Match[str]) -> str:
        found = look_up(subject, match[1])
        found = look_up(findings, match[1]) if found is None else found
        if isinstance(found, float):
            return f"{found:.3g}"
        return "unknown" if found is None else str(found)

    return _PLACE.sub(value, says)
