"""A plane in numbers: how levels and their changes are spread, how bands move together, how fast.

Each is averaged over a sixth of the bands, so that a shift of pitch by a few semitones moves little, and is
free of level and of a fixed equaliser, as planes are.

Source: J. McDermott and E. Simoncelli, Sound texture perception via statistics of the auditory periphery,
Neuron 71 (2011): moments, correlations and modulation power as a description of textures.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from lab.music_texture.planes import HOP, RATE, Plane

Values = NDArray[np.float32]

GROUPS = 6
LAGS = (1, 2, 4, 8, 16, 32, 64)
APART = (1, 2, 4, 8, 21, 42)
"""Bands between two that are compared; 21 are an octave."""
STEPS = (1, 4)
MODULATION_HZ = (0.4, 0.8, 1.6, 3.1, 6.2, 12.5, 25.0)
SMALL = 1e-3


def statistics(some: Plane) -> Values:
    """Statistics of one plane, [BANDS, N] -> [F].

    >>> statistics(np.random.default_rng(0).normal(size=(96, 497)).astype(np.float16)).shape
    (205,)
    """
    x = some.astype(np.float32)
    bands = [*_moments(x)]
    for step in STEPS:
        moved = x[:, step:] - x[:, :-step]
        bands += [*_moments(moved), np.abs(moved).mean(1) / (x.std(1) + SMALL)]
    bands += [_lagged(x, lag) for lag in LAGS]
    bands += _modulation(x)
    grouped = [row.reshape(GROUPS, -1).mean(1) for row in bands]
    change = x[:, 1:] - x[:, :-1]
    pairs = [_together(rows, apart) for rows in (x, change) for apart in APART]
    bent = x[2:] - 2 * x[1:-1] + x[:-2]
    grouped += [
        _halves(bent.std(1) / (x[1:-1].std(1) + SMALL)),
        _halves(_kurtosis(bent)),
        *map(_halves, pairs),
    ]
    whole = x.mean(0, keepdims=True)
    alone = [*_moments(whole), *_moments(whole[:, 1:] - whole[:, :-1]), *_modulation(whole)]
    alone += [_lagged(whole, lag) for lag in LAGS]
    return np.asarray(np.nan_to_num(np.concatenate([*grouped, *alone])), np.float32)


def _moments(rows: Values) -> tuple[Values, Values, Values]:
    """Logarithm of the spread, skewness and kurtosis of each row, limited."""
    centred = rows - rows.mean(1, keepdims=True)
    spread = centred.std(1) + SMALL
    unit = centred / spread[:, None]
    square = unit * unit
    return np.log(spread), np.clip((square * unit).mean(1), -5, 5), np.log1p((square * square).mean(1))


def _kurtosis(rows: Values) -> Values:
    return _moments(rows)[2]


def _lagged(rows: Values, lag: int) -> Values:
    """Correlation of each row with itself later."""
    return _correlation(rows[:, lag:], rows[:, :-lag])


def _together(rows: Values, apart: int) -> Values:
    """Correlation of each row with the one so many above."""
    return _correlation(rows[apart:], rows[:-apart])


def _correlation(a: Values, b: Values) -> Values:
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    return np.asarray((a * b).mean(1) / (a.std(1) * b.std(1) + SMALL**2), np.float32)


def _halves(row: Values) -> Values:
    """Mean of the lower, middle and upper third."""
    return np.array([part.mean() for part in np.array_split(row, 3)], np.float32)


def _modulation(rows: Values) -> list[Values]:
    """Share of each octave of modulation in a row's movement, in logarithms."""
    size = fft.next_fast_len(rows.shape[1], real=True)
    spectrum = fft.rfft(rows * np.hanning(rows.shape[1]).astype(np.float32), size, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    hz = np.arange(power.shape[1]) * RATE / HOP / size
    total = power[:, hz >= MODULATION_HZ[0]].sum(1) + SMALL
    return [
        np.log(power[:, (hz >= low) & (hz < high)].sum(1) / total + 1e-4).astype(np.float32)
        for low, high in pairwise(MODULATION_HZ)
    ]
