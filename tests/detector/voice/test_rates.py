"""The error rates that a finding carries."""

from dataclasses import replace

import pytest
import torch

from core.resample import resample
from detector.voice import VoiceDetector, rates
from detector.voice.activity import Activity
from detector.voice.rates import Above, error_rates
from tests.detector.voice.made_up import ADA, FakeActivity, clip, fake, prints
from tests.signals import music, silence

MEASURED = {
    "clones called, speech": 0.25,
    "genuine called at most, speech": 0.02,
    "clones called, MP3 at 64 kbit/s": 0.125,
    "genuine called at most, MP3 at 64 kbit/s": 0.03,
    "clones called, Opus at 32 kbit/s": 0.05,
    "genuine called at most, Opus at 32 kbit/s": 0.04,
    "clones called, singing": 0.5,
    **{
        f"{what} tried, {name}": number
        for what, number in (("clones", 8), ("genuine", 50))
        for name in ("speech", "MP3 at 64 kbit/s", "Opus at 32 kbit/s", "singing")
    },
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
    assert (found[0].clones, found[0].genuine) == (8, 50)


EVERY = {
    f"{what}, {name}": 0.1
    for what in rates.MEASURED
    for name in ("speech", "singing", "over music, 10 dB", "over music, 0 dB")
}


@pytest.mark.parametrize(
    ("above", "conditions"),
    [
        (
            None,
            [
                "in speech",
                "in singing",
                "over music 10 dB below the voice",
                "over music as loud as the voice",
            ],
        ),
        (Above(22.0, 5.0), ["in speech", "in singing"]),
        (Above(16.0, 10.0), ["in speech", "in singing", "over music 10 dB below the voice"]),
        (Above(9.0, 3.0), ["over music 10 dB below the voice"]),
        (Above(4.0, 8.0), ["over music 10 dB below the voice", "over music as loud as the voice"]),
        (Above(-9.0, 3.0), ["over music as loud as the voice"]),
    ],
)
def test_rates_are_those_of_about_this_level_of_music(above: Above | None, conditions: list[str]) -> None:
    assert [rate.condition for rate in error_rates(EVERY, "flac", above)] == conditions


def test_of_a_telephone_s_band_only_the_telephone_s_rates_are_told() -> None:
    detector = fake()
    detector.measured = EVERY | {f"{what}, telephone": 0.1 for what in rates.MEASURED}
    known = prints(detector)
    wide, narrow = (
        music(12, 16000, seed=1)[:1].abs(),
        resample(music(12, 8000, seed=1)[:1].abs(), 8000, 16000),
    )
    assert "over a telephone line" not in [r.condition for r in detector.score(clip(wide), known).error_rates]
    assert [r.condition for r in detector.score(clip(narrow), known).error_rates] == ["over a telephone line"]
    assert error_rates(EVERY, "flac", telephone=True) == (), "figures of other conditions do not stand in"


def test_a_finding_tells_the_level_and_the_rates_there() -> None:
    detector = fake()
    detector.measured, detector.above_within_db = EVERY, 3.0
    detector.activity = Level(60.0, 9.0)
    found = detector.score(clip(ADA), prints(detector))
    assert {segment.above_backing_db for segment in found.segments} == {9.0}
    assert [rate.condition for rate in found.error_rates] == ["over music 10 dB below the voice"]
    short = detector.score(clip(ADA[:, : 2 * 16000]), {})
    assert short.reason is not None and short.segments[0].above_backing_db == 9.0


class Level(FakeActivity):
    """Hears the same level everywhere."""

    def __init__(self, until_s: float, above_db: float) -> None:
        super().__init__(until_s)
        self._above_db = above_db

    def find(self, wav: torch.Tensor) -> Activity:
        found = super().find(wav)
        return replace(found, above_db=torch.full_like(found.starts_s, self._above_db))


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
