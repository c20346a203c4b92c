"""Is there a comb with the clock of a decoder? Scores that need no training.

A comb with spacing d puts a peak at every multiple of 1/d into the whitened autocorrelation. Its score is the
sum of the correlation at those lags, each limited to four standard deviations and weighted by the height that
a steady peak keeps there (a matched filter), in units of what unrelated lags give. The limit is what keeps
music out: a loop of exactly half a second gives a few enormous peaks, a decoder gives a hundred small ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from detector.decoders import SPACINGS_HZ
from detector.music.spectra import LAG_RATE, LAST_LAG_S, Array, Block

Scores = NDArray[np.float64]

FIRST_LAG_S = 0.03
"""Shorter lags hold the timbre, not the clock."""
NOISE_FROM_S = 0.15
CLIP = 4.0
OPEN_HZ = (20.0, 160.0)
STAGES = ((1.0, 2e-5, 240), (2.4, 3.75e-6, 40), (6.0, 1.5e-6, 8))
"""Of the open search: lags up to so many seconds, step between spacings, candidates kept. A peak keeps its
width at every lag, so the step shrinks as the lags grow."""
UNEVEN = (2, 3, 4, 5, 6, 7, 8)
APART = 10.0
"""What one signal's score may exceed the other's by in the open search: a decoder leaves lines and flutter,
an exact loop or a chip's oscillator one of them."""


@dataclass(frozen=True)
class Open:
    """The strongest comb of any spacing.

    Attributes:
        z: its score in both signals together, see `together`.
        spacing_hz: distance between its lines, to about one part in 500,000.
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

    def within(self, last_s: float) -> "Row":
        """The row for a clock that keeps step for `last_s` only: lags up to it, weights falling to 0."""
        size = int(last_s * LAG_RATE) + 1
        if size >= self.values.size:
            return self
        fall = np.linspace(1, 0, size, endpoint=False, dtype=np.float32)
        return Row(self.values[:size], self.support[:size] * fall)


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
    lags = _teeth(spacing_hz, row.values.size)
    if lags.size < 3:
        return 0.0
    weights = row.support[lags]
    return float(weights @ row.values[lags] / np.sqrt(weights @ weights + 1e-12))


@lru_cache(maxsize=12 * len(SPACINGS_HZ))
def _teeth(spacing_hz: float, size: int) -> NDArray[np.int64]:
    """Lags of the multiples of a comb's period, from `FIRST_LAG_S` to the last of `size` lags."""
    last_s = (size - 1) / LAG_RATE
    multiples = np.arange(np.ceil(FIRST_LAG_S * spacing_hz), np.floor(last_s * spacing_hz) + 1)
    lags = np.rint(multiples * (LAG_RATE / spacing_hz)).astype(np.int64)
    return lags[lags < size]


def contrasts(row: Row, speed: float = 1.0) -> Scores:
    """Scores of every spacing of the table at a playing speed, in the order of `SPACINGS_HZ`."""
    return np.array([contrast(row, s * speed) for s in SPACINGS_HZ])


def even_contrast(row: Row, spacing_hz: float) -> float:
    """Score of a comb that every one of its teeth must carry.

    A tune's beat, or a note three octaves higher, has peaks at every n-th multiple of many spacings, and a
    few high peaks make a high sum. So the score is the least of `contrast` and of what is left of it without
    every n-th multiple, n from 2 to 8, each in units of its own spread and made up for the teeth left out.

    Args:
        row: one signal.
        spacing_hz: distance between the lines.
    """
    last_s = (row.values.size - 1) / LAG_RATE
    multiples = np.arange(int(np.ceil(FIRST_LAG_S * spacing_hz)), int(last_s * spacing_hz) + 1)
    if multiples.size < 3:
        return 0.0
    lags = np.rint(multiples * (LAG_RATE / spacing_hz)).astype(np.int64)
    weights = row.support[lags].astype(np.float64)
    parts, squares = weights * row.values[lags], weights * weights
    least = float(parts.sum() / np.sqrt(squares.sum() + 1e-12))
    for n in UNEVEN:
        kept = multiples % n != 0
        spread = np.sqrt(squares[kept].sum() * (1 - 1 / n) + 1e-12)
        least = min(least, float(parts[kept].sum() / spread))
    return least


def together(lines: float, flutter: float) -> float:
    """One score for both signals: their sum over its standard deviation, neither counted beyond `APART` more
    than the other.

    >>> round(together(8.0, 8.0), 2), round(together(40.0, 0.0), 2)
    (11.31, 7.07)
    """
    return (min(lines, flutter + APART) + min(flutter, lines + APART)) / float(np.sqrt(2.0))


def open_at(rows: Sequence[Row], spacing_hz: float) -> Open:
    """The comb of one spacing in both signals."""
    lines, flutter = (even_contrast(row, spacing_hz) for row in rows)
    return Open(together(lines, flutter), spacing_hz)


def open_search(rows: Sequence[Row]) -> Open:
    """Search all spacings from 20 to 160 Hz, known or not, at any playing speed.

    Lines and flutter of one clock share its period, so their correlations are added before the search: a
    second look instead of a second lottery. Short lags find candidates, longer ones sort them out, and the
    best is the one that scores highest in `open_at`.

    Args:
        rows: both signals.
    """
    values = np.sum([row.values for row in rows], 0) / np.sqrt(len(rows))
    joint = Row(np.asarray(values, np.float32), rows[0].support)
    last_s, step, kept = STAGES[0]
    low, high = OPEN_HZ
    spacings = low * np.exp(np.arange(0, np.log(high / low), step))
    coarse = _coarse(joint, spacings, last_s)
    peaks = np.flatnonzero((coarse[1:-1] >= coarse[:-2]) & (coarse[1:-1] > coarse[2:])) + 1
    found = spacings[peaks[np.argsort(-coarse[peaks], kind="stable")[:kept]]]
    for last_s, finer, kept in STAGES[1:]:
        shifts = finer * np.arange(-round(step / finer / 2) - 1, round(step / finer / 2) + 2)
        tried = found[:, None] * (1 + shifts)
        z = scores_at(joint, tried.ravel(), last_s).reshape(tried.shape)
        best = z.argmax(1)
        at = np.arange(len(found))
        order = np.argsort(-z[at, best], kind="stable")[:kept]
        found, step = tried[at, best][order], finer
    return max((open_at(rows, float(s)) for s in found), key=lambda o: o.z)


def _coarse(row: Row, spacings: Scores, last_s: float) -> Scores:
    """Mean correlation at the multiples of every spacing, in its own units; spacings must ascend."""
    period = LAG_RATE / spacings
    total, count = np.zeros_like(spacings), np.zeros_like(spacings)
    first, last = int(FIRST_LAG_S * LAG_RATE), min(int(last_s * LAG_RATE), row.values.size - 1)
    for multiple in range(1, int(last / period[-1]) + 1):
        # periods fall with the index, so the lags in reach are one contiguous stretch
        begin = int(np.searchsorted(-period, -(last + 0.5) / multiple, side="right"))
        end = int(np.searchsorted(-period, -(first - 0.5) / multiple, side="left"))
        lags = np.rint(multiple * period[begin:end]).astype(np.int64)
        total[begin:end] += row.values[np.minimum(lags, last)]
        count[begin:end] += 1
    return np.asarray(total / np.sqrt(np.maximum(count, 4)), np.float64)


def scores_at(row: Row, spacings: Scores, last_s: float = LAST_LAG_S) -> Scores:
    """`contrast` of many spacings at once, over lags up to `last_s`, [N]; quickest where they ascend."""
    last = min(int(last_s * LAG_RATE), row.values.size - 1)
    scores = np.zeros(spacings.size)
    for k in range(0, spacings.size, 64):
        some = spacings[k : k + 64, None]
        multiples = np.arange(1, int(last / LAG_RATE * some.max()) + 1)
        lags = np.rint(multiples * (LAG_RATE / some)).astype(np.int64)
        within = (lags <= last) & (lags >= FIRST_LAG_S * LAG_RATE)
        lags = np.minimum(lags, last)
        weights = row.support[lags] * within
        spread = np.sqrt((weights * weights).sum(1) + 1e-12)
        scores[k : k + 64] = (weights * row.values[lags]).sum(1) / spread
    return scores
