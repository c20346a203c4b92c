"""A policy from its TOML file: every malformed value is refused with words, before any analysis."""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, cast, get_args

from api.audit.decision import Action
from api.audit.policy import Condition, Policy, Rule
from api.audit.policy_fields import why_never
from core import toml
from core.errors import TrackmarkError

_OPERATORS = ("is", "is_not", "one_of", "at_least", "at_most", "known")
MAX_BYTES = 64 * 1024
MAX_ENTRIES = 200
MAX_TEXT = 2000
MAX_NUMBER = 1 << 53
_HEADER = re.compile(r"\s*\[\[\s*rule\s*\]\]")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)$")


class PolicyError(TrackmarkError):
    """A policy file cannot be read or breaks a rule of its form.

    Attributes:
        line: of the file, counted from 1, at which it does; None where that is not known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _Flaw(Exception):
    """What is wrong with a rule, before it is known where in the file the rule stands.

    Attributes:
        key: of the rule; None where it is not one of them.
    """

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message)
        self.key = key


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
        line = _line_told(str(error), text.decode("utf-8", "replace"))
        raise PolicyError(f"the policy is not a TOML file: {error}", line) from error
    _check_values(table)
    return _policy(table, text)


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


def _policy(table: Mapping[str, Any], text: bytes) -> Policy:
    head = table.get("policy")
    if not isinstance(head, dict) or not {"name", "version"} <= head.keys():
        raise PolicyError("the policy needs a [policy] table with name and version")
    if not all(isinstance(head[key], str | int | float) for key in ("name", "version")):
        raise PolicyError("name and version of the policy are texts")
    entries = table.get("rule", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise PolicyError("each rule of the policy is a table [[rule]]")
    read: list[Rule] = []
    for number, entry in enumerate(entries):
        try:
            read.append(_rule(entry, known=[rule.id for rule in read]))
        except _Flaw as flaw:
            raise PolicyError(str(flaw), _line_of(text, number, len(entries), flaw.key)) from None
    return Policy(
        name=str(head["name"]),
        version=str(head["version"]),
        otherwise=_head_action(head, "otherwise", "accept"),
        unanswered=_head_action(head, "unanswered", "review"),
        rules=tuple(read),
        sha256=hashlib.sha256(text).hexdigest(),
    )


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


def _rule(entry: Mapping[str, Any], known: Sequence[str]) -> Rule:
    name = str(entry.get("id", "without id"))
    missing = {"id", "action", "says", "when", "in_force_from", "last_checked"} - entry.keys()
    if missing:
        raise _Flaw(f"rule {name!r} lacks {', '.join(sorted(missing))}")
    for key in ("in_force_from", "in_force_until", "last_checked"):
        if key in entry and type(entry[key]) is not date:
            raise _Flaw(f"rule {name!r}: {key} must be a day such as 2026-08-02, without quotes", key)
    when = entry["when"]
    if not isinstance(when, list) or not all(isinstance(one, dict) for one in when):
        raise _Flaw(f"rule {name!r}: its conditions are a list of tables", "when")
    if not when:
        raise _Flaw(f"rule {name!r} has no condition; it would always fire", "when")
    for key in ("id", "says", "source", "each"):
        if key in entry and not isinstance(entry[key], str):
            raise _Flaw(f"rule {name!r}: {key} must be a text", key)
    if name in known:
        raise _Flaw(f"two rules of the policy share the id {name!r}; give each its own", "id")
    return Rule(
        id=name,
        action=_action(entry["action"], f"rule {name!r}"),
        says=str(entry["says"]),
        when=tuple(_condition(c, name, entry.get("each")) for c in when),
        in_force_from=entry["in_force_from"],
        in_force_until=entry.get("in_force_until"),
        last_checked=entry["last_checked"],
        source=entry.get("source"),
        each=entry.get("each"),
    )


def _condition(entry: Mapping[str, Any], rule: str, each: str | None) -> Condition:
    operators = [op for op in _OPERATORS if op in entry]
    if "field" not in entry or len(operators) != 1 or len(entry) != 2:
        raise _Flaw(
            f"rule {rule!r}: a condition is a field and one of {', '.join(_OPERATORS)}; got {dict(entry)}",
            "when",
        )
    operator, value = operators[0], entry[operators[0]]
    if not isinstance(entry["field"], str):
        raise _Flaw(f"rule {rule!r}: a field is named by a text", "when")
    for one in value if isinstance(value, list) and operator == "one_of" else [value]:
        if not isinstance(one, str | bool | int | float):
            raise _Flaw(f"rule {rule!r}: {operator} compares with a text, a number, true or false", "when")
    if operator == "known" and not isinstance(value, bool):
        raise _Flaw(f"rule {rule!r}: known is true or false", "when")
    if operator in ("at_least", "at_most") and (
        isinstance(value, bool) or not isinstance(value, int | float)
    ):
        raise _Flaw(f"rule {rule!r}: {operator} needs a number", "when")
    if operator == "one_of" and not isinstance(value, list):
        raise _Flaw(f"rule {rule!r}: one_of needs a list", "when")
    if entry["field"] == "ai.verdict" and "bona_fide" in (value if isinstance(value, list) else [value]):
        raise _Flaw(f"rule {rule!r}: the verdict bona_fide is called no_trace now; change the rule", "when")
    never = why_never(entry["field"], operator, value, each)
    if never is not None:
        raise _Flaw(f"rule {rule!r}: {never}", "when")
    if entry["field"] == "consent" and operator == "one_of" and "expired" in value:
        # A rule that names the consents which have ended means these kinds too.
        value = [*value, "revoked", "other-scope", "unclear"]
    return Condition(str(entry["field"]), operator, value)


def _action(value: object, where: str) -> Action:
    if value not in get_args(Action):
        raise _Flaw(f"{where}: the action must be accept, review or reject, not {value!r}", "action")
    return cast("Action", value)


def _head_action(head: Mapping[str, Any], key: str, otherwise: Action) -> Action:
    try:
        return _action(head.get(key, otherwise), "[policy]")
    except _Flaw as flaw:
        raise PolicyError(str(flaw)) from None


def _line_told(said: str, text: str) -> int | None:
    """The line at which reading TOML ended, as the reader says it."""
    found = _AT_LINE.search(said)
    if found is not None:
        return int(found[1])
    return text.rstrip("\n").count("\n") + 1 if "at end of document" in said else None


def _line_of(text: bytes, number: int, rules: int, key: str | None) -> int | None:
    """The line of a rule, or of its key where one line alone can be meant; None where neither is certain.

    A header may also stand in a text of several lines; then there are more of them than rules.
    """
    lines = text.decode("utf-8").split("\n")
    headers = [at for at, line in enumerate(lines) if _HEADER.match(line)]
    if len(headers) != rules:
        return None
    start, end = headers[number], [*headers, len(lines)][number + 1]
    named = re.compile(rf"\s*{key}\s*=")
    keyed = [at for at in range(start, end) if key is not None and named.match(lines[at])]
    return (keyed[0] if len(keyed) == 1 else start) + 1
