"""The reference of the policy that ships with Trackmark: every rule in words, and its text."""

from importlib import resources

from api.audit.policy import Condition, Rule
from api.audit.policy_text import load_policy
from lab.handbook.markdown import code, plain, table

HEAD = """# Decision rules

The policy that decides an audit unless a tenant puts another in force, or an audit brings its own. A rule
applies when all its conditions hold; of all rules that apply the most severe action wins; a field that was
not measured satisfies no comparison. How to write your own: [the decision](../explanation/decision.md).
Fields: [findings](findings.md).
"""
_WORDS = {
    "is": "is",
    "is_not": "is not",
    "one_of": "is one of",
    "at_least": "is at least",
    "at_most": "is at most",
}


def page() -> str:
    """Every rule of the default policy."""
    policy = load_policy()
    lines = [
        HEAD,
        f"Name and version: `{policy.name}` `{policy.version}`. Where no rule applies: "
        f"**{policy.otherwise}**."
        f" Where something was asked for and not answered: **{policy.unanswered}**, whatever else was found.",
        "",
    ]
    for rule in policy.rules:
        lines += _rule(rule)
    text = resources.files("api.audit").joinpath("default_policy.toml").read_text(encoding="utf-8")
    return "\n".join([*lines, "## The text", "", "```toml", text.rstrip(), "```", ""])


def _rule(rule: Rule) -> list[str]:
    conditions = "<br>".join(map(_condition, rule.when))
    rows = [
        ("action", f"**{rule.action}**"),
        ("when", (f"for each of {code(rule.each)}: " if rule.each else "") + conditions),
        ("says", plain(rule.says)),
        ("in force from", str(rule.in_force_from)),
        *([("in force until", str(rule.in_force_until))] if rule.in_force_until else []),
        ("source", plain(rule.source or "a rule of this product")),
        ("last compared with its source", str(rule.last_checked)),
    ]
    return [f"## {rule.id}", "", *table(("part", "of the rule"), rows)]


def _condition(one: Condition) -> str:
    if one.operator == "known":
        return f"{code(one.field)} is {'known' if one.value else 'not known'}"
    values = one.value if isinstance(one.value, list | tuple) else [one.value]
    return f"{code(one.field)} {_WORDS[one.operator]} {', '.join(code(_value(value)) for value in values)}"


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
