"""The detector's own windows, filter and peaks are SciPy's."""

import numpy as np
import pytest
from scipy import signal

from detector.music.windows import above, hann, highpass_taps, peaks, taper


@pytest.mark.parametrize("size", [512, 4096, 16384, 160_000, 321_001])
def test_windows_are_scipys(size: int) -> None:
    assert np.array_equal(hann(size), signal.get_window("hann", size))
    assert np.array_equal(taper(size), signal.get_window(("tukey", 0.25), size))


@pytest.mark.parametrize("size", [301, 7741, 7742, 7892, 7893, 8192, 8193, 50_000])
def test_the_filter_is_scipys(size: int) -> None:
    taps = signal.firwin(301, 2000.0, fs=32000, pass_zero=False)
    assert np.allclose(highpass_taps(32000), taps, atol=1e-15)
    samples = np.random.default_rng(1).normal(size=size).astype(np.float32)
    wanted = signal.oaconvolve(samples.astype(np.float64), taps, mode="same")
    found = above(samples, 32000)
    assert found.dtype == np.float32
    assert np.allclose(found, wanted, atol=3e-6)


@pytest.mark.parametrize("seed", range(20))
def test_peaks_are_scipys(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=300)
    if seed % 2:
        values = np.round(values * 2) / 2 + 1e-3 * np.arange(300)[::-1] * (seed % 4 == 1)
    height = float(values.mean())
    for distance in (1, 5, 20):
        wanted, _ = signal.find_peaks(values, height=height, distance=distance)
        found = peaks(values, height, distance)
        if seed % 4 == 3:  # among equal peaks the choice is free
            assert np.diff(found).min(initial=distance) >= distance
        else:
            assert found.tolist() == wanted.tolist()
    assert peaks(np.zeros(9), 0.0, 5).size == 0
