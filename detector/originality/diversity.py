"""How many different tracks a collection amounts to, and how sure that is.

The exponential of the entropy of the eigenvalues of a similarity matrix: n tracks that have nothing in common
count n, n copies of one count 1. Source: D. Friedman and A. Dieng, The Vendi Score, TMLR 2023. It grows with
the number of tracks, so collections are compared at one size (rarefaction), and its uncertainty is taken from
random halves without repetition, for a track drawn twice would be taken for sameness (J. Shao and C. Wu, A
General Theory for Jackknife Variance Estimation, Annals of Statistics 17, 1989: half of the tracks deleted).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.counted import counted

Matrix = NDArray[np.float64]

DRAWS = 200
SUBSETS = 4
LARGEST = 60
"""Tracks that one number is computed over; of larger collections, random ones of this size."""
FEWEST = 8
"""Tracks of a period below which nothing is said."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Effective:
    """An effective number of clusters.

    Attributes:
        number: the mean over random subsets.
        low, high: between which it lies with 95 % confidence.
        of: tracks in a subset, the most that `number` can be.
        tracks: how many there are.
    """

    number: float
    low: float
    high: float
    of: int
    tracks: int


def similarity(distances: Matrix, scale: float) -> Matrix:
    """Similarities 0 to 1 of distances, [N, N]: a half at `scale`, a sixteenth at twice it.

    >>> similarity(np.array([[0.0, 0.5], [0.5, 0.0]]), 0.5).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    return np.asarray(np.exp2(-np.square(distances / scale)), np.float64)


def vendi(similarities: Matrix) -> float:
    """Effective number of clusters of a similarity matrix, 1 to N.

    Negative eigenvalues, which a similarity that is no kernel may have, are left out.

    >>> round(vendi(np.eye(3)), 6), round(vendi(np.ones((3, 3))), 6)
    (3.0, 1.0)
    """
    values = np.maximum(np.linalg.eigvalsh(similarities), 0.0)
    shares = values[values > 1e-12] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def size_for(tracks: list[int]) -> int:
    """How many tracks a subset takes, so that collections of these sizes can be compared."""
    return min(LARGEST, min(tracks) // 2)


def effective(similarities: Matrix, size: int, seed: int = 0) -> Effective:
    """Effective number of clusters among `size` tracks of a collection, with its confidence interval.

    Args:
        similarities: of each two tracks, [N, N].
        size: tracks in a subset, at most half of N.
        seed: of the draws: the same tracks give the same numbers.

    Raises:
        ValueError: fewer than two subsets fit.
    """
    count = len(similarities)
    if not 1 < size <= count // 2:
        raise ValueError(f"subsets of {size} need at least {counted(2 * size, 'track')}, there are {count}")
    rng = np.random.default_rng(seed)
    means = []
    for _ in range(DRAWS):
        half = rng.permutation(count)[: count // 2]
        subsets = [rng.permutation(half)[:size] for _ in range(SUBSETS if size < len(half) else 1)]
        means.append(np.mean([vendi(similarities[np.ix_(some, some)]) for some in subsets]))
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Effective(float(np.mean(means)), float(low), float(high), size, count)
