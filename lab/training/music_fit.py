"""The learned weighing of comb scores: logistic regression whose weights may not be negative.

A comb can only speak for a decoder, never against one, so a negative weight could only be a quirk of the
training data. Folds leave out a whole page of generated music, every recording of the same generators
elsewhere, and a share of the human collections, all at once.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from lab.datasets import Recording

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """Weights, [F], and bias of a fitted model."""

    weights: Matrix
    bias: float

    def __call__(self, rows: Matrix) -> Matrix:
        """Raw scores of feature rows, [N, F] -> [N]."""
        scores: Matrix = rows @ self.weights + self.bias
        return scores


def fit(rows: Matrix, synthetic: Matrix, importance: Matrix, *, ridge: float) -> Linear:
    """Fit by L-BFGS with bounds.

    Args:
        rows: features, [N, F].
        synthetic: 1 or 0 per row, [N].
        importance: weight of each row; made to sum to one.
        ridge: penalty on squared weights, in units of the features' spread.
    """
    share = importance / importance.sum()
    spread = np.maximum(rows.std(0), 0.1)
    scaled = rows / spread

    def loss(beta: Matrix) -> tuple[float, Matrix]:
        margin = scaled @ beta[:-1] + beta[-1]
        p = 1 / (1 + np.exp(-np.clip(margin, -60, 60)))
        value = (share * (np.logaddexp(0, margin) - synthetic * margin)).sum()
        slope = share * (p - synthetic)
        gradient = np.append(scaled.T @ slope + 2 * ridge * beta[:-1], slope.sum())
        return float(value + ridge * (beta[:-1] ** 2).sum()), gradient

    start = np.zeros(rows.shape[1] + 1)
    bounds = [(0.0, None)] * rows.shape[1] + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return Linear(found.x[:-1] / spread, float(found.x[-1]))


def importance(recordings: Sequence[Recording]) -> Matrix:
    """Both classes weigh the same, and a group of n recordings weighs like sqrt(n)."""
    keys = [(r.label == "ai", r.generator if r.label == "ai" else r.source) for r in recordings]
    size = Counter(keys)
    weight = np.array([1 / np.sqrt(size[k]) for k in keys])
    synthetic = np.array([k[0] for k in keys])
    for label in (True, False):
        weight[synthetic == label] /= max(weight[synthetic == label].sum(), 1e-12)
    return weight


def fold_names(recordings: Sequence[Recording]) -> list[str]:
    """Fold of each recording: its page where that holds generated music, else one by hash of its source."""
    pages = sorted({r.source for r in recordings if r.label == "ai"})
    return [
        r.source
        if r.source in pages
        else pages[int.from_bytes(hashlib.sha256(r.source.encode()).digest()[:4], "big") % len(pages)]
        for r in recordings
    ]


def out_of_fold(
    rows: Matrix, recordings: Sequence[Recording], usable: NDArray[np.bool_], *, ridge: float
) -> Matrix:
    """Score every row with a model that saw neither its page, nor its generator, nor its collection.

    Args:
        rows: features, [N, F].
        recordings: what each row comes from.
        usable: rows that may train.
        ridge: as in `fit`.
    """
    folds = np.array(fold_names(recordings))
    synthetic = np.array([r.label == "ai" for r in recordings])
    generators = np.array([r.generator for r in recordings])
    scores = np.zeros(len(recordings))
    for fold in sorted(set(folds)):
        held = set(generators[(folds == fold) & synthetic])
        train = usable & (folds != fold) & ~(synthetic & np.isin(generators, sorted(held)))
        chosen = [r for r, t in zip(recordings, train, strict=True) if t]
        model = fit(rows[train], synthetic[train].astype(np.float64), importance(chosen), ridge=ridge)
        scores[folds == fold] = model(rows[folds == fold])
    return scores
