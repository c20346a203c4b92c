"""Keys: a query must ask for the key under which the reference was filed, at its own speed and pitch."""

import numpy as np
import pytest

from provenance.fingerprint import triplets
from provenance.fingerprint.peaks import Peaks


def random_peaks(seed: int, count: int = 60) -> Peaks:
    rng = np.random.default_rng(seed)
    frame = np.sort(rng.uniform(0, 300, count)).astype(np.float32)
    return Peaks(
        frame,
        rng.uniform(30, 120, count).astype(np.float32),
        rng.uniform(3, 30, count).astype(np.float32),
        np.zeros(count, int),
    )


def changed(peaks: Peaks, tempo: float, bins: float) -> Peaks:
    return Peaks(
        (peaks.frame / tempo).astype(np.float32), peaks.bin + np.float32(bins), peaks.salience, peaks.rank
    )


def cells(peaks: Peaks, targets: int = 60) -> np.ndarray:
    return triplets.values(triplets.form(peaks, targets).hashes)


def share_found(filed: np.ndarray, asked: np.ndarray, thorough: bool) -> float:
    """Of the asked triplets, those that ask for a key under which one was filed."""
    known = triplets.keys(filed)
    key, owner = triplets.keys(asked), np.arange(asked.shape[1])
    if thorough:
        probes = triplets.probes(asked)
        key, owner = probes.key, probes.owner
    hit = np.zeros(asked.shape[1], bool)
    hit[owner[np.isin(key, known)]] = True
    return float(hit.mean())


def test_packing_keeps_the_values() -> None:
    peaks = Peaks(
        np.array([4.0, 21.5, 60.25], np.float32), np.array([50.5, 60.0, 40.25], np.float32), *np.zeros((2, 3))
    )
    row = triplets.values(triplets.form(peaks, 2).hashes)[:, 0]
    size = np.array([0.5, 0.5, 0.5, 2.0, 2.0])
    assert row * size == pytest.approx([9.5 + 32, -10.25 + 32, 50.5, 17.5, 56.25])


def test_keys_are_distinct_and_spread() -> None:
    filed = cells(random_peaks(1, 200), 8)
    whole = np.floor(filed).astype(int)
    key = triplets.keys(filed)
    assert len(np.unique(key)) == len(np.unique(whole, axis=1).T) > 3000  # scrambling merges no two cells
    assert key.min() >= 0 and key.max() < 1 << triplets.KEY_BITS
    slots = np.bincount(np.unique(key) >> (triplets.KEY_BITS - 6), minlength=64)
    assert slots.min() > 0.4 * slots.mean() and slots.max() < 1.8 * slots.mean()


def test_own_key_comes_first_among_the_probes() -> None:
    asked = cells(random_peaks(1), 6)
    probes = triplets.probes(asked)
    own = triplets.keys(asked)
    assert np.array_equal(probes.key[: len(own)], own) and np.array_equal(
        probes.own, np.arange(len(probes.key)) < len(own)
    )
    assert np.array_equal(probes.owner[: len(own)], np.arange(len(own)))
    assert len(np.unique(np.stack([probes.key, probes.owner]), axis=1).T) == len(probes.key)  # nothing twice


@pytest.mark.parametrize(
    ("tempo", "bins"), [(1.05, 0.0), (1.0, 2.5), (0.9, -5.5), (1.25, 11.6), (0.8, 0.0), (1.15, 13.3)]
)
def test_undoing_the_change_finds_the_keys(tempo: float, bins: float) -> None:
    peaks = random_peaks(2)
    asked = cells(changed(peaks, tempo, bins))
    filed, undone = cells(peaks), triplets.at(asked, tempo, bins)
    # A faster query also joins peaks that lie too far apart in the track, a slower one too near ones.
    undone = undone[:, (undone[4] < filed[4].max() - 1) & (undone[4] > filed[4].min() + 1)]
    assert share_found(filed, undone, thorough=True) > 0.9
    assert share_found(filed, undone, thorough=False) > 0.5
    assert share_found(filed, asked, thorough=True) < 0.25


def test_neighbours_make_up_for_small_errors() -> None:
    peaks, rng = random_peaks(7), np.random.default_rng(0)
    moved = Peaks(
        (peaks.frame + rng.normal(0, 0.4, 60)).astype(np.float32),
        (peaks.bin + rng.normal(0, 0.05, 60)).astype(np.float32),
        peaks.salience,
        peaks.rank,
    )
    filed, asked = cells(peaks), cells(moved)
    assert share_found(filed, asked, thorough=True) > 0.8
    assert share_found(filed, asked, thorough=True) > share_found(filed, asked, thorough=False) + 0.15


def test_other_peaks_share_few_keys() -> None:
    assert share_found(cells(random_peaks(3, 30)), cells(random_peaks(4, 30)), thorough=True) < 0.02


def test_values_off_the_scales_have_no_key() -> None:
    filed = cells(random_peaks(5))
    assert (triplets.keys(triplets.at(filed, 1.0, 400.0)) == -1).all()
    assert len(triplets.probes(triplets.at(filed, 1.0, -400.0)).key) == 0


def test_too_few_peaks() -> None:
    for count in (0, 1, 2):
        assert len(triplets.form(random_peaks(5, count), 6).frame) == 0
