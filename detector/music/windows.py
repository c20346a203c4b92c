"""Windows and the one filter of the music detector.

As `scipy.signal` has them, whose import alone takes longer than the check of a minute of music.

Source: F. J. Harris, On the use of windows for harmonic analysis, Proceedings of the IEEE 66 (1978).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Array = NDArray[np.float32]
Vector = NDArray[np.float64]

TAPER = 0.25
TAPS = 301
ABOVE_HZ = 2000.0
FILTERED = 8192
"""Samples filtered at a time."""


@lru_cache(maxsize=8)
def hann(size: int) -> Vector:
    """Hann window, periodic, [size]."""
    return np.asarray(0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, size + 1)), np.float64)[:-1]


@lru_cache(maxsize=8)
def taper(size: int) -> Vector:
    """Tukey window, periodic: flat but for `TAPER` of its length, [size]."""
    places = np.arange(size + 1)
    width = int(np.floor(TAPER * size / 2.0))
    rise, fall = places[: width + 1], places[size - width :]
    window = np.ones(size + 1)
    window[: width + 1] = 0.5 * (1 + np.cos(np.pi * (-1 + 2.0 * rise / TAPER / size)))
    window[size - width :] = 0.5 * (1 + np.cos(np.pi * (-2.0 / TAPER + 1 + 2.0 * fall / TAPER / size)))
    return window[:-1]


@lru_cache(maxsize=1)
def highpass_taps(sample_rate: int) -> Vector:
    """Linear-phase filter of `TAPS` taps that passes what is above `ABOVE_HZ`, [TAPS]."""
    edge = ABOVE_HZ / (0.5 * sample_rate)
    places = np.arange(TAPS) - 0.5 * (TAPS - 1)
    hamming = 0.54 + (1 - 0.54) * np.cos(np.linspace(-np.pi, np.pi, TAPS))
    taps = (np.sinc(places) - edge * np.sinc(edge * places)) * hamming
    return np.asarray(taps / np.sum(taps * np.cos(np.pi * places)), np.float64)


def above(samples: Array, sample_rate: int) -> Array:
    """What is above `ABOVE_HZ`, [T] -> [T].

    By overlap-save: taken sample by sample, 301 taps cost some 200 times as much, and 300 times the memory
    of the audio where the samples are laid out for it.
    """
    step = FILTERED - TAPS + 1
    count = -(-samples.size // step)
    padded = np.zeros(count * step + TAPS - 1, np.float32)
    padded[TAPS // 2 : TAPS // 2 + samples.size] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, FILTERED)[::step]
    spectrum = fft.rfft(frames, axis=1)
    spectrum *= _response(sample_rate)
    # of each frame, the first samples lack what lies before it
    filtered = fft.irfft(spectrum, FILTERED, axis=1)[:, TAPS - 1 :]
    return np.asarray(filtered.reshape(-1)[: samples.size], np.float32)


@lru_cache(maxsize=1)
def _response(sample_rate: int) -> NDArray[np.complex64]:
    """Of the filter, [`FILTERED` / 2 + 1]."""
    return np.asarray(fft.rfft(highpass_taps(sample_rate), FILTERED), np.complex64)


def peaks(values: Vector, height: float, distance: int) -> NDArray[np.int64]:
    """Places of local maxima of at least `height`, the higher ones first claiming `distance` places around.

    Of a flat top the middle is taken; an end of the row is no maximum.
    """
    steps = np.flatnonzero(np.diff(values))  # last place of every level stretch but the last one
    first, last = np.concatenate([[0], steps + 1])[1:-1], steps[1:]
    higher = (values[first] > values[first - 1]) & (values[last] > values[last + 1])
    found = ((first + last) // 2)[higher]
    found = found[values[found] >= height]
    kept = np.ones(found.size, bool)
    for place in np.argsort(values[found])[::-1]:
        if kept[place]:
            near = np.abs(found - found[place]) < distance
            kept &= ~near
            kept[place] = True
    return np.asarray(found[kept], np.int64)
