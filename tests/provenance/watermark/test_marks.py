"""Several messages in one file, each with its stretch and speed."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from core.resample import resample
from provenance.watermark import Detection, Known, WatermarkKey, detect, embed
from provenance.watermark.marks import Evidence, Mark, joined, stretches
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


def sections(count: int, first: int, last: int, agreement: float) -> Iterator[Evidence]:
    """Two minutes each of chance, 48 chips of one size a second, and a mark from first to last."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        most = np.full(120, 48.0)
        agreeing = rng.normal(0.0, np.sqrt(most))
        agreeing[first:last] += agreement * most[first:last]
        yield Evidence(agreeing, most, most)


def test_a_mark_is_told_where_it_is_and_nowhere_else() -> None:
    found = [stretches(evidence.heard) for evidence in sections(300, 40, 70, agreement=0.5)]
    assert {len(parts) for parts in found} == {1}
    off = np.abs([(parts[0][0] - 40, parts[0][1] - 70) for parts in found])
    assert np.median(off) <= 1 and np.quantile(off, 0.9) <= 2 and off.max() <= 15


def test_a_mark_from_end_to_end_is_told_in_one_piece() -> None:
    for evidence in sections(300, 0, 120, agreement=0.3):
        ((first, last),) = stretches(evidence.heard)
        assert first <= 5 and last >= 115


def test_a_silence_in_a_mark_does_not_part_it() -> None:
    for evidence in sections(20, 0, 120, agreement=0.5):
        quiet = np.where((np.arange(120) // 4) == 10, 0.0, 1.0)
        silenced = Evidence(evidence.agreeing * quiet, evidence.most * quiet, evidence.energy * quiet)
        assert len(stretches(silenced.heard)) == 1


def test_where_nothing_is_said_a_mark_does_not_go_on() -> None:
    for evidence in sections(20, 0, 40, agreement=0.5):
        said = np.where((np.arange(120) < 40) | (np.arange(120) >= 100), 1.0, 0.0)
        left = Evidence(evidence.agreeing * said, evidence.most * said, evidence.energy * said)
        ((first, last),) = stretches(left.heard)
        assert (first, last) == (0, 40) or last == 39


def test_a_loop_of_four_seconds_is_told_each_time() -> None:
    for evidence in sections(50, 20, 24, agreement=0.7):
        evidence.agreeing[80:84] += 0.7 * 48.0
        assert len(stretches(evidence.heard)) == 2


def test_what_is_nowhere_agreeing_is_nowhere_heard() -> None:
    none = np.zeros(30)
    assert not Evidence(none, none, none).heard.any()
