"""Marks that are asked for by their message: heard where they cannot be read, never where none is."""

import numpy as np
import pytest
import torch
from torch import Tensor

from core.resample import resample
from provenance.watermark import Known, WatermarkKey, chips, code, detect, embed, model, reading, sync
from provenance.watermark.grid import BANDS, CELL_BANDS, CELL_FRAMES, FIRST_BAND, FRAMES_PER_S, ROWS, STRIDE
from provenance.watermark.hunt import Hunt
from tests.signals import music

KEY = WatermarkKey(bytes(range(32)))
RATE = 16_000
COPIES = [bytes([n] * 8) for n in range(1, 7)]
STRANGERS = [bytes([0, n] * 4) for n in range(1, 25)]


def asked(messages: list[bytes], speed: float = 1.0) -> list[Known]:
    return [Known(speed, speed, message=message) for message in messages]


@pytest.fixture(scope="module")
def averaged() -> Tensor:
    """Copies of one track, each with a recipient's message, laid over each other."""
    track = music(16.0, RATE, seed=3)
    return torch.stack([embed(track, RATE, message, KEY) for message in COPIES]).mean(0)


def test_copies_that_were_averaged_name_their_recipients_and_nobody_else(averaged: Tensor) -> None:
    found = detect(averaged, RATE, KEY, known=asked([*STRANGERS, *COPIES]))
    named = {mark.message for mark in found.marks}
    assert found.present and found.message in COPIES and len(named) >= 4
    assert named <= set(COPIES) and all(mark.p_value < 1e-6 for mark in found.marks)
    assert found.asked_for == (*STRANGERS, *COPIES) and found.known == ()
    assert any(mark.by_name for mark in found.marks)


def test_another_key_hears_no_name(averaged: Tensor) -> None:
    found = detect(averaged, RATE, WatermarkKey(bytes(32)), known=asked(COPIES))
    assert not found.present and found.marks == ()


def test_whoever_is_asked_for_beside_a_mark_that_is_read_is_not_heard() -> None:
    found = detect(embed(music(12.0, RATE, seed=5), RATE, COPIES[0], KEY), RATE, KEY, known=asked(STRANGERS))
    assert {mark.message for mark in found.marks} == {COPIES[0]} and not found.marks[0].by_name


def test_a_name_is_asked_for_at_the_change_and_in_the_stretch_that_are_known() -> None:
    message = COPIES[0]
    faster = resample(embed(music(30.0, RATE, seed=1), RATE, message, KEY), 105, 100)
    noise = torch.randn(faster.shape, generator=torch.Generator().manual_seed(0))
    faint = faster + noise * faster.square().mean().sqrt() * 10 ** (-12 / 20)
    both = torch.cat([music(10.0, RATE, seed=2), faint], 1)
    assert detect(both, RATE, KEY, known=[Known(1.05, 1.05, 10.0)]).message is None
    (mark,) = detect(both, RATE, KEY, known=[Known(1.05, 1.05, 10.0, message=message)]).marks
    assert (mark.message, mark.by_name) == (message, True) and mark.speed == pytest.approx(1.05, abs=0.002)
    elsewhere = detect(both, RATE, KEY, known=[Known(1.05, 1.05, 0.0, 8.0, message)])
    assert elsewhere.marks == ()


def plane_of(message: bytes, start: int, columns: int, seed: int, agreement: float) -> sync.Plane:
    """What a decoder that is right a little more often than not would make of a mark."""
    rng = np.random.default_rng(seed)
    signs = chips.layout(KEY).chips(code.encode(message, KEY), start, columns)
    plane = rng.normal(size=(BANDS, columns * CELL_FRAMES // STRIDE)).astype(np.float32)
    repeats = CELL_FRAMES // STRIDE
    plane[FIRST_BAND : FIRST_BAND + CELL_BANDS] += agreement * np.repeat(signs, repeats, axis=1)
    return plane


def muffled(seed: int = 0, columns: int = 200) -> sync.Plane:
    """A plane of a mark of which a codec left the lower octaves, and noise above them."""
    plane = plane_of(COPIES[0], 40, columns, seed, 0.15)
    upper = slice(FIRST_BAND + sync.LOWER, FIRST_BAND + CELL_BANDS)
    plane[upper] = np.random.default_rng(seed + 1).normal(size=plane[upper].shape)
    return plane


def hunted(plane: sync.Plane, messages: list[bytes]) -> Hunt:
    frames = plane.shape[1] * STRIDE
    hunt = Hunt(KEY, model.shipped(), exhaustive=False, known=asked(messages))
    hunt.search(torch.zeros(1, ROWS, frames), frames / FRAMES_PER_S, [plane])
    return hunt


def test_a_name_is_heard_in_the_lower_octaves_where_noise_took_the_others() -> None:
    plane, pattern = muffled(), chips.expected(KEY, COPIES[0])
    (place,), searched = sync.search(plane, pattern, keep=1)
    assert place.p_value(searched) > 1e-6, "all bands together do not tell it"
    hunt = hunted(plane, [COPIES[0]])
    assert hunt.best is not None and hunt.best.message == COPIES[0] and hunt.p_value(hunt.best) < 1e-6
    assert hunt.best.by_name and hunt.best.place.near(sync.Alignment(0.0, 40, 0.0))


def test_the_lower_octaves_name_no_stranger_and_are_paid_for() -> None:
    hunt = hunted(muffled(), STRANGERS[:4])
    assert hunt.best is not None and hunt.best.message is None
    both = chips.CYCLE_COLUMNS * len(sync.PHASES) * 2 * (1 + 4)
    assert hunt._places == both, "read and asked four times, in all bands and in the lower ones"


def test_the_lower_octaves_are_a_copy_of_a_plane() -> None:
    plane = muffled()
    kept, before = sync.lower(plane), plane.copy()
    assert np.array_equal(plane, before) and not kept[FIRST_BAND + sync.LOWER :].any()
    assert np.array_equal(kept[: FIRST_BAND + sync.LOWER], plane[: FIRST_BAND + sync.LOWER])


def test_the_pilots_of_another_message_do_not_bear_one_out() -> None:
    plane, place = plane_of(COPIES[0], 40, 200, 0, 0.5), sync.Alignment(0.0, 40, 50.0)
    assert reading.borne_out(plane, place, chips.expected(KEY, COPIES[0]))
    assert not any(reading.borne_out(plane, place, chips.expected(KEY, other)) for other in STRANGERS)


def test_cells_of_a_message_are_those_that_pilots_leave() -> None:
    layout, signs = chips.layout(KEY), code.encode(COPIES[0], KEY)
    pattern, pilots = chips.expected(KEY, COPIES[0]).pilots(17, 60), layout.pilots(17, 60)
    assert ((pattern == 0) == (pilots != 0)).all()
    assert np.array_equal(pattern + pilots, layout.chips(signs, 17, 60))


def test_without_a_mark_a_name_is_heard_no_more_often_than_its_p_value_says() -> None:
    rng, small = np.random.default_rng(0), 0
    for seed in range(100):
        plane = rng.standard_normal((BANDS, 160)).astype(np.float32)
        key = WatermarkKey(np.random.default_rng(seed).bytes(32))
        places, searched = sync.search(plane, chips.expected(key, COPIES[0]), keep=1)
        small += places[0].p_value(searched) <= 0.05
    assert small <= 15  # of 100 at 0.05 more than 15 has a chance of 4e-5
