import math

import numpy as np

from provenance.watermark import chips, code, sync
from provenance.watermark.grid import BANDS, CELL_BANDS, CELL_FRAMES, FIRST_BAND, STRIDE
from provenance.watermark.key import WatermarkKey

KEY = WatermarkKey(bytes(range(32)))
LAYOUT = chips.layout(KEY)


def plane_of(columns: int, start: int, *, skip: int = 0, noise: float = 3.0, seed: int = 0) -> sync.Plane:
    """A decoder's output for a mark that begins at `start`, after `skip` positions of the decoder."""
    cells = LAYOUT.chips(code.encode(b"trackmrk", KEY), start, columns)
    dense = np.repeat(cells, CELL_FRAMES // STRIDE, axis=1)
    plane = np.zeros((BANDS, dense.shape[1] + skip), np.float32)
    plane[FIRST_BAND : FIRST_BAND + CELL_BANDS, skip:] = dense
    plane += noise * np.random.default_rng(seed).standard_normal((BANDS, dense.shape[1] + skip))
    return plane


def test_the_place_in_the_cycle_is_found_under_heavy_noise() -> None:
    for start, skip in ((0, 0), (1234, 1), (chips.CYCLE_COLUMNS - 3, 2)):
        places, searched = sync.search(plane_of(200, start, skip=skip), LAYOUT)
        best = places[0]
        found = best.start * CELL_FRAMES - best.phase
        cycle = chips.CYCLE_COLUMNS * CELL_FRAMES
        off = (found - (start * CELL_FRAMES - skip * STRIDE) + cycle / 2) % cycle - cycle / 2
        assert abs(off) <= STRIDE
        assert best.p_value(searched) < 1e-6


def test_another_key_finds_nothing() -> None:
    other = chips.layout(WatermarkKey(bytes(32)))
    places, searched = sync.search(plane_of(400, 17, noise=0.0), other)
    assert places[0].p_value(searched) > 1e-3


def test_p_values_never_promise_too_much_without_a_mark() -> None:
    # 40 planes of structured "host" (smooth in time, heavy tails); were the bound wrong, p <= 0.05 would be
    # common. With it right, the chance of four or more of 40 is 1.4e-1 * ... below 1e-1 even at equality,
    # and Hoeffding with a union bound stays far below equality: none is expected.
    small = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        plane = np.asarray(rng.standard_t(2, (BANDS, 300)).cumsum(1) / 10.0, np.float32)
        places, searched = sync.search(plane, LAYOUT)
        small += places[0].p_value(searched) <= 0.05
    assert small <= 1


def test_the_p_value_is_the_stated_bound() -> None:
    place = sync.Alignment(0.0, 0, 8.0)
    assert math.isclose(place.p_value(100), 100 * math.exp(-32.0))
    assert sync.Alignment(0.0, 0, -3.0).p_value(100) == 1.0


def test_following_undoes_a_jump_that_straight_reading_does_not() -> None:
    start, columns = 120, 90
    straight = plane_of(columns, start, noise=0.0)
    jumped = np.concatenate([straight[:, :90], straight[:, 92:]], 1)  # four frames cut out after 2.9 s
    place = sync.Alignment(0.0, start, 10.0)
    last = slice(columns - 30, columns - 5)
    pilots = LAYOUT.pilots(start, columns)[:, last]

    def agreement(frames: sync.Frames) -> float:
        soft = sync.cells(jumped, frames)[:, last]
        return float((soft * pilots).sum() / np.abs(soft * pilots).sum())

    assert agreement(sync.follow(jumped, place, LAYOUT)) > 0.95
    assert agreement(place.frames(jumped)) < 0.9


def test_a_loop_is_told_by_its_length_and_other_marks_on_the_same_sound_are_not() -> None:
    turn = plane_of(42, 300, noise=2.0)
    looped = np.tile(turn, (1, 5))
    noisy = looped + 0.5 * np.random.default_rng(1).standard_normal(looped.shape).astype(np.float32)
    assert sync.period(noisy) in (turn.shape[1], 2 * turn.shape[1])
    assert sync.period(plane_of(300, 300)) is None
    host = np.tile(np.random.default_rng(2).standard_normal(turn.shape), (1, 5)).astype(np.float32)
    assert sync.period(2.0 * plane_of(210, 300, noise=0.5) + host) is None, "a bar played again, marked anew"
    assert sync.period(np.zeros_like(looped)) is None and sync.period(turn) is None
