"""Every combination of what an audit may find, and the action that it must lead to.

The expected action is stated here by a rule of its own, which knows nothing of the policy's file.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from itertools import combinations, product
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from api.audit.asked import ALL, NAMES, OPTIONAL
from api.audit.audit import audit_file
from api.audit.claims import MarkBeside, Objection, Ownership, OwnershipStatus, TrackHeard
from api.audit.decision import Action, Decision, Fired, Gap
from api.audit.findings import CredentialsFound, Outcome, Part, Search, Searched, TagsFound
from api.audit.heard import ArtistHeard, ConsentState, MusicFound, Verdict
from api.audit.json_form import as_json
from api.audit.policy import OPEN
from api.audit.policy_text import PolicyError, load_policy, parse_policy
from api.server.findings_schema import PARTS
from core.errors import TrackmarkError, WatermarkError
from provenance.records.involvement import LEVELS
from tests import fakes

ON = date(2026, 11, 29)
OWNED: dict[OwnershipStatus, Action] = {
    "match": "accept",
    "fingerprint_only": "accept",
    "credentials_only": "accept",
    "no_record": "accept",
    "not_checked": "accept",
    "disputed": "review",
    "record_revoked": "review",
    "mark_removed_or_unmarked": "review",
    "unknown_mark": "review",
    "mark_unconfirmed": "review",
    "transplant_suspected": "reject",
    "record_invalid": "reject",
}
HEARD: dict[Verdict, bool] = {"synthetic": True, "no_trace": False, "uncertain": False}
"""Whether a verdict says that there are traces of a machine."""
DECLARED: dict[str | None, bool] = {
    "All": True,
    "Partly": True,
    "None": False,
    "Undeclared": False,
    None: False,
}
"""Whether a record that says so declares AI; None: there is no record."""
CONSENTED: dict[ConsentState, bool] = {
    "active": True,
    "unclear": False,
    "other-scope": False,
    "revoked": False,
    "expired": False,
    "none": False,
}
OBJECTED: dict[Objection | None, bool] = {None: False, "disputed": True, "revoked": True, "invalid": True}
SEARCHED: dict[Search, bool] = {"quick": False, "full": False}
"""Whether a search of that kind is an open question: whoever asks for less gets an answer to less."""
ANSWERED: dict[Outcome, bool] = {"done": True, "skipped": True, "inconclusive": False, "failed": False}
AXES: dict[tuple[type, str], dict[Any, Any]] = {
    (Ownership, "status"): OWNED,
    (MusicFound, "verdict"): HEARD,
    (ArtistHeard, "consent"): CONSENTED,
    (TrackHeard, "objection"): OBJECTED,
    (Searched, "search"): SEARCHED,
}
"""Every field of the findings that has one of a few values, and what each of them means for the decision."""
CLONES: list[tuple[float, ConsentState]] = [(0.2, "none"), (0.54, "none")]
CLONES += [(0.55, consent) for consent in CONSENTED]
SAYS_AI = (True, False, None)
SOURCES = (None, "digitalCreation", "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
OUTCOMES = [row for row in product(get_args(Outcome), repeat=len(ALL)) if set(row) != {"skipped"}]
GAPS = [names for count in range(len(ALL) + 1) for names in combinations(ALL, count)]
GAPS += [OPTIONAL, ("music", *OPTIONAL)]  # beside few rows: it is a gap like the others


def expected(
    status: OwnershipStatus,
    declared: str | None,
    verdict: Verdict,
    clone: tuple[float, ConsentState],
    questions: bool,
) -> Action:
    """Nothing is accepted that was not measured, not declared or not consented to."""
    undeclared = HEARD[verdict] and not DECLARED[declared]
    copied = clone[0] >= 0.55 and not CONSENTED[clone[1]]
    asked = undeclared or copied or questions
    return "review" if OWNED[status] == "accept" and asked else OWNED[status]


def owned(status: OwnershipStatus, declared: str | None, **more: Any) -> Ownership:
    """Ownership of a record with this declaration."""
    record = None if declared is None else {"verified": True, "ai_involvement": {"overall": declared}}
    return Ownership(status, "said.", "00" * 8, record, **more)


def said(ownership: Ownership, verdict: Verdict = "no_trace", **parts: Any) -> dict[str, Any]:
    """Findings as an audit tells them."""
    return {
        "ownership": as_json(ownership),
        "ai": {"verdict": verdict, "score": 0.99, "p_value": 0.001},
        "voice": {"artists": []},
        "credentials": {"present": False, "record_known": None},
        "ai_declared": ownership.declares_ai,
        **parts,
    }


def closed(kind: Any, seen: set[type]) -> Iterator[tuple[type, str, frozenset[Any]]]:
    """Every field with one of a few values in a class of findings and in all that it holds."""
    if not is_dataclass(kind):
        for inner in get_args(kind):
            yield from closed(inner, seen)
        return
    if not isinstance(kind, type) or kind in seen:
        return
    seen.add(kind)
    for name, hint in get_type_hints(kind).items():
        if name in {field.name for field in fields(kind)}:
            values = [one for part in (hint, *get_args(hint)) for one in _values(part)]
            if values:
                yield kind, name, frozenset(values + [None] * (type(None) in get_args(hint)))
            yield from closed(hint, seen)


def _values(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) is Literal else ()


def test_the_table_has_a_row_for_every_value_that_the_code_knows() -> None:
    """A new status, verdict, consent or objection is no row of any table until somebody states its action."""
    seen: set[type] = set()
    found = {(kind, name): values for part in PARTS.values() for kind, name, values in closed(part, seen)}
    del found[Fired, "action"], found[Decision, "action"]  # what is decided, not what is found
    assert {field: frozenset(axis) for field, axis in AXES.items()} == found
    assert set(DECLARED) == {*LEVELS, None}
    assert set(ANSWERED) == set(get_args(Outcome))
    assert set(OPEN) == {"decode", "tags", "artists", *NAMES}, "every open question has its words"


def test_every_field_that_a_rule_reads_is_walked_by_a_table() -> None:
    """A rule that fires in no table is one that nobody knows to work."""
    walked: set[str] = set()
    for objection, known, others in product(OBJECTED, (True, False), (True, False)):
        track = TrackHeard("00" * 8, "T", (), (), "1-2 s", 0.0, 1.0, others, objection)
        beside = MarkBeside("11" * 8, known, "1-2 s")
        for status, declared in product(OWNED, DECLARED):
            found = owned(status, declared, tracks=(track,), marks=(beside,), undeclared_s=10.0)
            parts = {
                "voice": {"artists": [{"name": "Ada", "clone_score": 0.55, "consent": "none"}]},
                "watermark": {"searched": {"left_out": [{"start_s": 0.0, "end_s": 1.0}]}},
            }
            walked |= {rule.rule for rule in decided(said(found, "synthetic", **parts)).rules}
    for seen in CREDENTIALS:
        walked |= {rule.rule for rule in decided(said(owned("match", "None"), credentials=seen)).rules}
    unsigned = {**as_json(owned("match", "None")), "record": {"log_signed": False}}
    walked |= {rule.rule for rule in decided({**said(owned("match", "None")), "ownership": unsigned}).rules}
    assert walked == {rule.id for rule in load_policy().rules}


def decided(findings: dict[str, Any], *gaps: Gap) -> Decision:
    """What the default policy makes of it."""
    return load_policy().decide(findings, on=ON, unanswered=gaps)


@pytest.mark.parametrize("status", OWNED)
def test_every_combination_has_its_action(status: OwnershipStatus) -> None:
    assert load_policy().clone_threshold(on=ON) == 0.55
    for declared, verdict, clone, gaps, cut in product(DECLARED, HEARD, CLONES, GAPS, (False, True)):
        missing = [Gap(name, "inconclusive", "too short") for name in gaps]
        if cut:
            missing.insert(0, Gap("decode", "partly", "cut"))
        voices = {"artists": [{"name": "Ada", "clone_score": clone[0], "consent": clone[1]}]}
        decision = decided(said(owned(status, declared), verdict, voice=voices), *missing)
        told = (status, declared, verdict, clone, bool(missing))
        assert decision.action == expected(*told), told
        if cut:
            assert decision.rules[0].rule == "check-partly", "what is missing is said first"
        elif gaps:
            assert decision.rules[0].rule == "check-inconclusive"


@pytest.mark.parametrize("status", OWNED)
def test_what_a_part_of_the_file_holds_decides_too(status: OwnershipStatus) -> None:
    """Tracks and marks beside that of the statement, what nothing declares, a search that ended early."""
    marks: tuple[tuple[MarkBeside, ...], ...] = ((), (MarkBeside("11" * 8, True, "1-2 s"),))
    marks += ((MarkBeside("11" * 8, False, "1-2 s"),),)
    beyond = (None, 0.0, 9.9, 10.0)
    axes = (DECLARED, HEARD, OBJECTED, (True, False), marks, beyond, SEARCHED, (True, False))
    for declared, verdict, objection, others, mark, outside, search, ended in product(*axes):
        track = TrackHeard("00" * 8, "T", (), (), "1-2 s", 0.0, 1.0, others, objection)
        found = owned(status, declared, tracks=(track,), marks=mark, undeclared_s=outside)
        left = (Part(0.0, 1.0),) if ended else ()
        looked = {"searched": as_json(Searched(search, (), left))}
        action = decided(said(found, verdict, watermark=looked)).action
        unclear = OBJECTED[objection] or others or bool(mark) or ended or SEARCHED[search]
        unclear |= HEARD[verdict] and outside == 10.0
        told = (status, declared, verdict, objection, others, mark, outside, search, ended)
        assert action == expected(status, declared, verdict, CLONES[0], unclear), told


CREDENTIALS = [
    {"present": True, "record_id": "22" * 8, "digital_source_type": source, "tags": {"says_ai": says}}
    | dict(zip(("trusted", "content_bound", "valid"), facts, strict=True))
    | {"record_known": known, "record_heard": heard}
    for source in SOURCES
    for says in SAYS_AI
    for facts in product((True, False), repeat=3)
    for known, heard in ((None, None), *product((True, False), (True, False, None)))
]


@pytest.mark.parametrize("status", OWNED)
def test_credentials_ask_for_a_person_or_change_nothing(status: OwnershipStatus) -> None:
    for declared, seen in product(DECLARED, CREDENTIALS):
        labelled = seen["tags"]["says_ai"] is True or seen["digital_source_type"] in SOURCES[2:]  # type: ignore[index]  # a table
        broken = not seen["content_bound"] or not seen["valid"]
        elsewhere = seen["trusted"] and (seen["record_known"] is False or seen["record_heard"] is False)
        unclear = (labelled and not DECLARED[declared]) or broken or elsewhere
        action = decided(said(owned(status, declared), credentials=seen)).action
        assert action == expected(status, declared, "no_trace", CLONES[0], bool(unclear)), (declared, seen)


@pytest.mark.parametrize("status", OWNED)
def test_what_a_file_says_of_itself_asks_for_a_person_or_changes_nothing(status: OwnershipStatus) -> None:
    """Labels, signed or not, never make a file more acceptable; AI that no record declares is looked at."""
    for declared, says_ai, source, unread in product(DECLARED, SAYS_AI, SOURCES, (False, True)):
        gaps = [Gap("tags", "unread", "broken")] if unread else []
        tags = TagsFound(says_ai=says_ai, record_id="00" * 8)
        seen = as_json(CredentialsFound(digital_source_type=source, tags=tags))
        decision = decided(said(owned(status, declared), credentials=seen), *gaps)
        told = (status, declared, says_ai, source, unread)
        labelled = says_ai is True or source in SOURCES[2:]
        hidden = labelled and not DECLARED[declared]
        assert decision.action == expected(status, declared, "no_trace", CLONES[0], hidden or unread), told
        fired = {rule.rule for rule in decision.rules}
        assert ("tags-say-ai" in fired) is (says_ai is True and hidden), told
        assert ("credentials-say-ai" in fired) is (source in SOURCES[2:] and hidden), told


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
