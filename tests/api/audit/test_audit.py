"""The audit of one file, with parts that answer as told."""

import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args

import pytest

from api.audit.audit import ALL, PROVENANCE, audit_file
from api.audit.claims import OwnershipStatus
from api.audit.findings import Searched
from api.audit.policy import parse_policy
from api.audit.result import AuditResult
from api.report import words
from api.report.explanation import MEANINGS
from api.report.steps import steps
from core.clip import Segment
from core.errors import ProofError, RegistryError, UnreadableAudio, WatermarkError
from detector.voice.finding import ArtistScore
from tests import fakes
from tests.fakes import OTHER, RECORD, Part, Registry, clip, credentials, engines, marked, match, music, voice

TODAY = date(2026, 11, 22)


def audit(registry: Registry | None = None, **answers: Any) -> AuditResult:
    options = {k: answers.pop(k) for k in ("checks", "artist", "policy", "progress") if k in answers}
    return audit_file(
        fakes.PATH,
        registry=registry or Registry(),  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=engines(**answers),
        today=TODAY,
        **options,
    )


def test_mark_and_fingerprint_of_one_record_are_a_match() -> None:
    result = audit(Registry(matches=[match(RECORD)]), detection=marked())
    assert result.findings.ownership.status == "match"
    assert result.findings.ownership.record_id == RECORD
    assert result.to_dict()["watermark"]["record_id"] == RECORD
    assert result.decision.action == "accept"


def test_a_mark_on_other_audio_is_a_suspected_transplant() -> None:
    other = Registry({RECORD: fakes.claims(), OTHER: fakes.claims()}, matches=[match(OTHER)])
    for registry in (Registry(matches=[]), other):
        result = audit(registry, detection=marked())
        assert result.findings.ownership.status == "transplant_suspected"
        assert result.decision.action == "reject"


def test_a_fingerprint_without_a_mark_tells_of_a_removed_one() -> None:
    result = audit(Registry(matches=[match(RECORD)]))
    assert result.findings.ownership.status == "mark_removed_or_unmarked"
    assert result.decision.action == "review"


def test_a_failed_watermark_check_is_not_a_removed_mark() -> None:
    result = audit(Registry(matches=[match(RECORD)]), detection=RuntimeError("boom"))
    assert result.findings.ownership.status == "fingerprint_only"


def test_a_mark_without_enough_audio_to_compare_is_unconfirmed() -> None:
    result = audit(Registry(matches=[match(RECORD)]), detection=marked(), hashes=())
    assert result.findings.ownership.status == "mark_unconfirmed"
    assert result.findings.checks()["fingerprint"] == "inconclusive"


def test_a_mark_that_names_no_record_is_unknown() -> None:
    result = audit(Registry({}), detection=marked())
    assert result.findings.ownership.status == "unknown_mark"
    assert result.to_dict()["watermark"]["record_id"] is None


def test_a_record_that_does_not_verify_is_never_quoted() -> None:
    registry = Registry({RECORD: ProofError("the entry is not in the log")}, matches=[match(RECORD)])
    result = audit(registry, detection=marked())
    assert result.findings.ownership.status == "record_invalid"
    assert "not in the log" in result.findings.ownership.text
    assert "title" not in (result.findings.ownership.record or {})
    assert result.decision.action == "reject"


def test_credentials_alone_count_only_when_bound_and_trusted() -> None:
    good = credentials()
    assert audit(credentials=good).findings.ownership.status == "credentials_only"
    for broken in (replace(good, trusted=False), replace(good, valid=False, content_bound=False)):
        assert audit(credentials=broken).findings.ownership.status == "no_record"


def test_the_stamp_of_credentials_is_told_with_its_trust() -> None:
    good = credentials(stamped_at="2026-11-22T13:00:00.5+00:00", stamp_trusted=True)
    for found, said in (
        (good, "stamped 2026-11-22T13:00:00Z by a time-stamp authority that is trusted here"),
        (replace(good, stamp_trusted=False), "authority that is NOT trusted here"),
    ):
        told = {step["step"]: step for step in steps(audit(credentials=found))["steps"]}["credentials"]
        assert told["outcome"] == "ok" and said in told["text"]
    plain = {step["step"]: step for step in steps(audit(credentials=replace(good, stamped_at=None)))["steps"]}
    assert "stamped" not in plain["credentials"]["text"]


def test_changed_content_under_credentials_is_reviewed() -> None:
    broken = credentials(valid=False, content_bound=False)
    result = audit(credentials=broken)
    assert [rule.rule for rule in result.decision.rules] == ["credentials-tampered"]


@pytest.mark.parametrize("stage", ["detection", "credentials", "hashes", "music", "voice"])
def test_a_stage_that_breaks_is_a_warning_and_a_review(stage: str) -> None:
    answers: dict[str, Any] = {stage: RuntimeError("boom")}
    result = audit(**answers)
    assert sum(outcome == "failed" for outcome in result.findings.checks().values()) == 1
    assert any("RuntimeError: boom" in warning for warning in result.warnings)
    assert result.decision.action == "review"


def test_unreadable_audio_is_raised_not_reported() -> None:
    with pytest.raises(UnreadableAudio):
        audit(audio=UnreadableAudio("not audio"))


@pytest.mark.parametrize(
    ("seconds", "amplitude", "word"), [(5.0, 0.0, "silent"), (1 / 8000, 0.3, "too short")]
)
def test_silence_and_a_blink_are_inconclusive_with_a_reason(
    seconds: float, amplitude: float, word: str
) -> None:
    result = audit(audio=clip(seconds, amplitude=amplitude), detection=AssertionError("must not be asked"))
    assert {result.findings.checks()[name] for name in ALL if name != "credentials"} == {"inconclusive"}
    found = result.to_dict()
    assert found["ai"]["verdict"] == "uncertain"
    assert word in found["ai"]["reason"]
    assert found["ownership"]["status"] == "not_checked"
    json.dumps(found, allow_nan=False)


def test_a_detector_that_cannot_answer_is_inconclusive_not_failed() -> None:
    result = audit(detection=WatermarkError("three seconds are needed"))
    assert result.findings.checks()["watermark"] == "inconclusive"
    assert "check-failed" not in [rule.rule for rule in result.decision.rules]


def test_two_audits_differ_in_elapsed_time_only() -> None:
    registry = Registry(matches=[match(RECORD)])
    first, second = (audit(registry, detection=marked()).to_dict() for _ in range(2))
    for found in (first, second):
        del found["elapsed_s"]
    assert first == second


def test_only_the_checks_asked_for_are_run() -> None:
    result = audit(
        checks=PROVENANCE, music=AssertionError("not asked for"), voice=AssertionError("not asked for")
    )
    assert result.findings.checks()["music"] == result.findings.checks()["voice"] == "skipped"
    assert result.to_dict()["ai"]["reason"] == "not checked"
    with pytest.raises(ValueError, match="unknown checks"):
        audit(checks=("colour",))


def test_an_artist_who_is_not_enrolled_is_refused() -> None:
    with pytest.raises(RegistryError, match="Nobody"):
        audit(artist="Nobody")


def test_an_artist_who_was_not_compared_is_named_and_nobody_compared_is_no_answer() -> None:
    artist = ArtistScore("Ada", 0.0, -3.0, 0.01)
    left = "'Old' was not compared: enrol the artist again"
    registry = Registry(voices={"Ada": b"print", "Old": b"print"})
    found = audit(registry, voice=voice(True, 0.2, artist, left_out=(left,)))
    assert found.findings.checks()["voice"] == "done" and f"voice: {left}" in found.warnings
    assert found.to_dict()["voice"]["reason"] == left and len(found.to_dict()["voice"]["artists"]) == 1
    alone = audit(Registry(voices={"Old": b"print"}), voice=voice(True, 0.2, left_out=(left,)))
    assert alone.findings.checks()["voice"] == "inconclusive"
    assert [text for text in alone.warnings if "Old" in text] == [f"voice: inconclusive: {left}"]


def cloned(consents: list[dict[str, Any]]) -> AuditResult:
    artist = ArtistScore("Ada", 4.0, 3.0, 0.97)
    registry = Registry(
        {RECORD: fakes.claims(voice_consents=consents)}, matches=[match(RECORD)], voices={"Ada": b"print"}
    )
    return audit(registry, detection=marked(), voice=voice(True, 0.99, artist))


def test_a_clone_is_judged_by_the_consent_in_the_record() -> None:
    consent = {"artist": "Ada", "from": "2026-01-01T00:00:00Z", "to": None, "revoked_at": None}
    assert cloned([consent]).to_dict()["voice"]["artists"][0]["consent"] == "active"
    assert cloned([consent]).decision.action == "accept"
    lapsed = {**consent, "to": "2026-06-01T00:00:00Z"}
    revoked = {**consent, "revoked_at": "2026-02-01T00:00:00Z"}
    future = {**consent, "from": "2027-01-01T00:00:00Z"}
    for consents, state in (
        ([], "none"),
        ([lapsed], "expired"),
        ([revoked], "revoked"),
        ([future], "expired"),
    ):
        result = cloned(consents)
        assert result.to_dict()["voice"]["artists"][0]["consent"] == state
        assert [rule.rule for rule in result.decision.rules] == ["voice-clone-without-consent"]


def test_a_mark_at_another_speed_is_compared_at_its_own_speed() -> None:
    registry = Registry(matches=[])
    audit(registry, detection=marked(speed=1.1))
    assert registry.queries == 2
    registry.queries = 0
    audit(registry, detection=marked(speed=1.0))
    assert registry.queries == 1


def test_a_second_record_of_the_same_audio_is_told() -> None:
    registry = Registry(
        {RECORD: fakes.claims(), OTHER: fakes.claims()}, matches=[match(RECORD), match(OTHER)]
    )
    result = audit(registry, detection=marked())
    assert result.findings.ownership.status == "match"
    assert any(OTHER in warning for warning in result.warnings)


def test_two_owners_of_one_audio_are_a_dispute_and_the_log_says_who_came_first() -> None:
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    late = fakes.claims(first_index=3, logged_at="2026-11-22T12:00:00+00:00")
    early = fakes.claims(owners=else_, first_index=1, witnessed_at=1_700_000_000)
    registry = Registry({RECORD: late, OTHER: early}, matches=[match(RECORD), match(OTHER)])
    for detection in (marked(), fakes.unmarked()):
        found = audit(registry, detection=detection)
        assert (found.findings.ownership.status, found.findings.ownership.record_id) == ("disputed", OTHER)
        assert [claim.record_id for claim in found.findings.ownership.claims] == [OTHER, RECORD]
        assert "entry 1 of the log, seen by a third party by 2023-11-14" in found.findings.ownership.text
        assert [rule.rule for rule in found.decision.rules] == ["disputed"]
        assert not steps(found)["verified"]


def test_a_sample_a_reissue_and_a_withdrawn_claim_are_no_dispute() -> None:
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    sample = Registry(
        {RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_)},
        matches=[match(RECORD, matched_s=9.0), match(OTHER, matched_s=4.0)],
    )
    withdrawn = Registry(
        {RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_, status="revoked")},
        matches=[match(RECORD), match(OTHER)],
    )
    for registry in (sample, withdrawn):
        assert audit(registry, detection=marked()).findings.ownership.status == "match"


def test_songs_end_to_end_are_no_dispute_but_their_owners_are_told() -> None:
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    known = {RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_)}
    first, second = match(RECORD, stretches=((0.0, 9.0),)), match(OTHER, stretches=((10.0, 19.0),))
    medley = audit(Registry(known, matches=[first, second]), detection=marked())
    assert medley.findings.ownership.status == "match"
    heard = [(track.record_id, track.where, track.of_others) for track in medley.findings.ownership.tracks]
    assert heard == [(RECORD, "0-9 s", False), (OTHER, "10-19 s", True)]
    assert [rule.rule for rule in medley.decision.rules] == ["holds-a-track-of-others"]
    assert medley.decision.action == "review"
    over = audit(Registry(known, matches=[first, match(OTHER, stretches=((4.0, 13.0),))]), detection=marked())
    assert over.findings.ownership.status == "disputed", "more than half of it is the same stretch"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"hashes": ()}, "the audio has no peaks to compare"),
        ({"hashes": RuntimeError("boom")}, "the check failed: RuntimeError: boom"),
        ({"checks": ("watermark",)}, "the check was not asked for"),
    ],
)
def test_an_unconfirmed_mark_gives_the_true_reason(answers: dict[str, Any], reason: str) -> None:
    result = audit(Registry(matches=[match(RECORD)]), detection=marked(), **answers)
    assert result.findings.ownership.status == "mark_unconfirmed"
    assert reason in result.findings.ownership.text


def test_only_a_track_that_was_marked_can_have_lost_its_mark() -> None:
    for was_marked, said in ((True, "lost its mark"), (False, "does not say that the track was ever marked")):
        registry = Registry({RECORD: fakes.claims(marked=was_marked)}, matches=[match(RECORD)])
        result = audit(registry)
        assert said in result.findings.ownership.text
        assert "removed" not in result.findings.ownership.text
        assert result.decision.rules[0].text == result.findings.ownership.text


@pytest.mark.parametrize(
    ("issuer", "said"), [("a label", "the name of an owner"), ("Nobody", "That is no owner on the record")]
)
def test_a_revocation_names_who_said_it(issuer: str, said: str) -> None:
    statement = {"type": "revoke", "issuer": issuer, "reason": "sold", "keyid": "cd" * 32}
    record = fakes.claims(status="revoked", statements=[statement])
    text = audit(Registry({RECORD: record}, matches=[match(RECORD)])).findings.ownership.text
    assert f"in the name of {issuer} (sold), signed by key {'cd' * 8}" in text
    assert said in text
    assert "has withdrawn" not in text


@pytest.mark.parametrize(
    ("status", "verdict"), [("disputed", "disputed"), ("revoked", "record_revoked"), ("evidenced", "match")]
)
def test_the_state_of_a_record_decides(status: str, verdict: str) -> None:
    registry = Registry({RECORD: fakes.claims(status=status)}, matches=[match(RECORD)])
    assert audit(registry, detection=marked()).findings.ownership.status == verdict


def test_every_verdict_is_explained_in_plain_words() -> None:
    assert set(MEANINGS) == set(get_args(OwnershipStatus))
    found = steps(audit(Registry(matches=[match(RECORD)]), detection=marked()))
    assert (found["verified"], found["explanation"]) == (True, MEANINGS["match"])


def test_synthetic_music_is_reviewed_unless_its_record_declares_it() -> None:
    machine = music(0.97, 2.0, 0.001, "synthetic", segments=(Segment(0, 5, 0.97),))
    assert [r.rule for r in audit(music=machine).decision.rules] == ["undeclared-synthetic-music"]
    for level, fired in (
        ("All", []),
        ("None", ["undeclared-synthetic-music", "declares-no-ai-bears-traces"]),
        ("Undeclared", ["undeclared-synthetic-music"]),
    ):
        record = fakes.claims(ai_involvement={"overall": level, "roles": {}})
        result = audit(Registry({RECORD: record}, matches=[match(RECORD)]), detection=marked(), music=machine)
        assert [r.rule for r in result.decision.rules] == fired


def test_numbers_that_are_not_finite_never_reach_the_json() -> None:
    result = audit(music=music(float("nan"), float("-inf"), float("nan")))
    found = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert found["ai"]["score"] is None
    assert found["ai"]["likelihood_ratio"] is None


def test_the_contract_of_the_json() -> None:
    found = audit(Registry(matches=[match(RECORD)]), detection=marked()).to_dict()
    assert {
        *("file", "sha256", "duration_s", "elapsed_s", "watermark", "credentials", "fingerprint"),
        *("ai", "voice", "decision", "report", "warnings"),
    } <= found.keys()
    assert {"present", "p_value", "message", "speed", "pitch_semitones", "segments", "record_id"} <= found[
        "watermark"
    ].keys()
    assert {"present", "valid", "signer", "digital_source_type"} <= found["credentials"].keys()
    assert {"record_id", "score", "offset_s", "speed"} <= found["fingerprint"][0].keys()
    assert {"score", "likelihood_ratio", "p_value", "verdict", "generator", "evidence", "segments"} <= found[
        "ai"
    ].keys()
    assert {"has_voice", "synthetic_score", "artists", "segments"} <= found["voice"].keys()
    assert {"action", "rules"} <= found["decision"].keys()


def test_progress_tells_every_stage_once_and_only_grows() -> None:
    told: list[tuple[str, float]] = []
    audit(progress=lambda stage, done: told.append((stage, done)))
    stages_told = [stage for stage, _ in told]
    assert stages_told[0] == "decode"
    assert stages_told[-2:] == ["decide", "done"]
    assert sorted(stages_told[1:-2]) == sorted(ALL), "two lanes: which check begins first is open"
    fractions = [done for _, done in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_policy_of_ones_own_decides() -> None:
    strict = parse_policy(
        b"""
        [policy]
        name = "strict"
        version = "1"
        otherwise = "reject"
        """
    )
    assert audit(policy=strict).decision.action == "reject"


def test_the_mark_is_looked_for_at_the_change_that_the_fingerprint_tells() -> None:
    asked: list[Any] = []

    class Marker(Part):
        def detect(self, *_asked: Any, exhaustive: bool = False, known: Any = ()) -> Any:
            asked.append(known)
            return self.answer

    registry = Registry(matches=[match(RECORD, speed=1.15, pitch=1.15), match(OTHER)])
    result = audit_file(
        fakes.PATH,
        registry=registry,  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=replace(engines(), marker=Marker(marked(speed=1.15))),
        today=TODAY,
    )
    (((speed, pitch, start_s, end_s),),) = asked
    assert (start_s, end_s) == (0.0, 9.0)
    assert [speed, pitch] == pytest.approx([1.15, 1.15], abs=1e-3)
    assert result.findings.ownership.status == "match" and registry.queries == 1
    assert result.findings.mark.searched == Searched("full", ())


@dataclass
class SecondFails:
    """A printer that answers once and breaks when it is asked again."""

    asked: int = 0

    def extract(self, _wav: Any, _rate: int) -> Any:
        self.asked += 1
        if self.asked > 1:
            raise RuntimeError("boom")
        return fakes.fingerprint((1, 2, 3))


@pytest.mark.parametrize("heard", [[], [match(OTHER)], [match(OTHER), match("ab" * 8)]])
def test_a_second_question_that_fails_keeps_what_the_first_found_and_accuses_nobody(heard: list[Any]) -> None:
    else_ = [{"name": "Else", "right": "master", "share": 1.0, "territories": ["WORLD"]}]
    registry = Registry({RECORD: fakes.claims(), OTHER: fakes.claims(owners=else_)}, matches=heard)
    result = audit_file(
        fakes.PATH,
        registry=registry,  # type: ignore[arg-type]  # a fake of the parts that an audit uses
        settings=fakes.SETTINGS,
        engines=replace(engines(detection=marked(speed=1.1)), printer=SecondFails()),
        today=TODAY,
    )
    found = result.to_dict()
    assert [m["record_id"] for m in found["fingerprint"]] == [m.record_id for m in heard]
    assert [t["record_id"] for t in found["ownership"]["tracks"]] == [OTHER][: len(heard)]
    assert found["checks"]["fingerprint"] == "failed"
    assert found["ownership"]["status"] == "mark_unconfirmed", "what was not compared is no other audio"
    assert "RuntimeError: boom" in found["ownership"]["text"]
    assert found["decision"]["rules"][0]["rule"] == "check-failed"
    assert found["decision"]["action"] == "review"


@pytest.mark.parametrize(
    ("found", "mark", "asked"),
    [
        ([], marked(), [()]),
        ([match(RECORD, speed=1.15, pitch=1.15)], marked(), [(1.15,)]),
        ([match(RECORD, speed=1.15, pitch=1.145)], marked(speed=1.1499, pitch_semitones=2.42), [(1.15,)]),
        ([match(RECORD, speed=1.1, pitch=1.0)], marked(), [()]),
        ([match(RECORD, speed=1.0, pitch=0.8885)], marked(), [(2 ** (-2 / 12),)]),
        ([], marked(speed=1.2, pitch_semitones=3.16), [(), (1.2,)]),
    ],
    ids=["none", "speed", "told twice", "tempo", "pitch", "by the mark"],
)
def test_the_music_detector_is_told_what_raised_the_pitch(
    found: list[Any], mark: Any, asked: list[tuple[float, ...]]
) -> None:
    told: list[tuple[float, ...]] = []

    class Ear:
        def hear(self, clip: Any, ratios: Any = ()) -> Any:
            told.append(tuple(ratios))
            return fakes.MUSIC

    audit_file(
        fakes.PATH,
        registry=Registry(matches=found),  # type: ignore[arg-type]
        settings=fakes.SETTINGS,
        engines=replace(engines(detection=mark), music=Ear()),
        today=TODAY,
    )
    assert [pytest.approx(ratios) for ratios in asked] == told


def test_a_log_that_has_signed_nothing_yet_proves_no_place() -> None:
    found = {
        signed: audit(Registry({RECORD: fakes.claims(**known)}, matches=[match(RECORD)]), detection=marked())
        for signed, known in ((True, {"log_signed": True}), (None, {}), (False, {"log_signed": False}))
    }
    told = {signed: steps(result) for signed, result in found.items()}
    proofs = {
        signed: {step["step"]: step for step in each["steps"]}["log proof"] for signed, each in told.items()
    }
    assert [told[signed]["verified"] for signed in (True, None, False)] == [True, True, False]
    assert proofs[True]["text"].endswith("under a signed checkpoint") and proofs[True] == proofs[None]
    assert proofs[False]["outcome"] == "not_checked" and "signed no checkpoint" in proofs[False]["text"]
    assert [rule.rule for rule in found[False].decision.rules] == ["log-unsigned"]
    assert "signed no checkpoint" in words.claim(found[False].to_dict()["ownership"]["record"])
    assert found[True].decision.action == found[None].decision.action == "accept"
