"""Policies: dated rules over findings."""

from datetime import date
from pathlib import Path

import pytest

from api.audit.policy_text import PolicyError, load_policy, parse_policy

HEAD = '[policy]\nname = "p"\nversion = "1"\n'
RULE = """
[[rule]]
id = "loud"
action = "review"
says = "level {ai.score} of {file}"
in_force_from = 2026-01-01
in_force_until = 2026-12-31
last_checked = 2026-01-01
when = [{ field = "ai.score", at_least = 0.5 }]
"""
DAY = date(2026, 6, 1)


def test_a_rule_fires_with_its_values_in_the_text() -> None:
    policy = parse_policy((HEAD + RULE).encode())
    decision = policy.decide({"ai": {"score": 0.75}, "file": "{ai.score}"}, on=DAY)
    assert decision.action == "review"
    assert decision.rules[0].text == "level 0.75 of {ai.score}", "values are not expanded again"


@pytest.mark.parametrize("level", [None, "0.9", True, 0.4999])
def test_what_was_not_measured_fires_nothing(level: object) -> None:
    policy = parse_policy((HEAD + RULE).encode())
    assert policy.decide({"ai": {"score": level}}, on=DAY).rules == ()
    assert policy.decide({}, on=DAY).action == "accept"


@pytest.mark.parametrize(
    ("day", "fires"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ],
)
def test_a_rule_holds_between_its_days(day: date, fires: bool) -> None:
    policy = parse_policy((HEAD + RULE).encode())
    assert bool(policy.decide({"ai": {"score": 1}}, on=day).rules) is fires


def test_the_most_severe_action_wins() -> None:
    harder = RULE.replace("loud", "louder").replace("review", "reject")
    policy = parse_policy((HEAD + harder + RULE).encode())
    decision = policy.decide({"ai": {"score": 1}}, on=DAY)
    assert decision.action == "reject"
    assert [rule.rule for rule in decision.rules] == ["louder", "loud"]


def test_a_rule_on_a_list_asks_all_its_conditions_of_one_element() -> None:
    rule = (
        RULE.replace("when =", 'each = "voice.artists"\nwhen =')
        .replace("ai.score", "clone_score")
        .replace("at_least = 0.5 }", 'at_least = 0.5 }, { field = "name", is = "b" }')
    )
    policy = parse_policy((HEAD + rule).encode())
    split = {"voice": {"artists": [{"clone_score": 1.0, "name": "a"}, {"clone_score": 0.1, "name": "b"}]}}
    assert policy.decide(split, on=DAY).rules == ()
    joined = {"voice": {"artists": [{"clone_score": 1.0, "name": "b"}, {"clone_score": 0.7, "name": "b"}]}}
    assert len(policy.decide(joined, on=DAY).rules) == 2


@pytest.mark.parametrize(
    ("condition", "found", "holds"),
    [
        ('is = "a"', "a", True),
        ('is_not = "a"', "b", True),
        ('is_not = "a"', None, False),
        ('one_of = ["a", "b"]', "b", True),
        ("at_most = 2", 2, True),
        ("at_most = 2", 3, False),
        ("known = false", None, True),
        ("known = false", "x", False),
        ("known = true", "x", True),
    ],
)
def test_operators(condition: str, found: object, holds: bool) -> None:
    policy = parse_policy((HEAD + RULE.replace("at_least = 0.5", condition)).encode())
    assert bool(policy.decide({"ai": {"score": found}}, on=DAY).rules) is holds


@pytest.mark.parametrize(
    "text",
    [
        "not toml [",
        "[policy]\nname = 'p'\n",
        HEAD + RULE.replace('says = "level {ai.score} of {file}"\n', ""),
        HEAD + RULE.replace('"review"', '"shred"'),
        HEAD + RULE.replace("at_least", "about"),
        HEAD + RULE.replace("at_least = 0.5", 'at_least = "high"'),
        HEAD + RULE.replace("at_least = 0.5", "one_of = 3"),
        HEAD + RULE.replace("at_least = 0.5", "at_least = 0.5, at_most = 1"),
        HEAD + RULE.replace('[{ field = "ai.score", at_least = 0.5 }]', "[]"),
        HEAD + RULE.replace("in_force_from = 2026-01-01", 'in_force_from = "soon"'),
        HEAD + RULE + RULE,
        "\xff\xfe",
    ],
)
def test_a_broken_policy_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text.encode("latin-1"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot read"):
        load_policy(tmp_path / "none.toml")


def test_the_default_policy_is_dated_and_says_when_it_grows_old() -> None:
    policy = load_policy()
    assert len(policy.rules) >= 8
    assert policy.stale(on=max(rule.last_checked for rule in policy.rules)) == ()
    assert len(policy.stale(on=date(2030, 1, 1))) == len(policy.rules)
    assert len(policy.sha256) == 64


def test_no_score_alone_rejects_by_default() -> None:
    for rule in load_policy().rules:
        if any(c.field.startswith(("ai.", "voice.")) or c.field == "clone_score" for c in rule.when):
            assert rule.action == "review", rule.id


def test_the_limits_are_listed_for_the_report() -> None:
    assert load_policy().thresholds() == {
        "traces-beyond-what-is-declared": {"ownership.undeclared_s at_least": 10},
        "voice-clone-without-consent": {"clone_score at_least": 0.55},
    }


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "[[rule]]\nid = 'a'",
        "rule = 5\n" + HEAD,
        "rule = [1]\n" + HEAD,
        "rule = {}\n" + HEAD,
        *(
            HEAD + RULE.replace('when = [{ field = "ai.score", at_least = 0.5 }]', flaw)
            for flaw in ("when = 5", "when = [5]", "when = 'text'", "when = {}", "when = [{ field = 'a' }]")
        ),
        HEAD + RULE + "each = 5",
        HEAD + RULE + "source = 5",
    ],
)
def test_a_rule_of_the_wrong_shape_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text.encode())
