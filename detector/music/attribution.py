"""Which known decoders explain the combs of a recording: a regression, so that nothing counts twice.

A comb lends its score to others that share teeth with it: one of 50 Hz has all teeth of that of 100 Hz, and
in the sums of `comb.contrast` the two correlate by 1 / sqrt(2); for spacings as p to q, by 1 / sqrt(p q). So
the measured scores are explained as sums of an architecture's own combs, none negative, each with what it
lends. What is left over speaks against the architecture.

Source: C. Lawson and R. Hanson, Solving Least Squares Problems, 1974 (non-negative least squares).
"""

from fractions import Fraction

import numpy as np

from detector.decoders import ARCHITECTURES, SPACINGS_HZ
from detector.music.comb import Scores

FAITHFUL = 0.1
"""How far scores stray from the model, as a share of the highest one, beside their unit noise."""
LEAST_LENT = 0.05
SAME = 2e-5
LARGEST_RATIO = 256


def lent(spacing_hz: float, other_hz: float) -> float:
    """Correlation of the scores of two combs, 0 to 1.

    >>> round(lent(50.0, 100.0), 4), lent(50.0, 86.1328)
    (0.7071, 0.0)
    """
    ratio = Fraction(other_hz / spacing_hz).limit_denominator(LARGEST_RATIO)
    if abs(float(ratio) * spacing_hz / other_hz - 1) > SAME:
        return 0.0
    shared = float((ratio.numerator * ratio.denominator) ** -0.5)
    return shared if shared > LEAST_LENT else 0.0


LENT = np.array([[lent(own, other) for own in SPACINGS_HZ] for other in SPACINGS_HZ])
OWN = tuple(
    [k for k, spacing_hz in enumerate(SPACINGS_HZ) if spacing_hz in {round(s, 4) for s in a.spacings_hz}]
    for a in ARCHITECTURES
)


def explained(scores: Scores) -> Scores:
    """Log evidence that each architecture explains, against no comb at all, [A].

    Args:
        scores: of every spacing of the table, one row per signal, [2, S].
    """
    total = np.zeros(len(ARCHITECTURES))
    for row in scores:
        noise = 1 + (FAITHFUL * float(row.max())) ** 2
        for number, own in enumerate(OWN):
            rest = row - LENT[:, own] @ non_negative(LENT[:, own], row)
            total[number] += (float(row @ row) - float(rest @ rest)) / (2 * noise)
    return total


def non_negative(columns: Scores, row: Scores) -> Scores:
    """Weights of columns, none negative, whose sum comes nearest to a row (squares), [K].

    As `scipy.optimize.nnls`, whose import takes longer than the check of half a minute of music.

    Args:
        columns: [S, K].
        row: [S].
    """
    weights = np.zeros(columns.shape[1])
    used = np.zeros(columns.shape[1], bool)
    enough = 1e-10 * (1.0 + float(np.abs(columns.T @ row).max(initial=0.0)))
    for _ in range(3 * columns.shape[1]):
        gain = np.where(used, 0.0, columns.T @ (row - columns @ weights))
        if used.all() or gain.max(initial=0.0) <= enough:
            break
        used[gain.argmax()] = True
        while True:
            wanted = np.zeros_like(weights)
            wanted[used] = np.linalg.lstsq(columns[:, used], row, rcond=None)[0]
            negative = used & (wanted < 0.0)
            if not negative.any():
                break
            # as far towards the solution without the bound as no weight turns negative, then without that one
            step = float((weights[negative] / (weights[negative] - wanted[negative])).min())
            weights += step * (wanted - weights)
            used &= weights > enough
            weights[~used] = 0.0
        weights = wanted
    return weights


def posterior(scores: Scores) -> Scores:
    """Weight of each architecture among all of the table, sum 1, [A]; scores as in `explained`."""
    evidence = explained(scores)
    weights = np.exp(evidence - evidence.max())
    return np.asarray(weights / weights.sum(), np.float64)
