"""Figures of merit for detectors, each from its definition; AUC is the product's. Higher scores: synthetic.

Sources: N. Brümmer and J. du Preez 2006
(Cllr); C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017 (ECE); C. Clopper and E. Pearson,
Biometrika 26 (1934); E. B. Wilson, JASA 22 (1927).
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from detector.separation import auc

__all__ = [
    "auc",
    "bootstrap",
    "cllr",
    "ece",
    "eer",
    "min_cllr",
    "share",
    "threshold_at_fpr",
    "tpr_at_fpr",
    "upper_bound",
    "wilson",
]

Scores = NDArray[np.float64]


def _two(synthetic: ArrayLike, bona_fide: ArrayLike) -> tuple[Scores, Scores]:
    s, b = np.asarray(synthetic, np.float64).ravel(), np.asarray(bona_fide, np.float64).ravel()
    if s.size == 0 or b.size == 0:
        raise ValueError("both classes need at least one score")
    return s, b


def eer(synthetic: ArrayLike, bona_fide: ArrayLike) -> float:
    """Error rate at the threshold where misses and false alarms are equal (mean of the nearest two)."""
    s, b = _two(synthetic, bona_fide)
    thresholds = np.unique(np.concatenate([s, b]))
    misses = np.searchsorted(np.sort(s), thresholds, side="left") / s.size
    alarms = 1 - np.searchsorted(np.sort(b), thresholds, side="left") / b.size
    k = int(np.abs(misses - alarms).argmin())
    return float((misses[k] + alarms[k]) / 2)


def threshold_at_fpr(bona_fide: ArrayLike, fpr: float) -> float:
    """Smallest threshold at which `score > threshold` flags at most this share of bona fide recordings."""
    b = np.sort(np.asarray(bona_fide, np.float64))
    return float(b[b.size - 1 - int(np.floor(fpr * b.size))])


def tpr_at_fpr(synthetic: ArrayLike, bona_fide: ArrayLike, fpr: float) -> float:
    """Share of synthetic recordings above the threshold of `threshold_at_fpr`.

    >>> tpr_at_fpr([0.5, 3.0], [0.0, 1.0, 2.0], fpr=0.34)
    0.5
    """
    s, b = _two(synthetic, bona_fide)
    return float((s > threshold_at_fpr(b, fpr)).mean())


def a_dcf(target: ArrayLike, other: ArrayLike, spoof: ArrayLike) -> float:
    """Least normalised architecture-agnostic detection cost of a verifier that must refuse spoofs, too.

    Priors 0.9, 0.05, 0.05 of target, other person and spoof; a miss costs 1, the others 10 and 20 (Shim et
    al., a-DCF, Odyssey 2024). 0 is perfect, 1 no better than to refuse or accept everybody.

    >>> a_dcf([2.0, 3.0], [0.0], [1.0]), a_dcf([0.0], [1.0], [1.0])
    (0.0, 1.0)
    """
    t, o, s = (np.sort(np.asarray(part, np.float64).ravel()) for part in (target, other, spoof))
    limits = np.append(np.unique(np.concatenate([t, o, s])), np.inf)
    missed = np.searchsorted(t, limits) / t.size
    wrong_other, wrong_spoof = (1 - np.searchsorted(part, limits) / part.size for part in (o, s))
    cost = 0.9 * missed + 0.05 * 10 * wrong_other + 0.05 * 20 * wrong_spoof
    return float(cost.min() / min(0.9, 0.05 * 10 + 0.05 * 20))


def cllr(synthetic_llr: ArrayLike, bona_fide_llr: ArrayLike) -> float:
    """Cost of log10 likelihood ratios in bits: 0 is perfect, 1 is no information, above 1 misleads."""
    s, b = _two(synthetic_llr, bona_fide_llr)
    ln10 = np.log(10)
    return float((np.logaddexp(0, -s * ln10).mean() + np.logaddexp(0, b * ln10).mean()) / (2 * np.log(2)))


def min_cllr(synthetic: ArrayLike, bona_fide: ArrayLike) -> float:
    """The lowest Cllr that any monotone calibration of these scores could reach, in bits.

    What is left is lack of discrimination; Cllr minus this is loss by calibration. The best calibration is
    the isotonic regression of the labels, both classes weighing the same (Brümmer and du Preez 2006).
    """
    s, b = _two(synthetic, bona_fide)
    values, index = np.unique(np.concatenate([s, b]), return_inverse=True)
    high = np.bincount(index[: s.size], minlength=values.size) / s.size
    low = np.bincount(index[s.size :], minlength=values.size) / b.size
    total = high + low
    posterior = optimize.isotonic_regression(high / total, weights=total).x
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.where(high > 0, -high * np.log2(posterior), 0.0)
        cost += np.where(low > 0, -low * np.log2(1 - posterior), 0.0)
    return float(cost.sum() / 2)


def ece(probabilities: ArrayLike, synthetic: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error: mean gap between stated probability and observed share, equal bins.

    Both classes weigh the same, whatever their numbers: the probabilities are stated for a prior of one half.

    Args:
        probabilities: stated, [N].
        synthetic: 1 or 0, both must occur, [N].
        bins: of equal width.
    """
    p, y = np.asarray(probabilities, np.float64), np.asarray(synthetic, np.float64)
    weight = np.where(y > 0, 0.5 / y.sum(), 0.5 / (1 - y).sum())
    index = np.minimum((p * bins).astype(np.int64), bins - 1)
    members = [index == k for k in sorted(set(index.tolist()))]
    return float(sum(abs((weight * (p - y))[m].sum()) for m in members))


def upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided Clopper-Pearson upper bound of a rate; 1 where there were no trials."""
    if trials == 0 or events >= trials:
        return 1.0
    return float(stats.beta.ppf(confidence, events + 1, trials - events))


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion; 0 to 1 where there were no trials."""
    if trials == 0:
        return 0.0, 1.0
    z, share = 1.96, successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def share(hits: Sequence[bool]) -> str:
    """Per cent that are true, with the 95 % Wilson interval, as pages have it.

    >>> share([True, False])
    '50 (9-91)'
    """
    low, high = wilson(sum(hits), len(hits))
    return f"{100 * sum(hits) / len(hits):.0f} ({100 * low:.0f}-{100 * high:.0f})"


def bootstrap(
    statistic: Callable[[Scores, Scores], float],
    synthetic: ArrayLike,
    bona_fide: ArrayLike,
    *,
    rounds: int = 500,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile interval of a two-sample statistic, both samples redrawn with replacement."""
    s, b = _two(synthetic, bona_fide)
    rng = np.random.default_rng(seed)
    values = [
        statistic(s[rng.integers(s.size, size=s.size)], b[rng.integers(b.size, size=b.size)])
        for _ in range(rounds)
    ]
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
