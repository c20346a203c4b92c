"""What an audit found is enough to decide it again: by the same policy alike, by another one otherwise."""

import json
from datetime import date

import pytest

from api.audit.again import decide_again
from api.audit.audit import audit_file
from api.audit.policy_text import load_policy, parse_policy
from tests import fakes
from tests.api.audit.test_json_form import AUDITS, audited

ON = date(2026, 11, 28)
HEAD = b'[policy]\nname = "p"\nversion = "1"\n'
RULE = b"""
[[rule]]
id = "%b"
action = "%b"
says = "because"
in_force_from = 2026-01-01
last_checked = 2026-11-28
%b
when = [%b]
"""


@pytest.mark.parametrize("name", AUDITS)
def test_the_same_policy_decides_alike(name: str) -> None:
    result = json.loads(json.dumps(audited(**AUDITS[name])))
    again = decide_again(result, load_policy(), on=ON)
    assert again.action == result["decision"]["action"]
    assert [fired.rule for fired in again.rules] == [fired["rule"] for fired in result["decision"]["rules"]]


def test_some_of_them_are_decided_by_every_kind_of_fact() -> None:
    fired = {rule["rule"] for name in AUDITS for rule in audited(**AUDITS[name])["decision"]["rules"]}
    assert {"check-failed", "check-partly", "check-unread", "check-inconclusive", "disputed"} <= fired


def test_the_limit_of_a_clone_is_the_new_policys() -> None:
    result = audited(**AUDITS["everything"])
    (artist,) = result["voice"]["artists"]
    score = artist["clone_score"]
    suspected = b'{ field = "suspected", is = true }'
    for limit, action in ((score - 0.01, "reject"), (min(1.0, score + 0.01), "accept")):
        limited = b'{ field = "clone_score", at_least = %b }' % str(limit).encode()
        each = b'each = "voice.artists"'
        text = (
            HEAD + RULE % (b"clone", b"reject", each, limited) + RULE % (b"said", b"review", each, suspected)
        )
        decision = decide_again(result, parse_policy(text), on=ON)
        assert decision.action == action, limit
        assert [one.rule for one in decision.rules] == (["clone", "said"] if action == "reject" else [])
        assert (decision.policy, decision.policy_sha256) == ("p 1", parse_policy(text).sha256)


def test_a_declaration_counts_only_of_a_record_that_verifies() -> None:
    declared = parse_policy(HEAD + RULE % (b"ai", b"review", b"", b"{ field = 'ai_declared', is = true }"))
    record = {"verified": True, "ai_involvement": {"overall": "Partly"}}
    for verified, action in ((True, "review"), (False, "accept")):
        result = {"ownership": {"record": {**record, "verified": verified}}}
        assert decide_again(result, declared, on=ON).action == action


def test_what_an_earlier_release_did_not_tell_was_not_measured() -> None:
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry({}),  # type: ignore[arg-type]  # a fake
        settings=fakes.SETTINGS,
        engines=fakes.engines(),
        today=ON,
    ).to_dict()
    assert decide_again({"decision": result["decision"]}, load_policy(), on=ON).rules == ()
