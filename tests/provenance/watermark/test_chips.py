import numpy as np

from provenance.watermark import chips, code
from provenance.watermark.grid import CELL_BANDS
from provenance.watermark.key import WatermarkKey

KEY = WatermarkKey(bytes(range(32)))
LAYOUT = chips.layout(KEY)


def test_every_block_carries_each_code_bit_once_and_the_rest_as_pilots() -> None:
    for block in (0, 7, chips.BLOCKS - 1):
        columns = slice(block * chips.BLOCK_COLUMNS, (block + 1) * chips.BLOCK_COLUMNS)
        bits = LAYOUT.bit[:, columns].ravel()
        assert (bits < 0).sum() == chips.PILOTS
        assert sorted(bits[bits >= 0]) == list(range(code.CODE_BITS))


def test_chips_are_a_coin_toss() -> None:
    # 196,608 fair signs: the mean leaves ±0.0113 with probability 6e-7
    assert abs(LAYOUT.signs.mean()) < 0.0113


def test_layouts_of_two_keys_are_unrelated() -> None:
    other = chips.layout(WatermarkKey(bytes(32)))
    agreement = float((LAYOUT.signs * other.signs).mean())
    assert abs(agreement) < 0.0113
    assert (LAYOUT.bit == other.bit).mean() < 0.1


def test_chips_wrap_around_the_cycle() -> None:
    signs = code.encode(b"trackmrk", KEY)
    plane = LAYOUT.chips(signs, chips.CYCLE_COLUMNS - 5, 10)
    assert plane.shape == (CELL_BANDS, 10)
    assert np.array_equal(plane[:, 5:], LAYOUT.chips(signs, 0, 5))
    assert set(np.unique(plane)) == {-1.0, 1.0}


def test_tracks_start_all_over_the_cycle() -> None:
    starts = {chips.start_column(KEY, bytes([0] * 7 + [n])) for n in range(200)}
    # 200 draws of 256 places leave about 139 distinct ones; fewer than 100 has no practical chance
    assert len(starts) > 100
    assert all(start % chips.BLOCK_COLUMNS == 0 for start in starts)
