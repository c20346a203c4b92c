"""The error rates that a finding carries."""

import pytest

from detector.voice import VoiceDetector
from detector.voice.rates import error_rates
from tests.detector.voice.test_detector import ADA, clip, fake, prints
from tests.signals import silence

MEASURED = {
    "clones called, speech": 0.25,
    "genuine called at most, speech": 0.02,
    "clones called, MP3 at 64 kbit/s": 0.125,
    "genuine called at most, MP3 at 64 kbit/s": 0.03,
    "clones called, Opus at 32 kbit/s": 0.05,
    "genuine called at most, Opus at 32 kbit/s": 0.04,
    "clones called, singing": 0.5,
}


@pytest.mark.parametrize(
    ("codec", "conditions"),
    [
        ("pcm_s16le", ["in speech"]),
        ("mp3float", ["in speech", "after MP3 at 64 kbit/s"]),
        ("opus", ["in speech", "after Opus at 32 kbit/s"]),
    ],
)
def test_a_lossy_file_is_told_what_codecs_cost(codec: str, conditions: list[str]) -> None:
    found = error_rates(MEASURED, codec)
    assert [rate.condition for rate in found] == conditions, "singing lacks the other rate"
    assert (found[0].clones_called, found[0].genuine_called_at_most) == (0.25, 0.02)


def test_nothing_measured_is_nothing_told() -> None:
    assert error_rates({}, "flac") == ()


def test_a_finding_carries_the_rates_where_it_compares() -> None:
    detector = VoiceDetector.load()
    assert detector.score(clip(silence(5, 16000)), {}).error_rates == ()
    shipped = error_rates(detector.measured, "opus")
    assert {"in speech", "in singing", "after Opus at 32 kbit/s"} <= {rate.condition for rate in shipped}
    assert all(0 <= rate.clones_called <= 1 and 0 < rate.genuine_called_at_most < 1 for rate in shipped)


def test_rates_come_with_artists_only() -> None:
    detector = fake()
    detector.measured = MEASURED
    assert [r.condition for r in detector.score(clip(ADA), prints(detector)).error_rates] == ["in speech"]
    assert detector.score(clip(ADA), {}).error_rates == ()
