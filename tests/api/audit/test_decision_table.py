"""Every combination of what an audit may find, and the action that it must lead to.

The expected action is stated here by a rule of its own, which knows nothing of the policy's file.
"""

from dataclasses import replace
from datetime import date
from itertools import combinations, product
from typing import Any, get_args

import pytest

from api.audit.again import decide_again
from api.audit.asked import ALL, OPTIONAL
from api.audit.audit import audit_file
from api.audit.claims import Ownership, OwnershipStatus
from api.audit.decision import Gap
from api.audit.findings import CredentialsFound, Outcome, TagsFound
from api.audit.json_form import as_json
from api.audit.policy_text import PolicyError, load_policy, parse_policy
from core.errors import TrackmarkError, WatermarkError
from provenance.credentials import own_tags
from provenance.credentials.findings import Credentials
from tests import fakes

ON = date(2026, 11, 28)
DECLARATIONS = ("All", "Partly", "None", "Undeclared", None)
VERDICTS = ("synthetic", "no_trace", "uncertain")
CLONES = (
    (0.2, "none"),
    (0.54, "none"),
    (0.55, "none"),
    (0.55, "expired"),
    (0.55, "revoked"),
    (0.55, "other-scope"),
    (0.55, "active"),
)
REJECTED = {"transplant_suspected", "record_invalid"}
REVIEWED = {
    "disputed",
    "record_revoked",
    "mark_removed_or_unmarked",
    "unknown_mark",
    "mark_unconfirmed",
}
SAYS_AI = (True, False, None)
SOURCES = (None, "digitalCreation", "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
OUTCOMES = [row for row in product(get_args(Outcome), repeat=len(ALL)) if set(row) != {"skipped"}]
GAPS = [names for count in range(len(ALL) + 1) for names in combinations(ALL, count)]
GAPS += [OPTIONAL, ("music", *OPTIONAL)]  # beside few rows: it is a gap like the others


def expected(
    status: str,
    declared: str | None,
    verdict: str,
    clone: tuple[float, str],
    gaps: tuple[str, ...],
    cut: bool,
) -> str:
    """Nothing is accepted that was not measured, not declared or not consented to."""
    if status in REJECTED:
        return "reject"
    undeclared = verdict == "synthetic" and declared not in ("All", "Partly")
    copied = clone[0] >= 0.55 and clone[1] != "active"
    return "review" if status in REVIEWED or undeclared or copied or gaps or cut else "accept"


@pytest.mark.parametrize("status", get_args(OwnershipStatus))
def test_every_combination_has_its_action(status: str) -> None:
    policy = load_policy()
    assert policy.clone_threshold(on=ON) == 0.55
    for declared, verdict, clone, gaps, cut in product(DECLARATIONS, VERDICTS, CLONES, GAPS, (False, True)):
        record = None if declared is None else {"verified": True, "ai_involvement": {"overall": declared}}
        ownership = Ownership(status, "said.", "00" * 8, record)  # type: ignore[arg-type]  # one of its values
        missing = [Gap(name, "inconclusive", "too short") for name in gaps]
        if cut:
            missing.insert(0, Gap("decode", "partly", "cut"))
        findings = {
            "ownership": as_json(ownership),
            "ai": {"verdict": verdict, "score": 0.99, "p_value": 0.001},
            "voice": {"artists": [{"name": "Ada", "clone_score": clone[0], "consent": clone[1]}]},
            "credentials": {"present": False, "record_known": None},
            "ai_declared": ownership.declares_ai,
        }
        decision = policy.decide(findings, on=ON, unanswered=missing)
        told = (status, declared, verdict, clone, gaps, cut)
        assert decision.action == expected(*told), told
        if cut:
            assert decision.rules[0].rule == "check-partly", "what is missing is said first"
        elif gaps:
            assert decision.rules[0].rule == "check-inconclusive"


@pytest.mark.parametrize("status", get_args(OwnershipStatus))
def test_what_a_file_says_of_itself_asks_for_a_person_or_changes_nothing(status: str) -> None:
    """Labels, signed or not, never make a file more acceptable; AI that no record declares is looked at."""
    policy = load_policy()
    for declared, says_ai, source, unread in product(DECLARATIONS, SAYS_AI, SOURCES, (False, True)):
        record = None if declared is None else {"verified": True, "ai_involvement": {"overall": declared}}
        ownership = Ownership(status, "said.", "00" * 8, record)  # type: ignore[arg-type]  # one of its values
        gaps = [Gap("tags", "unread", "broken")] if unread else []
        tags = TagsFound(says_ai=says_ai, record_id="00" * 8)
        findings = {
            "ownership": as_json(ownership),
            "ai": {"verdict": "no_trace", "score": 0.2, "p_value": 0.5},
            "voice": {"artists": []},
            "credentials": as_json(CredentialsFound(digital_source_type=source, tags=tags)),
            "ai_declared": ownership.declares_ai,
        }
        decision = policy.decide(findings, on=ON, unanswered=gaps)
        told = (status, declared, says_ai, source, unread)
        labelled = says_ai is True or source in SOURCES[2:]
        hidden = labelled and declared not in ("All", "Partly")
        silent = expected(status, declared, "no_trace", CLONES[0], (), cut=False)
        assert decision.action == (silent if silent == "reject" or not (hidden or unread) else "review"), told
        fired = {rule.rule for rule in decision.rules}
        assert ("tags-say-ai" in fired) is (says_ai is True and hidden), told
        assert ("credentials-say-ai" in fired) is (source in SOURCES[2:] and hidden), told


@pytest.mark.parametrize(
    ("declared", "rules"),
    [("None", ["tags-say-ai"]), ("Undeclared", ["tags-say-ai"]), ("All", []), ("Partly", [])],
)
def test_tags_that_contradict_the_declaration_are_reviewed(declared: str, rules: list[str]) -> None:
    """Whoever reads them: our reader, or the demuxer, which knows containers that ours does not."""
    record = fakes.claims(ai_involvement={"overall": declared, "roles": {}})
    said = Credentials(False, tags=own_tags.said([("AIGC", '{"Label": "1"}')]))
    whole = fakes.clip()
    demuxed = replace(whole, source=replace(whole.source, tags=(("comment", "made with suno; id=1"),)))
    for answers in ({"credentials": said}, {"audio": demuxed}):
        result = audit_file(
            fakes.PATH,
            registry=fakes.Registry({fakes.RECORD: record}, matches=[fakes.match(fakes.RECORD)]),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
            settings=fakes.SETTINGS,
            engines=fakes.engines(detection=fakes.marked(), **answers),
            today=ON,
        )
        assert [rule.rule for rule in result.decision.rules] == rules
        assert result.findings.ownership.status == "match"


def test_tags_name_a_record_and_nobody_takes_their_word_for_it() -> None:
    tags = own_tags.said([("TRACKMARK_RECORD", fakes.RECORD), ("AI_INVOLVEMENT", "None")])
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=fakes.engines(credentials=Credentials(False, tags=tags)),
        today=ON,
    )
    assert result.findings.ownership.status == "no_record"
    assert fakes.RECORD not in result.findings.named


@pytest.mark.parametrize("outcomes", OUTCOMES, ids="-".join)
def test_what_was_asked_and_not_answered_is_reviewed(outcomes: tuple[str, ...]) -> None:
    """`skipped` is the caller's own wish; `failed` and `inconclusive` are open questions."""
    broken: dict[str, Exception] = {
        "failed": TrackmarkError("broke"),
        "inconclusive": WatermarkError("plain"),
    }
    wish = dict(zip(ALL, outcomes, strict=True))
    answers: dict[str, Any] = {}
    if wish["watermark"] in broken:
        answers["detection"] = broken[wish["watermark"]]
    if wish["credentials"] in broken:
        wish["credentials"] = "failed"  # a file can always be asked for credentials
        answers["credentials"] = broken["failed"]
    if wish["fingerprint"] == "failed":
        answers["hashes"] = broken["failed"]
    elif wish["fingerprint"] == "inconclusive":
        answers["hashes"] = ()
    if wish["music"] == "failed":
        answers["music"] = broken["failed"]
    elif wish["music"] == "inconclusive":
        answers["music"] = fakes.music(None, None, None, "uncertain", reason="shorter than 1 s")
    if wish["voice"] == "failed":
        answers["voice"] = broken["failed"]
    elif wish["voice"] == "inconclusive":
        answers["voice"] = fakes.voice(True, None, reason="only 0.4 s of voice")
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=fakes.engines(**answers),
        checks=[name for name in ALL if wish[name] != "skipped"],
        today=ON,
    )
    assert result.findings.checks() == {**wish, **dict.fromkeys(OPTIONAL, "skipped")}
    open_checks = [name for name in ALL if wish[name] in broken]
    assert result.decision.action == ("review" if open_checks else "accept")
    assert [rule.rule for rule in result.decision.rules] == [f"check-{wish[name]}" for name in open_checks]


def test_a_policy_of_ones_own_fails_closed_too() -> None:
    own = '[policy]\nname = "p"\nversion = "1"\n'
    gap = [Gap("music", "failed", "broke")]
    assert parse_policy(own.encode()).decide({}, on=ON, unanswered=gap).action == "review"
    assert (
        parse_policy((own + 'unanswered = "reject"\n').encode()).decide({}, on=ON, unanswered=gap).action
        == "reject"
    )
    assert parse_policy(own.encode()).decide({}, on=ON).action == "accept"


@pytest.mark.parametrize(
    ("found", "rule"),
    [
        ({"trusted": True, "valid": True, "content_bound": True}, "credentials-name-an-unknown-record"),
        ({"trusted": True, "valid": False, "content_bound": True}, "credentials-faulty"),
        ({"trusted": False, "valid": True, "content_bound": False}, "credentials-tampered"),
    ],
)
def test_credentials_that_ask_for_a_person(found: dict[str, Any], rule: str) -> None:
    credentials = fakes.credentials(record_id=fakes.OTHER, **found)
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=fakes.engines(credentials=credentials),
        today=ON,
    )
    assert result.decision.action == "review"
    assert rule in [fired.rule for fired in result.decision.rules]


def test_an_audit_that_asks_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one check"):
        audit_file(
            fakes.PATH,
            registry=fakes.Registry(),  # type: ignore[arg-type]  # never asked
            settings=fakes.SETTINGS,
            checks=(),
        )


def test_what_is_missing_of_the_audio_is_told_with_how_it_is_known() -> None:
    whole = fakes.clip()
    cut = replace(whole, source=replace(whole.source, truncated=True, reasons=("pages are missing",)))
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=fakes.engines(audio=cut, detection=WatermarkError("too plain")),
        today=ON,
    )
    assert [rule.rule for rule in result.decision.rules] == ["check-partly", "check-inconclusive"]
    assert "pages are missing" in result.decision.rules[0].text
    assert result.decision.rules[1].text == "The watermark could not be looked for: too plain."
    assert any("pages are missing" in warning for warning in result.warnings)


@pytest.mark.parametrize("count", [1, 3])
def test_audio_tracks_that_nobody_heard_ask_for_a_person(count: int) -> None:
    whole = fakes.clip()
    result = audit_file(
        fakes.PATH,
        registry=fakes.Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=fakes.engines(audio=replace(whole, source=replace(whole.source, more_audio=count))),
        today=ON,
    )
    assert result.decision.action == "review"
    assert [rule.rule for rule in result.decision.rules] == ["check-partly"]
    assert f"{count} more audio track" in result.decision.rules[0].text
    assert any("only the first was audited" in warning for warning in result.warnings)
    told = result.to_dict()
    assert told["media"]["more_audio"] == count
    again = decide_again(told, load_policy(), on=ON)
    assert (again.action, [rule.rule for rule in again.rules]) == ("review", ["check-partly"])


@pytest.mark.parametrize("condition", ['is = "bona_fide"', 'one_of = ["bona_fide", "synthetic"]'])
def test_a_policy_that_waits_for_a_former_verdict_is_refused(condition: str) -> None:
    rule = f"""[policy]
name = "p"
version = "1"
[[rule]]
id = "r"
action = "review"
says = "s"
in_force_from = 2026-01-01
last_checked = 2026-01-01
when = [{{ field = "ai.verdict", {condition} }}]
"""
    with pytest.raises(PolicyError, match="no_trace"):
        parse_policy(rule.encode())
