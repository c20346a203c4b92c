"""Two recordings are laid side by side: where one is heard in the other, and how it was changed."""

import pytest
import torch

from provenance.fingerprint import Fingerprint, align, extract
from tests.provenance.fingerprint.test_index import RATE, played_faster
from tests.signals import music, noise, silence


@pytest.fixture(scope="module")
def original() -> Fingerprint:
    return extract(music(24.0, RATE, seed=300), RATE)


def test_a_part_at_another_speed_is_found_where_it_lies(original: Fingerprint) -> None:
    part = played_faster(music(24.0, RATE, seed=300)[:, 8 * RATE : 20 * RATE], 1.06)
    around = [noise(3.0, RATE, 1, channels=2), part, noise(4.0, RATE, 2, channels=2)]
    found = align(original, extract(torch.cat(around, dim=-1), RATE))
    assert found is not None
    main = found.main
    assert main.start_s == pytest.approx(3.0, abs=1.5)
    assert main.end_s == pytest.approx(14.3, abs=1.5)
    assert main.track_start_s - main.speed * (main.start_s - 3.0) == pytest.approx(8.0, abs=0.2)
    assert main.speed == pytest.approx(1.06, abs=0.005)
    assert found.score == pytest.approx(11.3 / 18.3, abs=0.2) and main.p_value < 1e-6


def test_parts_in_another_order_are_two_stretches(original: Fingerprint) -> None:
    song = music(24.0, RATE, seed=300)
    swapped = torch.cat([song[:, 12 * RATE :], song[:, : 12 * RATE]], dim=-1)
    found = align(original, extract(swapped, RATE))
    assert found is not None
    first, second = (one for one in found.heard if one.matched_s > 5)
    assert [first.start_s, first.track_start_s] == pytest.approx([0.0, 12.0], abs=1.0)
    assert [second.start_s, second.track_start_s] == pytest.approx([12.0, 0.0], abs=1.0)


def test_strangers_share_nothing(original: Fingerprint) -> None:
    assert align(original, extract(music(24.0, RATE, seed=301), RATE)) is None


def test_what_has_no_peaks_is_heard_nowhere(original: Fingerprint) -> None:
    silent = extract(silence(5.0, RATE), RATE)
    assert align(original, silent) is None and align(silent, original) is None
