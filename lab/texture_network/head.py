"""A light head on the texture network: ridge-logistic regression that real generated recordings may train.

A recording is scored by weights that saw neither its page, nor any generator of its family, nor its
collection. Families are wider than names: what shares a decoder or comes of one group counts as one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lab.datasets import Recording
from lab.training.music.folds import Matrix, fold_names, importance

FAMILIES = {
    "encodec-32k": ("musicgen", "airgen"),
    "stable-audio": ("stable audio", "stableaudio"),
    "hifigan-16k": ("tango", "audioldm", "musicldm"),
    "noise2music": ("noise2music",),
    "unagan": ("unagan",),
    "ace-step": ("ace-step",),
    "anyaccomp": ("anyaccomp",),
    "stemgen": ("stemgen",),
    "presto": ("presto",),
}
ROUNDS = 25


def family_of(generator: str) -> str:
    """Family of a generator by its name; its own name where it is alone."""
    lower = generator.lower()
    for family, names in FAMILIES.items():
        if any(name in lower for name in names):
            return family
    return lower


def fit(columns: Matrix, synthetic: Matrix, weight: Matrix, ridge: float) -> Matrix:
    """Weights of a ridge-logistic regression, [K + 1], the last one constant and free of the ridge.

    Args:
        columns: standardised, [N, K].
        synthetic: 1 or 0, [N].
        weight: of each row, each class summing to 1.
        ridge: penalty on the square of every weight but the last.
    """
    design = np.concatenate([columns, np.ones((len(columns), 1))], 1)
    penalty = np.diag([*[ridge] * columns.shape[1], 1e-9])
    beta = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        slope = design.T @ (weight * (synthetic - p)) - penalty @ beta
        curve = (design * (weight * p * (1 - p))[:, None]).T @ design + penalty
        step = np.linalg.solve(curve + 1e-9 * np.eye(len(beta)), slope)
        beta = beta + step * min(1.0, 5.0 / (float(np.abs(step).max()) + 1e-12))
    return np.asarray(beta, np.float64)


def left_out(recordings: Sequence[Recording], fold: str, folds: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Rows that scores of a fold may not have seen: the fold, and every relative of its generators."""
    families = {
        family_of(r.generator) for r, f in zip(recordings, folds, strict=True) if f == fold and r.synthetic
    }
    related = [bool(r.synthetic) and family_of(r.generator) in families for r in recordings]
    return np.asarray((folds == fold) | np.array(related))


def held_out(
    columns: Matrix, recordings: Sequence[Recording], trains: NDArray[np.bool_], ridge: float
) -> Matrix:
    """Scores, [N], each by weights that saw nothing related.

    Args:
        columns: [N, K].
        recordings: one per row; several rows may be copies of one.
        trains: rows that may train.
        ridge: as in `fit`.
    """
    folds = np.array(fold_names(recordings))
    synthetic = np.array([float(r.label == "ai") for r in recordings])
    scores = np.zeros(len(columns))
    for fold in sorted(set(folds)):
        rows = trains & ~left_out(recordings, fold, folds)
        chosen = [r for r, keep in zip(recordings, rows, strict=True) if keep]
        middle, spread = columns[rows].mean(0), columns[rows].std(0) + 1e-6
        beta = fit((columns[rows] - middle) / spread, synthetic[rows], importance(chosen), ridge)
        own = folds == fold
        scores[own] = (columns[own] - middle) / spread @ beta[:-1] + beta[-1]
    return scores
