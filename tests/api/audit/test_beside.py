"""A file is accepted as a whole: what is wrong with a part of it is found, and said of that part."""

from typing import Any

import pytest

from api.audit.again import decide_again
from api.audit.beside import beyond
from api.audit.policy_text import load_policy
from api.audit.result import AuditResult
from core.errors import ProofError
from detector.voice.finding import ArtistScore, VoiceSegment
from provenance.watermark.marks import Mark
from tests import fakes
from tests.api.audit.asking import TODAY, audit
from tests.fakes import OTHER, RECORD, Registry, credentials, marked, match, music, voice

ELSE = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
SONG = match(RECORD, stretches=((0.0, 9.0),))
NEXT = match(OTHER, stretches=((10.0, 19.0),))
SYNTHETIC = music(0.99, 2.0, 0.001, "synthetic")
AI = {"overall": "All", "roles": {}}


def heard(*spans: tuple[str, float, float], **changes: Any) -> Any:
    """Marks and where they are heard; the first is the clearest."""
    marks = tuple(Mark(bytes.fromhex(name), start, end, 1.0, 0.0, 1e-14, 0) for name, start, end in spans)
    return marked(spans[0][0], marks=marks, **changes)


def rules(result: AuditResult) -> list[str]:
    """The ids of the rules that applied; to decide again by what is stored must lead to the same ones."""
    again = decide_again(result.to_dict(), load_policy(), on=TODAY)
    fired = [rule.rule for rule in result.decision.rules]
    assert [rule.rule for rule in again.rules] == fired
    return fired


@pytest.mark.parametrize(
    ("other", "objection"),
    [
        (fakes.claims(status="revoked"), "revoked"),
        (fakes.claims(status="disputed"), "disputed"),
        (ProofError("not in the log"), "invalid"),
    ],
)
def test_a_track_beside_whose_record_does_not_stand_is_reviewed(other: Any, objection: str) -> None:
    """The first song is in order; the next one's record is revoked, disputed or was changed."""
    registry = Registry({RECORD: fakes.claims(), OTHER: other}, matches=[SONG, NEXT])
    result = audit(registry, detection=marked())
    assert result.findings.ownership.status == "match"
    assert rules(result) == ["holds-a-track-that-does-not-stand"]
    _, track = result.findings.ownership.tracks
    assert (track.record_id, track.objection) == (OTHER, objection)
    if objection == "invalid":
        assert (track.title, track.owners) == (None, ()), "what does not verify is never quoted"
    assert f"At 10-19 s the audio is that of record {OTHER}" in result.decision.rules[0].text


def test_what_the_statement_says_of_a_record_is_not_said_twice() -> None:
    for status, rule in (("revoked", "record-revoked"), ("disputed", "disputed")):
        registry = Registry({RECORD: fakes.claims(status=status)}, matches=[SONG])
        assert rules(audit(registry, detection=marked())) == [rule]


@pytest.mark.parametrize(
    ("known", "rule"),
    [(False, "holds-a-mark-of-an-unknown-record"), (True, "holds-a-mark-unconfirmed")],
)
def test_a_second_mark_that_nothing_confirms_is_reviewed(known: bool, rule: str) -> None:
    records = {RECORD: fakes.claims(), **({OTHER: fakes.claims()} if known else {})}
    for marks in (
        heard((RECORD, 0.0, 9.0), (OTHER, 10.0, 19.0)),
        heard((OTHER, 10.0, 19.0), (RECORD, 0.0, 9.0)),  # the clearest mark alone decides nothing
    ):
        result = audit(Registry(records, matches=[SONG]), detection=marks)
        assert (result.findings.ownership.status, result.findings.ownership.record_id) == ("match", RECORD)
        assert rules(result) == [rule]
        assert "At 10-19 s" in result.decision.rules[0].text and OTHER in result.decision.rules[0].text


def test_marks_that_the_sound_confirms_are_no_question() -> None:
    registry = Registry({RECORD: fakes.claims(), OTHER: fakes.claims()}, matches=[SONG, NEXT])
    result = audit(registry, detection=heard((RECORD, 0.0, 9.0), (OTHER, 10.0, 19.0)))
    assert (result.decision.action, result.findings.ownership.marks) == ("accept", ())


def test_a_mark_accuses_nobody_of_a_copy_where_the_sound_is_recognised_as_nobodys() -> None:
    """Under speech a fingerprint misses one recording in five, and a mark does not."""
    alone = audit(Registry(matches=[]), detection=marked())
    assert alone.findings.ownership.status == "mark_unconfirmed"
    assert alone.decision.action == "review"
    records = {RECORD: fakes.claims(), OTHER: fakes.claims(owners=ELSE)}
    for start, status in ((0.0, "transplant_suspected"), (30.0, "mark_unconfirmed")):
        other = match(OTHER, stretches=((start, start + 9.0),))
        result = audit(Registry(records, matches=[other]), detection=heard((RECORD, 0.0, 9.0)))
        assert result.findings.ownership.status == status, "another song elsewhere in the file is no copy"


def test_a_song_elsewhere_in_the_file_is_not_the_same_audio() -> None:
    registry = Registry({RECORD: fakes.claims(), OTHER: fakes.claims()}, matches=[SONG, NEXT])
    assert audit(registry, detection=marked()).warnings == ()


def test_capitals_make_no_other_owner() -> None:
    same = fakes.claims(owners=[{**ELSE[0], "name": "a LABEL"}])
    registry = Registry({RECORD: fakes.claims(), OTHER: same}, matches=[SONG, NEXT])
    assert audit(registry, detection=marked()).decision.action == "accept"


def test_a_declaration_speaks_of_its_own_track_only() -> None:
    """Ten declared seconds in a minute that bears traces of a machine declare ten seconds."""
    registry = Registry({RECORD: fakes.claims(ai_involvement=AI)}, matches=[SONG])
    assert rules(audit(registry, detection=marked(), music=SYNTHETIC)) == []
    long = audit(registry, detection=marked(), music=SYNTHETIC, audio=fakes.clip(60.0))
    assert rules(long) == ["traces-beyond-what-is-declared"]
    assert long.findings.ownership.undeclared_s == 51.0
    assert rules(audit(registry, detection=marked(), audio=fakes.clip(60.0))) == []
    by_mark = heard((RECORD, 0.0, 60.0))
    assert rules(audit(registry, detection=by_mark, music=SYNTHETIC, audio=fakes.clip(60.0))) == []


def test_traces_are_not_held_against_a_track_beside_the_one_that_declares_them() -> None:
    records = {RECORD: fakes.claims(), OTHER: fakes.claims(ai_involvement=AI)}
    registry = Registry(records, matches=[SONG, match(OTHER, stretches=((9.0, 19.0),))])
    result = audit(registry, detection=marked(), music=SYNTHETIC, audio=fakes.clip(20.0))
    assert rules(result) == [], "less than ten seconds lie outside of what is declared"
    longer = audit(registry, detection=marked(), music=SYNTHETIC, audio=fakes.clip(40.0))
    assert rules(longer) == ["traces-beyond-what-is-declared"]


def test_what_lies_between_is_outside_only_where_it_is_long() -> None:
    assert beyond([(3.0, 20.0), (24.0, 30.0)], 34.0) == 0.0
    assert beyond([(24.0, 30.0), (0.0, 10.0)], 50.0) == 34.0
    assert beyond([], 50.0) == 0.0, "where it is heard is not known"


def test_a_consent_in_a_record_covers_the_vocals_of_its_track() -> None:
    consent = {"artist": "Ada", "from": "2026-01-01T00:00:00Z", "to": None, "revoked_at": None}
    registry = Registry(
        {RECORD: fakes.claims(voice_consents=[consent])}, matches=[SONG], voices={"Ada": b"print"}
    )

    def sung(*starts: float) -> AuditResult:
        parts = tuple(VoiceSegment(start, start + 2.0, 0.9, 1.0) for start in starts)
        found = voice(True, 0.99, ArtistScore("Ada", 4.0, 3.0, 0.97), segments=parts)
        return audit(registry, detection=marked(), voice=found, audio=fakes.clip(60.0))

    assert rules(sung(1.0, 4.0)) == []
    outside = sung(1.0, 20.0, 30.0, 40.0)
    assert rules(outside) == ["voice-clone-without-consent"]
    (artist,) = outside.to_dict()["voice"]["artists"]
    assert artist["consent"] == "other-scope" and "vocals are heard beside it" in artist["consent_says"]


def test_credentials_of_another_record_than_mark_and_sound_name_are_reviewed() -> None:
    records = {RECORD: fakes.claims(), OTHER: fakes.claims()}
    for matches, fired in (([SONG], ["credentials-name-another-record"]), ([SONG, NEXT], [])):
        registry = Registry(records, matches=matches)
        result = audit(registry, detection=marked(), credentials=credentials(record_id=OTHER))
        assert result.findings.ownership.status == "match"
        assert rules(result) == fired
    stranger = credentials(record_id=OTHER, trusted=False)
    assert rules(audit(Registry(records, matches=[SONG]), detection=marked(), credentials=stranger)) == []


def test_an_artist_who_could_not_be_compared_asks_for_a_person() -> None:
    left = "'Old' was not compared: enrol the artist again"
    registry = Registry(voices={"Ada": b"print", "Old": b"print"})
    found = voice(True, 0.2, ArtistScore("Ada", 0.0, -3.0, 0.01), left_out=(left,))
    result = audit(registry, voice=found)
    assert rules(result) == ["check-uncompared"] and left in result.decision.rules[0].text
    assert rules(audit(registry, voice=voice(False, None, left_out=(left,)))) == [], "nobody sings"


def test_a_search_that_ended_early_is_not_taken_for_a_whole_one() -> None:
    left = audit(Registry({}), detection=fakes.unmarked(unsearched=((120.0, 195.0),)))
    assert rules(left) == ["mark-not-sought-everywhere"]
    assert "From 120 s to 195 s" in left.decision.rules[0].text


@pytest.mark.parametrize("search", [{"exhaustive": False}, {"unsearched": ((0.0, 5.0),)}, {}])
def test_a_mark_is_called_lost_only_after_a_full_search(search: dict[str, Any]) -> None:
    text = audit(Registry(matches=[SONG]), detection=fakes.unmarked(**search)).findings.ownership.text
    assert ("lost its mark" in text) is (not search)
    assert ("not looked for at every speed" in text) is bool(search)


def test_a_registered_part_does_not_stand_for_the_whole() -> None:
    """Ten seconds of a registered song in a minute: the minute is not that song's."""
    long = audit(Registry(matches=[SONG]), detection=marked(), audio=fakes.clip(60.0)).findings.ownership
    assert (long.status, long.unregistered_s) == ("match", 51.0)
    assert long.text.endswith(" 51 s of the audio lie in no registered track.")
    whole = audit(Registry(matches=[SONG]), detection=marked()).findings.ownership
    assert whole.unregistered_s == 0.0 and "no registered track" not in whole.text
    assert audit(Registry({})).findings.ownership.unregistered_s is None
