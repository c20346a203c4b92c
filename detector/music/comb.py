"""Is there a comb with the clock of a decoder? Scores that need no training.

A comb with spacing d puts a peak at every multiple of 1/d into the whitened autocorrelation. Its score is the
sum of the correlation at those lags, each limited to four standard deviations and weighted by the height that
a steady peak keeps there (a matched filter), in units of what unrelated lags give. The limit is what keeps
music out: a loop of exactly half a second gives a few enormous peaks, a decoder gives a hundred small ones.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.music.families import SPACINGS_HZ
from detector.music.spectra import LAG_RATE, Array, Block

Scores = NDArray[np.float64]

FIRST_LAG_S = 0.03
"""Shorter lags hold the timbre, not the clock."""
NOISE_FROM_S = 0.15
CLIP = 4.0
OPEN_HZ = (20.0, 160.0)
OPEN_STEP = 6e-5
OPEN_LAG_S = 0.35
CANDIDATES = 6


@dataclass(frozen=True)
class Open:
    """The strongest comb of any spacing.

    Attributes:
        z: its score.
        spacing_hz: distance between its lines, to about one part in 200,000.
    """

    z: float
    spacing_hz: float


@dataclass(frozen=True)
class Row:
    """One signal's correlation, ready to be searched.

    Attributes:
        values: in units of their own spread at long lags, limited to `CLIP`, [lags].
        support: expected height of a steady peak at each lag, [lags].
    """

    values: Array
    support: Array


def rows_of(block: Block) -> tuple[Row, ...]:
    """The correlations of a loud block, one per signal."""
    correlations = block.correlations.astype(np.float32)
    spread = correlations[:, int(NOISE_FROM_S * LAG_RATE) :].std(1, keepdims=True)
    limited = np.clip(correlations / (spread + 1e-9), -CLIP, CLIP).astype(np.float32)
    return tuple(Row(values, block.support) for values in limited)


def contrast(row: Row, spacing_hz: float) -> float:
    """Score of the comb with one spacing.

    Args:
        row: one signal.
        spacing_hz: distance between the lines.

    Returns:
        Weighted sum over the lags over its standard deviation; 0 where fewer than three lags fit.
    """
    last_s = (row.values.size - 1) / LAG_RATE
    multiples = np.arange(np.ceil(FIRST_LAG_S * spacing_hz), np.floor(last_s * spacing_hz) + 1)
    if multiples.size < 3:
        return 0.0
    lags = np.rint(multiples * (LAG_RATE / spacing_hz)).astype(np.int64)
    lags = lags[lags < row.values.size]
    weights = row.support[lags]
    return float(weights @ row.values[lags] / np.sqrt(weights @ weights + 1e-12))


def contrasts(row: Row, speed: float = 1.0) -> Scores:
    """Scores of every spacing of the table at a playing speed, in the order of `SPACINGS_HZ`."""
    return np.array([contrast(row, s * speed) for s in SPACINGS_HZ])


def open_search(row: Row) -> Open:
    """Search all spacings from 20 to 160 Hz, known or not, at any playing speed.

    Short lags find candidates (a step of 6e-5 keeps every peak within half a lag), all lags refine them.
    Finer combs than 20 Hz are too short of repeats; wider ones also score at their submultiples in the range.

    Args:
        row: one signal.
    """
    low, high = OPEN_HZ
    spacings = low * np.exp(np.arange(0, np.log(high / low), OPEN_STEP))
    period = LAG_RATE / spacings
    total, count = np.zeros_like(spacings), np.zeros_like(spacings)
    first, last = int(FIRST_LAG_S * LAG_RATE), int(OPEN_LAG_S * LAG_RATE)
    for multiple in range(1, int(OPEN_LAG_S * high) + 1):
        lags = np.rint(multiple * period).astype(np.int64)
        # periods fall with the index, so the lags in reach are one contiguous stretch
        begin = int(np.searchsorted(-lags, -last, side="left"))
        end = int(np.searchsorted(-lags, -first, side="right"))
        total[begin:end] += row.values[lags[begin:end]]
        count[begin:end] += 1
    coarse = total / np.sqrt(np.maximum(count, 4))
    best = Open(0.0, float(spacings[0]))
    for _ in range(CANDIDATES):
        k = int(coarse.argmax())
        for shift in np.arange(-15, 16) * (OPEN_STEP / 15):
            spacing_hz = float(spacings[k] * (1 + shift))
            z = contrast(row, spacing_hz)
            if z > best.z:
                best = Open(z, spacing_hz)
        coarse[max(0, k - 20) : k + 21] = -np.inf
    return best
