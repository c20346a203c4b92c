"""Several messages in one file, each with its stretch and speed."""

import pytest
import torch
from torch import Tensor

from core.resample import resample
from provenance.watermark import Detection, Known, WatermarkKey, detect, embed
from provenance.watermark.marks import Mark, joined
from provenance.watermark.sync import Alignment
from tests.signals import music

KEY = WatermarkKey(bytes(range(32)))
RATE = 16_000
FIRST, SECOND = b"trackmrk", b"another1"
EDGE_S = 3.0


def marked(message: bytes, seconds: float, seed: int) -> Tensor:
    return embed(music(seconds, RATE, seed=seed), RATE, message, KEY)


def told(found: Detection) -> list[tuple[bytes | None, float]]:
    return [(mark.message, mark.speed) for mark in found.marks]


def test_one_track_is_one_mark_from_end_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.watermark.detection.SECTION_S", 12)
    found = detect(marked(FIRST, 36.0, seed=0), RATE, KEY)
    assert told(found) == [(FIRST, 1.0)]
    (mark,) = found.marks
    assert mark.start_s <= EDGE_S and mark.end_s >= 36.0 - EDGE_S and mark.p_value < 1e-12


@pytest.mark.parametrize("exhaustive", [False, True])
def test_tracks_end_to_end_are_told_apart(exhaustive: bool) -> None:
    parts = marked(FIRST, 40.0, seed=0), music(20.0, RATE, seed=2), marked(SECOND, 30.0, seed=1)
    found = detect(torch.cat(parts, 1), RATE, KEY, exhaustive=exhaustive)
    assert {message for message, _ in told(found)} == {FIRST, SECOND} and found.message == FIRST
    spans = {mark.message: (mark.start_s, mark.end_s) for mark in found.marks}
    for message, expected in ((FIRST, [0.0, 40.0]), (SECOND, [60.0, 90.0])):
        assert list(spans[message]) == pytest.approx(expected, abs=EDGE_S)


def test_each_track_has_the_speed_that_it_plays_at() -> None:
    faster = resample(marked(SECOND, 42.0, seed=1), 105, 100)
    both = torch.cat([marked(FIRST, 30.0, seed=0), faster], 1)
    found = detect(both, RATE, KEY, known=[Known(1.05, 1.05, start_s=30.0)])
    assert told(found) == [(FIRST, 1.0), (SECOND, pytest.approx(1.05, abs=0.002))]


def test_unmarked_audio_has_no_marks() -> None:
    assert detect(music(20.0, RATE, seed=4), RATE, KEY, exhaustive=True).marks == ()


def test_a_place_is_the_same_counted_from_earlier() -> None:
    place = Alignment(phase=2.0, start=10, statistic=9.0, stretch=1.01)
    earlier = place.later(1000)
    assert 0.0 <= earlier.phase < 6.06
    whole = (1000 + 2.0 - earlier.phase) / 6.06
    assert whole == pytest.approx(round(whole)) and (earlier.start + round(whole)) % 5120 == 10
    assert place.near(Alignment(3.0, 10, 5.0)) and not place.near(Alignment(2.0, 14, 5.0))


def test_what_goes_on_in_the_next_section_is_one_mark() -> None:
    def mark(start_s: float, end_s: float, speed: float = 1.0, message: bytes = FIRST) -> Mark:
        return Mark(message, start_s, end_s, speed, 0.0, 1e-9, 0)

    assert joined([mark(120.0, 200.0), mark(10.0, 119.0)]) == (mark(10.0, 200.0),)
    apart = (mark(0.0, 50.0), mark(60.0, 90.0), mark(91.0, 99.0, 1.05), mark(91.0, 120.0, 1.0, SECOND))
    assert joined(apart) == apart
