"""A policy from its TOML file: every malformed value is refused with words, before any analysis."""

import hashlib
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, cast, get_args

from api.audit.decision import Action
from api.audit.policy import Condition, Policy, Rule
from core import toml
from core.errors import TrackmarkError

_OPERATORS = ("is", "is_not", "one_of", "at_least", "at_most", "known")
MAX_BYTES = 64 * 1024
MAX_ENTRIES = 200
MAX_TEXT = 2000
MAX_NUMBER = 1 << 53


class PolicyError(TrackmarkError):
    """A policy file cannot be read or breaks a rule of its form."""


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
