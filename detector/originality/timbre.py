"""Timbre: how the cepstral coefficients of a track are distributed.

Sources: M. Mandel and D. Ellis, Song-Level Features and Support Vector Machines for Music Classification,
ISMIR 2005 (one Gaussian for a song); A. Bhattacharyya, 1943 (its distance).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from detector.originality.frames import HOP_S, Array

COEFFICIENTS = 16
"""The first, which is the level, is left out."""
FLOOR_DB = 60.0
GATE_DB = 45.0
"""Frames so far below the loudest are left out."""
WINDOW_S = 6.0
LEAST_FRAMES = 2 * COEFFICIENTS
REGULAR = 1.0
"""Added to each variance, in decibels squared: a synthesiser's constant sound has none."""


@dataclass(frozen=True)
class Timbre:
    """A track's timbre.

    Attributes:
        mean: of the coefficients, in decibels, [K].
        covariance: their covariance, [K, K].
        windows: means of stretches of `WINDOW_S`, [W, K]; not a number where a stretch is silent.
        frames: how many frames were loud enough.
    """

    mean: Array
    covariance: Array
    windows: Array
    frames: int


def timbre(mel: Array) -> Timbre:
    """Timbre of levels in mel bands from `frames`, [N, mel bands]."""
    cepstrum = cepstra(mel)
    loud = _loud(mel)
    heard = cepstrum[loud]
    size = round(WINDOW_S / HOP_S)
    windows = np.full((max(1, round(len(mel) / size)), COEFFICIENTS), np.nan, np.float32)
    for place in range(len(windows)):
        part = slice(place * size, (place + 1) * size)
        if loud[part].sum() >= LEAST_FRAMES:
            windows[place] = cepstrum[part][loud[part]].mean(0)
    if len(heard) < 2:
        nothing = np.zeros(COEFFICIENTS, np.float32)
        return Timbre(nothing, np.eye(COEFFICIENTS, dtype=np.float32), windows, len(heard))
    spread = np.cov(heard.T) + REGULAR * np.eye(COEFFICIENTS)
    return Timbre(heard.mean(0), np.asarray(spread, np.float32), windows, len(heard))


def cepstra(mel: Array) -> Array:
    """Cepstral coefficients of levels in decibels, without the level itself, [N, K]."""
    # what lies far below the loudest is a floor of numbers, not of sound
    level = np.maximum(mel, mel.max() - FLOOR_DB)
    made = fft.dct(level, axis=1, norm="ortho")[:, 1 : COEFFICIENTS + 1]
    return np.asarray(made / np.sqrt(mel.shape[1] / 2), np.float32)


def _loud(mel: Array) -> NDArray[np.bool_]:
    level = mel.max(1)
    return np.asarray(level > max(float(level.max()) - GATE_DB, -60.0), np.bool_)


def determinants(covariances: Array) -> Array:
    """Logarithms of the determinants of covariances, [..., K, K] -> [...]."""
    return np.asarray(np.linalg.slogdet(covariances.astype(np.float64))[1], np.float32)


def distances(mean: Array, covariance: Array, means: Array, covariances: Array, logs: Array) -> Array:
    """Bhattacharyya distances between one Gaussian and many, [N].

    Args:
        mean: of the one, [K].
        covariance: of the one, [K, K].
        means: of the many, [N, K].
        covariances: of the many, [N, K, K].
        logs: their `determinants`, [N].
    """
    lower = np.linalg.cholesky((covariance.astype(np.float64) + covariances) / 2)
    log = 2 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(1)
    solved = _forward(lower, means.astype(np.float64) - mean)
    values = np.square(solved).sum(1) / 8 + (log - (determinants(covariance) + logs) / 2) / 2
    return np.asarray(np.maximum(values, 0.0), np.float32)


def _forward(lower: NDArray[np.floating[Any]], apart: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """What lower triangles turn into given rows, [N, K, K] and [N, K] -> [N, K]."""
    solved = np.zeros_like(apart)
    for place in range(apart.shape[1]):
        known = np.einsum("nk,nk->n", lower[:, place, :place], solved[:, :place])
        solved[:, place] = (apart[:, place] - known) / lower[:, place, place]
    return solved
