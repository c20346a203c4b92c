"""The audit of one file, with parts that answer as told."""

import errno
import json
import os
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api.audit.asked import ALL, PROVENANCE
from api.audit.policy_text import parse_policy
from api.audit.result import AuditResult
from core.clip import Segment
from core.errors import RegistryError, UnreadableAudio, WatermarkError
from detector.voice.finding import ArtistScore
from tests import fakes
from tests.api.audit.asking import audit
from tests.fakes import RECORD, Registry, clip, marked, match, music, voice


@pytest.mark.parametrize("stage", ["detection", "credentials", "hashes", "music", "voice"])
def test_a_stage_that_breaks_is_a_warning_and_a_review(stage: str) -> None:
    answers: dict[str, Any] = {stage: RuntimeError("boom")}
    result = audit(**answers)
    assert sum(outcome == "failed" for outcome in result.findings.checks().values()) == 1
    assert any("RuntimeError: boom" in warning for warning in result.warnings)
    assert result.decision.action == "review"


@pytest.mark.parametrize("stage", ["detection", "credentials", "hashes", "music", "voice"])
def test_a_full_disk_says_nothing_of_the_audio_and_is_raised(stage: str) -> None:
    answers: dict[str, Any] = {stage: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))}
    with pytest.raises(OSError, match="No space left"):
        audit(**answers)


@pytest.mark.parametrize("stage", ["detection", "credentials", "hashes", "music", "voice"])
def test_a_database_that_went_away_says_nothing_of_the_audio_and_is_raised(stage: str) -> None:
    answers: dict[str, Any] = {stage: OperationalError("SELECT 1", {}, Exception("the connection is lost"))}
    with pytest.raises(OperationalError, match="connection is lost"):
        audit(**answers)


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


@pytest.mark.parametrize(
    ("seconds", "open_ones"), [(0.9, {"watermark", "fingerprint"}), (1.4, {"fingerprint"}), (1.6, set())]
)
def test_that_nothing_was_found_is_no_answer_where_nothing_can_be_found(
    seconds: float, open_ones: set[str]
) -> None:
    audio = clip(seconds)
    nothing = audit(audio=audio).findings
    assert {name for name in nothing.checks() if nothing.checks()[name] == "inconclusive"} == open_ones
    assert (nothing.ownership.status == "not_checked") == (len(open_ones) == 2)
    found = audit(Registry(matches=[match(RECORD)]), audio=audio, detection=marked()).findings
    assert "inconclusive" not in found.checks().values()  # what is found counts, in however little


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
