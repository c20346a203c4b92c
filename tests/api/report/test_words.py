"""Words about findings: they say no more than was found."""

import json
import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from api.audit.claims import OwnershipStatus
from api.audit.findings import NOT_ASKED, NotRun
from api.audit.policy_text import load_policy
from api.report import words
from api.report.steps import steps
from api.report.words.told import OUTCOMES
from api.server import schemas
from api.server.pages import timeline

AUDITS = Path(__file__).parents[1] / "audit" / "audits.json"
COMFORT = re.compile(
    r"human-made|made by (a )?(human|people|person)|genuine|bona.?fide|authentic|no clone found"
    r"|declared.human|looks? (human|machine-made)|trusted party",
    re.I,
)


def ai(verdict: str, **changes: Any) -> dict[str, Any]:
    return {
        "score": 0.1,
        "p_value": 0.4,
        "verdict": verdict,
        "reason": None,
        "misses": [{"condition": "after a change of tempo or pitch", "share": 0.63}],
        **changes,
    }


@pytest.mark.parametrize("verdict", ["synthetic", "no_trace", "bona_fide", "uncertain"])
def test_no_verdict_on_music_is_put_as_proof_of_a_person(verdict: str) -> None:
    said = words.music(ai(verdict))
    for text in (said.answer, said.text, words.music_line(ai(verdict))):
        assert not COMFORT.search(text)


def test_no_trace_tells_how_often_generators_leave_none() -> None:
    said = words.music(ai("no_trace"))
    assert "says nothing of who made" in said.text
    assert "63 % after a change of tempo or pitch" in said.text
    assert said.tone == "neutral"
    counted = [{"condition": "after a change of tempo or pitch", "share": 0.63, "count": 89}]
    assert (
        "63 % of 89 recordings after a change of tempo or pitch"
        in words.music(ai("no_trace", misses=counted)).text
    )


def test_what_was_not_measured_is_called_so() -> None:
    silent = ai("uncertain", score=None, p_value=None, reason="silent", misses=[])
    assert words.music(silent).answer == "Not measured"
    assert words.music_line(silent) == "not measured: silent"


def voice(score: float | None = 0.5, artists: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"has_voice": True, "synthetic_score": score, "artists": artists, "reason": "too little"}


def artist(suspected: bool, consent: str) -> dict[str, Any]:
    return {
        "name": "Ada",
        "similarity": 4.0,
        "clone_score": 0.999,
        "suspected": suspected,
        "consent": consent,
    }


@pytest.mark.parametrize(
    ("suspected", "consent", "answer", "tone"),
    [
        (True, "none", "Clone suspected", "bad"),
        (True, "expired", "Clone suspected", "bad"),
        (True, "active", "Clone suspected, consent on file", "neutral"),
        (False, "none", "No clone established", "neutral"),
    ],
)
def test_a_clone_is_what_the_policy_calls_one(suspected: bool, consent: str, answer: str, tone: str) -> None:
    said = words.voice(voice(artists=(artist(suspected, consent),)))
    assert (said.answer, said.tone) == (answer, tone)
    assert "1.00" not in words.voice_line(voice(artists=(artist(suspected, consent),)))


def test_vocals_that_gave_no_answer_are_no_all_clear() -> None:
    for found in (voice(None), {**voice(None), "has_voice": None}):
        assert words.voice(found).answer == "Not measured"
        assert words.voice_line(found).startswith("not measured")


def test_a_comparison_tells_its_error_rates() -> None:
    rate = {"condition": "in speech", "clones_called": 0.063, "genuine_called_at_most": 0.019}
    found = {**voice(artists=(artist(False, "none"),)), "error_rates": [rate]}
    told = dict(words.voice(found).facts)["Measured error rates"]
    assert "in speech, 6\u00a0% of copies are found" in told and "at most 2\u00a0%" in told
    assert told in words.voice_line(found) and "tried" not in told  # a report of an earlier release
    counted = {**found, "error_rates": [{**rate, "clones": 182, "genuine": 62}]}
    assert (
        "(182 copies and 62 own recordings tried)" in dict(words.voice(counted).facts)["Measured error rates"]
    )
    assert "Measured error rates" not in dict(words.voice(voice(artists=(artist(False, "none"),))).facts)


def test_credentials_are_valid_only_where_everything_holds() -> None:
    names = ("signature_valid", "content_bound", "valid", "trusted")
    for values in product((False, True), repeat=len(names)):
        found = {
            "present": True,
            "record_id": None,
            "record_known": None,
            **dict(zip(names, values, strict=True)),
        }
        assert (words.credentials(found).answer == "Valid") is all(values)
        assert (words.credentials(found).tone == "good") is all(values)
    unknown = {**dict.fromkeys(names, True), "present": True, "record_id": "ab" * 8, "record_known": False}
    assert words.credentials(unknown).tone == "warn"


@pytest.mark.parametrize("says_ai", [True, False, None])
@pytest.mark.parametrize("present", [True, False])
def test_what_tags_say_is_told_as_what_anybody_can_write(present: bool, says_ai: bool | None) -> None:
    names = ("signature_valid", "content_bound", "valid", "trusted")
    silent = {**dict.fromkeys(names, True), "present": present, "record_known": None, "signer": "L"}
    statements = [{"name": f"AI_{number}", "text": "All"} for number in range(20)]
    said = {**silent, "tags": {"says_ai": says_ai, "statements": statements, "left_out": 3}}
    told, before = words.credentials(said), words.credentials(silent)
    assert (told.answer, told.tone) == (before.answer, before.tone), "tags make nothing better"
    assert ("which anybody can write" in told.text) is (says_ai is not None)
    assert ("that AI was used" in told.text) is (says_ai is True)
    assert dict(told.facts)["Its own tags, not shown"] == str(20 - 8 + 3)
    line = words.credentials_line(said, "done")
    assert ("which anybody can write" in line) is (says_ai is not None)
    assert not COMFORT.search(f"{told.text} {line}")
    unread = words.credentials({**silent, "tags": {"says_ai": None, "unreadable": "broken"}})
    assert "could not all be read" in unread.text


def test_every_status_of_ownership_has_a_name_that_accuses_nobody() -> None:
    assert set(words.OWNERSHIP) == set(get_args(OwnershipStatus))
    assert not any("removed" in name.lower() for name, _ in words.OWNERSHIP.values())


def test_every_question_of_an_audit_is_told_without_comfort() -> None:
    for audit in json.loads(AUDITS.read_text()).values():
        for told in words.questions(audit):
            assert told.question.endswith("?") and told.answer and told.text and told.basis
            assert not COMFORT.search(" ".join((told.answer, told.text, *sum(told.facts, ()))))


def test_no_rule_of_the_default_policy_says_more_than_was_found() -> None:
    for rule in load_policy().rules:
        assert not COMFORT.search(f"{rule.id} {rule.says}"), rule.id


@pytest.mark.parametrize("source", ["digitalCreation", "digitalCapture", "trainedAlgorithmicMedia", "else"])
def test_a_declared_source_vouches_for_nobody(source: str) -> None:
    seen = {**dict.fromkeys(("signature_valid", "content_bound", "valid", "trusted", "present"), True)}
    told = words.credentials({**seen, "digital_source_type": f"http://x/{source}", "record_known": None})
    assert "Declared source" in dict(told.facts)
    assert not COMFORT.search(" ".join((told.text, *sum(told.facts, ()))))


@pytest.mark.parametrize("outcome", ["inconclusive", "failed", "skipped"])
def test_a_check_that_gave_no_answer_is_not_told_as_nothing_found(outcome: str) -> None:
    nothing = json.loads(AUDITS.read_text())["nothing"]
    mark, seen, matches = nothing["watermark"], nothing["credentials"], nothing["fingerprint"]
    assert words.watermark_line(mark, outcome) == f"not judged ({outcome})"
    assert words.credentials_line(seen, outcome) == f"not judged ({outcome})"
    assert words.fingerprint_line(matches, outcome) == f"not judged ({outcome})"
    for told in (words.watermark(mark, outcome, "why"), words.credentials(seen, outcome, "why")):
        assert (told.answer, told.text) == (OUTCOMES[outcome], "Why.")
    heard = json.loads(AUDITS.read_text())["everything"]["fingerprint"]
    assert f"until then: record {heard[0]['record_id']}" in words.fingerprint_line(heard, outcome)


def test_no_score_of_a_stretch_is_shown_as_certainty() -> None:
    audit = json.loads(AUDITS.read_text())["everything"]
    audit["ai"]["segments"] = [{"start_s": 0.0, "end_s": 5.0, "score": 0.9999}]
    labels = [bar.label for lane in timeline.lanes(audit) for bar in lane.bars]
    assert any("above 0.99" in label for label in labels) and not any("1.00" in label for label in labels)


def test_a_step_of_a_verification_says_what_the_line_of_an_audit_says() -> None:
    result = schemas.EXAMPLE
    found, told = result.to_dict(), {step["step"]: step["text"] for step in steps(result)["steps"]}
    assert told["watermark"] == words.watermark_line(found["watermark"], "done")
    assert told["credentials"] == words.credentials_line(found["credentials"], "done")
    assert told["fingerprint"] in words.fingerprint_line(found["fingerprint"], "done")

    skipped = replace(result.findings, watermark=NotRun("skipped", "not checked"))
    told = {step["step"]: step["text"] for step in steps(replace(result, findings=skipped))["steps"]}
    assert told["watermark"] == NOT_ASKED


def test_a_report_says_what_it_rests_on_in_the_words_of_its_release() -> None:
    """Signed reports hold these sentences: whoever changes one says so in the changelog."""
    assert words.BASIS["ai"] == "forensic: a statistical estimate from the sound alone, never proof"
    assert words.BASIS["watermark"].startswith("watermark: a keyed mark in the sound, with a probability")


def test_a_mark_that_was_asked_for_is_not_said_to_be_read() -> None:
    mark = json.loads(AUDITS.read_text())["everything"]["watermark"]
    heard = {"message": mark["message"], "start_s": 0.0, "end_s": 9.0, "by_name": True}
    assert "was read" in words.watermark(mark).text
    for messages in ([heard], [{**heard, "message": "ff" * 8, "by_name": False}, heard]):
        told = words.watermark({**mark, "messages": messages})
        assert "could not be read" in told.text and told.answer == "Yes"
    silent = json.loads(AUDITS.read_text())["nothing"]["watermark"]
    silent["searched"]["asked_for"] = [mark["message"]]
    assert "asked for by name" in words.watermark(silent).text


def test_a_full_search_that_ran_out_of_its_budget_says_where() -> None:
    mark = json.loads(AUDITS.read_text())["nothing"]["watermark"]
    whole = words.watermark(mark).text
    mark["searched"]["left_out"] = [{"start_s": 120.0, "end_s": 195.0}]
    assert "not at all of them in 2:00 to 3:15" in words.watermark(mark).text and "not at all" not in whole
    del mark["searched"]["left_out"]
    earlier = words.watermark(mark).text  # its reports have no such list, and looked less far
    assert "up to 3 semitones" in whole and earlier == whole.replace("3 semitones", "2.5 semitones")
    heard = json.loads(AUDITS.read_text())["everything"]["watermark"]
    heard["searched"]["left_out"] = [{"start_s": 0.0, "end_s": 60.0}]
    assert ("Other changes of speed and pitch not searched", "0:00 to 1:00") in words.watermark(heard).facts


def test_a_track_that_begins_within_the_file_is_told_at_its_place_there() -> None:
    match = {"record_id": "ab" * 8, "score": 0.8, "offset_s": -15.0, "speed": 1.5}
    assert words.placed(match) == f"record {'ab' * 8}, score 0.80, which begins at 10.0 s of the file"
    assert words.placed({**match, "offset_s": 15.0}).endswith("from 15.0 s on")


def test_no_share_of_a_likeness_is_told_as_the_whole() -> None:
    found = ai(
        "synthetic", generator=[{"family": "Suno", "share": 1.0}, {"family": "EnCodec", "share": 0.004}]
    )
    assert words.music_line(found).endswith(
        "likeness among known decoders: Suno above 99\u00a0%, EnCodec 0\u00a0%"
    )


def test_a_mark_is_told_with_its_chance_in_words_and_never_by_a_bare_number() -> None:
    for name in ("nothing", "everything"):
        mark = json.loads(AUDITS.read_text())[name]["watermark"]
        facts = dict(words.watermark(mark).facts)
        told = facts["Chance of reading as much where there is no mark"]
        assert "(p-value " in told and ("%" in told or "one in" in told) and "p-value" not in facts
