"""Long queries: every track that is in them, where it is, and nothing more, at the same cost a minute.

Songs of plucked notes, which strangers share least, between minutes of unregistered ones.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from sqlalchemy import create_engine
from torch import Tensor

from lab.sound.stretch import stretch
from provenance.fingerprint import Fingerprint, Match, SqlIndex, extract, fingerprint_metadata
from provenance.fingerprint.postings import Postings
from provenance.fingerprint.windows import WINDOW_FRAMES, Windows
from tests.provenance.fingerprint.plucked import plucked
from tests.signals import noise

RATE = 11025
SONG_S = 40.0
EDGE_S = 1.6


@pytest.fixture(scope="module")
def index() -> Iterator[SqlIndex]:
    made = create_engine("sqlite://")
    fingerprint_metadata.create_all(made)
    index = SqlIndex(made)
    for number in range(3):
        index.add(name(number), extract(song(number), RATE))
    yield index
    made.dispose()


def name(number: int) -> str:
    return f"{number:016x}"


def song(number: int) -> Tensor:
    return plucked(number + 1, SONG_S, RATE)


def stranger(seed: int, seconds: float) -> Tensor:
    return plucked(1000 + seed, seconds, RATE)


def cut(wav: Tensor, start_s: float, end_s: float) -> Tensor:
    return wav[:, round(start_s * RATE) : round(end_s * RATE)]


def faster(wav: Tensor, speed: float) -> Tensor:
    places = torch.arange(0, wav.shape[-1] - 1, speed, dtype=torch.float64)
    left = places.long()
    part = (places - left).float()
    return wav[:, left] * (1 - part) + wav[:, left + 1] * part


def ask(index: SqlIndex, *parts: Tensor) -> dict[str, Match]:
    return {match.record_id: match for match in index.query(extract(torch.cat(parts, 1), RATE))}


def test_the_windows_of_a_query_leave_no_gap_at_any_length() -> None:
    for frames in (1, 500, 1551, 1552, 2068, 2573, 5000, 31_000):
        windows = Windows(Fingerprint(np.zeros(0, np.uint64), np.zeros(0, np.uint32), 0, frames))
        spans = [(w.centre - w.frames // 2, w.centre - w.frames // 2 + w.frames) for w in windows]
        assert spans[0][0] == 0 and spans[-1][1] == frames
        assert all(after[0] <= before[1] for before, after in itertools.pairwise(spans))
        assert len(spans) <= frames / WINDOW_FRAMES + 1


@pytest.mark.parametrize("start_s", [3.0, 51.5, 97.0])
def test_twenty_seconds_in_two_minutes_are_found_wherever_they_lie(index: SqlIndex, start_s: float) -> None:
    found = ask(index, stranger(1, start_s), cut(song(0), 8.0, 28.0), stranger(2, 125.0 - 20.0 - start_s))
    assert list(found) == [name(0)]
    (part,) = found[name(0)].stretches
    assert part.start_s == pytest.approx(start_s, abs=EDGE_S)
    assert part.end_s == pytest.approx(start_s + 20.0, abs=EDGE_S)
    assert part.track_start_s - part.start_s == pytest.approx(8.0 - start_s, abs=0.3)
    assert part.speed == pytest.approx(1.0, abs=0.003) and part.pitch == pytest.approx(1.0, abs=0.003)


def test_a_mix_names_each_track_with_its_range_place_speed_and_pitch(index: SqlIndex) -> None:
    first, second = faster(cut(song(0), 0.0, 30.0), 1.06), stretch(cut(song(1), 5.0, 35.0), RATE, 0.94)
    fade = 6 * RATE
    ramp = torch.linspace(0.0, 1.0, fade)
    first[:, -fade:] *= 1.0 - ramp
    second[:, :fade] *= ramp
    mixed = torch.nn.functional.pad(first, (0, second.shape[-1] - fade))
    mixed[:, first.shape[-1] - fade :] += second
    found = ask(index, mixed, stranger(3, 60.0), cut(song(2), 10.0, 30.0))
    assert set(found) == {name(0), name(1), name(2)}
    heard = [found[name(number)].stretches for number in range(3)]
    assert [len(parts) for parts in heard] == [1, 1, 1]
    middle = first.shape[-1] / RATE
    whole = mixed.shape[-1] / RATE
    for parts, span, speed, pitch in (
        (heard[0], (0.0, middle), 1.06, 1.06),
        (heard[1], (middle - 6.0, whole), 0.94, 1.0),
        (heard[2], (whole + 60.0, whole + 80.0), 1.0, 1.0),
    ):
        assert parts[0].speed == pytest.approx(speed, abs=0.005)
        assert parts[0].pitch == pytest.approx(pitch, abs=0.012)
        assert parts[0].start_s == pytest.approx(span[0], abs=5.0)
        assert parts[0].end_s == pytest.approx(span[1], abs=5.0)
    assert heard[2][0].track_start_s == pytest.approx(10.0 + heard[2][0].start_s - whole - 60.0, abs=0.3)


def test_a_loop_is_heard_at_each_turn(index: SqlIndex) -> None:
    loop = cut(song(1), 12.0, 18.0)
    found = ask(index, stranger(4, 30.0), loop, loop, loop, loop, stranger(5, 30.0))
    assert list(found) == [name(1)]
    parts = found[name(1)].stretches
    assert len(parts) == 4
    for turn, part in enumerate(parts):
        assert part.start_s == pytest.approx(30.0 + 6.0 * turn, abs=EDGE_S)
        assert part.track_start_s == pytest.approx(12.0, abs=EDGE_S)


def test_a_track_that_comes_twice_is_told_twice(index: SqlIndex) -> None:
    again = faster(cut(song(2), 20.0, 38.0), 0.95)
    found = ask(index, cut(song(2), 2.0, 20.0), stranger(6, 40.0), again)
    parts = found[name(2)].stretches
    assert [part.speed for part in parts] == [pytest.approx(1.0, abs=0.004), pytest.approx(0.95, abs=0.004)]
    assert parts[1].start_s == pytest.approx(58.0, abs=EDGE_S)


def test_two_tracks_at_once_at_two_speeds(index: SqlIndex) -> None:
    other = faster(cut(song(1), 0.0, 38.0), 1.05)[:, : 34 * RATE]
    found = ask(index, cut(song(0), 3.0, 37.0) + other, stranger(8, 30.0))
    assert {name(0), name(1)} == set(found)
    assert found[name(1)].speed == pytest.approx(1.05, abs=0.004)


def test_a_faint_copy_is_found_by_its_windows_together(index: SqlIndex) -> None:
    """White noise as loud as the music leaves few votes a window; a search of half the audio finds fewer."""
    loud = song(0) + noise(SONG_S, RATE, seed=3, amplitude=float(song(0).std()) * 1.4)
    found = ask(index, stranger(7, 120.0), loud)
    (part,) = found[name(0)].stretches
    assert part.start_s == pytest.approx(120.0, abs=4.0) and part.end_s == pytest.approx(160.0, abs=4.0)


def test_silent_and_strange_minutes_hold_nothing(index: SqlIndex) -> None:
    assert ask(index, *(stranger(10 + n, 30.0) for n in range(5)), torch.zeros(1, 150 * RATE)) == {}


def test_each_window_is_asked_for_a_bounded_number_of_times(index: SqlIndex) -> None:
    """Twice the length costs twice the look-ups, no more."""
    from provenance.fingerprint.search import search

    def asked(seconds: float) -> int:
        counted = [0]
        with index._engine.connect() as connection:  # the tracks' own look-up, counted
            tracks = index.tracks_on(connection)
            filed = index.filed_on(connection, tracks)

            class Counting:
                sizes = staticmethod(filed.sizes)

                @staticmethod
                def lookup(keys: np.ndarray) -> Postings:
                    counted[0] += len(keys)
                    return filed.lookup(keys)

            search(extract(stranger(20, seconds), RATE), Counting(), tracks.frames)
        return counted[0]

    assert asked(120.0) < 2.2 * asked(60.0)
