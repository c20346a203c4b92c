"""Keys: a query must probe the key under which the reference was filed, within the promised tolerance."""

import numpy as np

from provenance.fingerprint import triplets
from provenance.fingerprint.peaks import Peaks


def random_peaks(seed: int, count: int = 60) -> Peaks:
    rng = np.random.default_rng(seed)
    frame = np.sort(rng.uniform(0, 300, count)).astype(np.float32)
    return Peaks(
        frame,
        rng.uniform(20, 120, count).astype(np.float32),
        rng.uniform(3, 30, count).astype(np.float32),
        np.zeros(count, int),
    )


def share_found(peaks: Peaks, changed: Peaks) -> float:
    """Of all triplets, those whose filed key is among the probes of the same triplet after the change."""
    before, after = triplets.form(peaks, 60), triplets.form(changed, 60)
    filed = set(triplets.keys(before.descriptor, before.detail).tolist())
    key, owner = triplets.probes(after.descriptor, after.detail)
    hit = np.zeros(len(after.frame), bool)
    hit[owner[np.isin(key, list(filed))]] = True
    return float(hit.mean())


def test_own_key_comes_first_among_the_probes() -> None:
    hashes = triplets.form(random_peaks(1), 6)
    key, owner = triplets.probes(hashes.descriptor, hashes.detail)
    own = triplets.keys(hashes.descriptor, hashes.detail)
    assert np.array_equal(key[: len(own)], own) and np.array_equal(owner[: len(own)], np.arange(len(own)))
    assert own.min() >= 0 and key.min() >= 0 and max(own.max(), key.max()) < triplets.KEYS
    assert len(np.unique(np.stack([key, owner]), axis=1).T) == len(key)  # nothing is probed twice


def test_tempo_and_pitch_do_not_lose_the_key() -> None:
    peaks = random_peaks(2)
    for tempo, bins in ((1.05, 0.0), (1.0, 2.5), (1.0, -2.5), (0.95, -2.66), (1.1, 4.95)):
        changed = Peaks(
            (peaks.frame / tempo).astype(np.float32), peaks.bin + np.float32(bins), peaks.salience, peaks.rank
        )
        assert share_found(peaks, changed) > 0.7, (tempo, bins)


def test_other_peaks_share_few_keys() -> None:
    assert share_found(random_peaks(3, 30), random_peaks(4, 30)) < 0.05


def test_too_few_peaks() -> None:
    for count in (0, 1, 2):
        assert len(triplets.form(random_peaks(5, count), 6).frame) == 0


def test_span_and_frequency_tell_tempo_and_pitch() -> None:
    peaks = random_peaks(6, 3)
    peaks = Peaks(
        np.array([0, 20, 60], np.float32), np.array([50, 60, 70], np.float32), peaks.salience, peaks.rank
    )
    slow = Peaks(peaks.frame * np.float32(1.1), peaks.bin + 4, peaks.salience, peaks.rank)
    one, two = triplets.form(peaks, 2), triplets.form(slow, 2)
    assert one.descriptor == two.descriptor
    assert abs(np.exp(triplets.log_span(two.detail) - triplets.log_span(one.detail))[0] - 1.1) < 0.02
    assert (triplets.transposition(two.detail) - triplets.transposition(one.detail))[0] == 4
