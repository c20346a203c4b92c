"""Policies that are no policies: each is refused with words, before anything is analysed."""

from typing import Any

import pytest

from api.audit.policy_text import MAX_BYTES, PolicyError, load_policy, parse_policy
from tests.api.serving import GOOD, serve

HEAD = '[policy]\nname = "a"\nversion = "1"\n'
DATES = "in_force_from = 2026-01-01\nlast_checked = 2026-01-01\n"
RULE = f"""[[rule]]
id = "r"
action = "review"
says = "s"
{DATES}when = [{{ field = "ai.score", at_least = 0.5 }}]
"""


def with_rule(old: str, new: str) -> str:
    assert old in RULE
    return HEAD + RULE.replace(old, new)


BAD = {
    "deep list": "a=" + "[" * 500,
    "closed deep list": "a=" + "[" * 500 + "]" * 500,
    "deep table": "a=" + "{a=" * 500 + "1" + "}" * 500,
    "dotted header": "[" + "a." * 20_000 + "a]",
    "dotted key": "a." * 20_000 + "a = 1",
    "spaced dots": "[" + "a . " * 10_000 + "a]",
    "quoted dots": '["a"' + '."a"' * 10_000 + "]",
    "dotted inside a table": "x = {" + "a." * 10_000 + "a = 1}",
    "large": HEAD + "# " + "x" * MAX_BYTES + "\n" + RULE,
    "long number": HEAD + "x = " + "9" * 5000,
    "long number with lines": HEAD + "x = " + "9_" * 2500 + "9",
    "long hexadecimal": HEAD + "x = 0x" + "f" * 5000,
    "long float": HEAD + "x = 1e" + "9" * 300,
    "infinite": with_rule("0.5", "inf"),
    "no number": with_rule("0.5", "nan"),
    "large number": with_rule("0.5", "9007199254740993"),
    "rule is a number": "rule = 5\n" + HEAD,
    "rule is a list of numbers": "rule = [1]\n" + HEAD,
    "rule is a table": HEAD + "[rule]\nid = 'a'",
    "rule is a text": "rule = 'abc'\n" + HEAD,
    "when is a number": with_rule('[{ field = "ai.score", at_least = 0.5 }]', "5"),
    "when is a table": with_rule('[{ field = "ai.score", at_least = 0.5 }]', '{ field = "a", is = 1 }'),
    "when is a list of numbers": with_rule('[{ field = "ai.score", at_least = 0.5 }]', "[1]"),
    "when is a text": with_rule('[{ field = "ai.score", at_least = 0.5 }]', '"field"'),
    "when is empty": with_rule('[{ field = "ai.score", at_least = 0.5 }]', "[]"),
    "each is a number": with_rule('id = "r"', 'id = "r"\neach = 5'),
    "each is a list": with_rule('id = "r"', 'id = "r"\neach = ["a"]'),
    "id is a number": with_rule('id = "r"', "id = 5"),
    "says is a list": with_rule('says = "s"', "says = []"),
    "source is a table": with_rule('id = "r"', 'id = "r"\nsource = {}'),
    "action is a list": with_rule('"review"', "[]"),
    "field is a number": with_rule('"ai.score"', "5"),
    "compared with a table": with_rule("at_least = 0.5", "is = {}"),
    "compared with a day": with_rule("at_least = 0.5", "is = 2026-01-01"),
    "compared with a list of lists": with_rule("at_least = 0.5", "one_of = [[]]"),
    "one of a text": with_rule("at_least = 0.5", 'one_of = "abc"'),
    "known is a text": with_rule("at_least = 0.5", 'known = "yes"'),
    "day is a moment": with_rule("in_force_from = 2026-01-01", "in_force_from = 2026-01-01T00:00:00Z"),
    "day is a text": with_rule("in_force_from = 2026-01-01", 'in_force_from = "2026-01-01"'),
    "no head": RULE,
    "head is a number": "policy = 5",
    "head is a list": "policy = []",
    "name is a table": "[policy]\nversion = '1'\n[policy.name]\n",
    "NUL": HEAD.replace('"a"', '"a\\u0000"'),
    "long text": with_rule('says = "s"', f'says = "{"x" * 3000}"'),
    "many rules": HEAD + "".join(RULE.replace('"r"', f'"r{n}"') for n in range(300)),
    "many conditions": with_rule('{ field = "ai.score", at_least = 0.5 }', "{ field = 'a', is = 1 }," * 300),
    "unclosed text": HEAD + 'x = """' + '"' * 100,
    "not TOML": "{}",
    "null": "\x00",
}


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_policy_is_refused_with_words(name: str) -> None:
    with pytest.raises(PolicyError, match=r"\w+ \w+ \w+"):
        parse_policy(BAD[name].encode())


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(PolicyError, match="not a TOML file"):
        parse_policy(b"\xff\xfe")


def test_good_policies_are_read() -> None:
    assert load_policy().rules
    assert parse_policy((HEAD + RULE).encode()).rules
    quoted = (
        HEAD.replace('"a"', "'''[[[[{{{{...................'''") + "# " + "[" * 99 + "." * 99 + "\n" + RULE
    )
    assert parse_policy(quoted.encode()).name.startswith("[[")
    escaped = HEAD.replace('"a"', '"a \\" [[[[[[[[[[ "')
    assert parse_policy((escaped + RULE).encode()).rules


def test_an_upload_with_a_malformed_policy_is_refused_before_any_analysis(tmp_path: Any) -> None:
    kinds = ("large", "rule is a number", "when is a text", "each is a number", "no number", "deep list")
    with serve(tmp_path, run_jobs=False) as client:
        for name in kinds:
            text = BAD[name]
            answer = client.post("/v1/audits", files={"file": ("a.wav", GOOD)}, data={"policy": text})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request"), name
            assert answer.json()["detail"].startswith("policy: "), name
        assert client.get("/v1/audits").json()["items"] == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[policy]\nname = 'a'\nversion == '1'\n", 3),
        ("[policy]\nname = 'a\n", 2),
        ("[policy]\nname = 'a'\nversion = '1'\nopen = [\n", 4),
        (with_rule('"review"', '"maybe"'), 6),
        (with_rule("last_checked = 2026-01-01", "last_checked = 'soon'"), 9),
        (with_rule("at_least = 0.5", "at_least = 'half'"), 10),
        (with_rule('says = "s"\n', ""), 4),
        (HEAD + RULE + RULE, 12),
        (HEAD + RULE + RULE.replace('"r"', '"q"').replace('"review"', "5"), 13),
        (HEAD + RULE.replace('says = "s"', 'says = """\n[[rule]]\n"""').replace('"review"', "5"), None),
        (HEAD + RULE.replace('says = "s"', 'says = """\naction = 1\n"""').replace('"review"', "5"), 4),
        ("rule = [{ id = 'a' }]\n" + HEAD, None),
        ("name = 'a'", None),
    ],
)
def test_the_line_is_named_where_it_is_certain(text: str, line: int | None) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(text.encode())
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("condition", "each", "said"),
    [
        ('field = "ai.scoer", at_least = 0.5', "", "no finding has a field ai.scoer"),
        ('field = "ai.evidence.kind", is = "comb"', "", "no finding has a field ai.evidence.kind"),
        ('field = "checks.music", is = "failed"', "", "no finding has a field checks.music"),
        ('field = "ai.verdict", is = "synthtic"', "", "never 'synthtic'"),
        ('field = "ownership.status", one_of = ["disputed", "contested"]', "", "never 'contested'"),
        ('field = "watermark.present", is = "yes"', "", "never 'yes'"),
        (
            'field = "ai.score", at_least = 0.5',
            "voice.artists",
            "no finding has a field ai.score in voice.artists",
        ),
        ('field = "name", is = "Ada"', "voice.singers", "no finding has a list voice.singers"),
        ('field = "name", is = "Ada"', "voice", "no finding has a list voice"),
    ],
)
def test_a_rule_that_could_never_apply_is_refused(condition: str, each: str, said: str) -> None:
    """What it was written to stop would pass in silence."""
    text = with_rule('field = "ai.score", at_least = 0.5', condition)
    text = text.replace('id = "r"', f'id = "r"\neach = "{each}"') if each else text
    with pytest.raises(PolicyError, match=r"is never|no finding has") as refused:
        parse_policy(text.encode())
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("condition", "each"),
    [
        ('field = "ownership.record.ai_involvement.overall", is = "None"', ""),
        ('field = "duration_s", at_least = 600', ""),
        ('field = "credentials.tags.says_ai", known = true', ""),
        ('field = "data.hz", at_least = 50', "ai.evidence"),
        ('field = "by_chance", at_most = 5.0', "originality.melody.nearest"),
        ('field = "objection", is = "revoked"', "ownership.tracks"),
    ],
)
def test_a_rule_may_ask_for_whatever_a_finding_has(condition: str, each: str) -> None:
    text = with_rule('field = "ai.score", at_least = 0.5', condition)
    text = text.replace('id = "r"', f'id = "r"\neach = "{each}"') if each else text
    assert parse_policy(text.encode()).rules
