"""Autocorrelations on a logarithmic axis of lags, where another tempo is a shift.

Two recordings of one rhythm or tune at different tempi have the same autocorrelation, stretched; over the
logarithm of the lag, the stretch is a shift.

Sources: A. Holzapfel and Y. Stylianou, Scale transform in rhythmic similarity of music, IEEE TASLP 19, 2011;
M. Gruhne et al., Improving Rhythmic Similarity Computation by Beat Histogram Transformations, ISMIR 2009.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from detector.originality.frames import Array

PER_STEP = 0.03
"""Two lags beside each other differ by three per cent."""
SLOW = 15
"""Lags over which the slow change of an autocorrelation is averaged."""
FURTHEST = 24
"""Steps that two tempi may lie apart: about a factor of two either way."""
SHIFTS = 2 * FURTHEST + 1
LEAST = 1e-9
"""Added to what is divided by: what is empty is like nothing."""


@dataclass(frozen=True)
class Axis:
    """Lags in equal ratios.

    Attributes:
        first_s: the shortest, in seconds.
        count: how many.
    """

    first_s: float
    count: int

    @property
    def lags_s(self) -> Array:
        """All of them, [count]."""
        return np.asarray(self.first_s * np.exp(PER_STEP * np.arange(self.count)), np.float32)


def autocorrelation(rows: Array, step_s: float, axis: Axis) -> Array:
    """Autocorrelation of a sequence over time and, circularly, over its second axis.

    Args:
        rows: a sequence, its mean taken out, [N, D]; D of 12 pitch classes turn into each other by
            transposition, D of 1 is an ordinary signal.
        step_s: time between two rows, in seconds.
        axis: lags.

    Returns:
        In units of the value at lag 0, for each turn of the second axis, [D, lags]; 0 where the sequence is
        too short for a lag.
    """
    size = fft.next_fast_len(2 * len(rows), real=True)
    spectrum = fft.fft(fft.rfft(rows, size, axis=0), axis=1)
    power = np.square(np.abs(spectrum))
    correlation = fft.irfft(fft.ifft(power, axis=1).real, size, axis=0)[: len(rows)]
    lengths = np.arange(len(rows), 0, -1)[:, None]
    whole = correlation[0, 0] / len(rows) + 1e-12
    enough = np.maximum(lengths, len(rows) // 3)
    correlation = correlation / enough / whole
    times = np.arange(len(rows)) * step_s
    picked = [np.interp(axis.lags_s, times, column, right=0.0) for column in correlation.T]
    return np.asarray(picked, np.float32)


def sharpened(rows: Array) -> Array:
    """Autocorrelations without what changes slowly over the lag, [..., L]: sounds that die away."""
    return np.asarray(rows - ndimage.uniform_filter1d(rows, SLOW, axis=-1, mode="nearest"), np.float32)


def cosines(one: Array, many: Array, long: Array) -> Array:
    """Highest cosine of an autocorrelation with each of many over all shifts, [K]: one product of matrices.

    The middle of the one is looked for in each of the many, and the middle of each of them in the one: so
    the order of two tracks does not matter.

    Args:
        one: [D, L].
        many: [K, D * L].
        long: their `lengths`, [K, shifts + 1].
    """
    sought, own = _shifted(one), lengths(one[None])[0]
    products = many @ sought.reshape(len(sought), -1).T
    products[:, :SHIFTS] /= own[SHIFTS] * long[:, :SHIFTS] + LEAST
    products[:, SHIFTS:] /= long[:, SHIFTS:] * own[:SHIFTS] + LEAST
    return np.asarray(products.max(1), np.float32)


def lengths(many: Array) -> Array:
    """Euclidean lengths of each stretch of autocorrelations, and last of the middle, [K, shifts + 1].

    Args:
        many: [K, D, L].
    """
    wide = many.shape[-1] - 2 * FURTHEST
    squares = np.cumsum(np.square(many, dtype=np.float64).sum(1), axis=1)
    squares = np.pad(squares, ((0, 0), (1, 0)))
    power = squares[:, wide:] - squares[:, :-wide]
    return np.asarray(np.sqrt(np.maximum(power[:, [*range(SHIFTS), FURTHEST]], 0.0)), np.float32)


def _shifted(one: Array) -> Array:
    """The middle at every shift, then every stretch put into the middle, [2 * shifts, D, L]."""
    made = np.zeros((2 * SHIFTS, *one.shape), np.float32)
    wide = one.shape[-1] - 2 * FURTHEST
    middle = slice(FURTHEST, FURTHEST + wide)
    for shift in range(SHIFTS):
        made[shift, :, shift : shift + wide] = one[:, middle]
        made[SHIFTS + shift, :, middle] = one[:, shift : shift + wide]
    return made
