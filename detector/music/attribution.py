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
    from scipy.optimize import nnls  # slow to import; only recordings with a clear comb need it

    total = np.zeros(len(ARCHITECTURES))
    for row in scores:
        noise = 1 + (FAITHFUL * float(row.max())) ** 2
        for number, own in enumerate(OWN):
            _, rest = nnls(LENT[:, own], row)
            total[number] += (float(row @ row) - rest**2) / (2 * noise)
    return total


def posterior(scores: Scores) -> Scores:
    """Weight of each architecture among all of the table, sum 1, [A]; scores as in `explained`."""
    evidence = explained(scores)
    weights = np.exp(evidence - evidence.max())
    return np.asarray(weights / weights.sum(), np.float64)
