"""How well a score parts two classes.

Source: T. Fawcett, An introduction to ROC analysis, 2006 (area under the curve by ranks).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def auc(synthetic: ArrayLike, bona_fide: ArrayLike) -> float:
    """Chance that a synthetic score exceeds a bona fide one (ties count half). Never folded above 0.5.

    Raises:
        ValueError: a class has no score.

    >>> auc([2.0, 1.0], [0.0, 1.0])
    0.875
    """
    s, b = np.asarray(synthetic, np.float64).ravel(), np.asarray(bona_fide, np.float64).ravel()
    if s.size == 0 or b.size == 0:
        raise ValueError("both classes need at least one score")
    ranks = stats.rankdata(np.concatenate([s, b]))[: s.size]
    return float((ranks.sum() - s.size * (s.size + 1) / 2) / (s.size * b.size))
