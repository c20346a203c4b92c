"""The learned weighing of comb scores: each in units of what human music reaches by chance.

No generated recording takes part in the weights, so none can be favoured by having been seen. Folds leave out
a whole page of generated music, every recording of the same generators elsewhere, and a share of the human
collections, all at once. A logistic regression over the same scores, which saw both classes, was worse on
generators that it had not seen (docs/decisions/0201-human-music-alone-sets-the-weights.md).
"""

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.music.features import IN_STEP, OPEN, joined
from lab.datasets import Recording

Matrix = NDArray[np.float64]

QUANTILE = 0.9
LEAST_SCALE = 0.5
BROKEN = 0.4
"""What a broken clock counts beside one that runs through: few copies have another tempo or pitch, and short
looks find something in more of human music (docs/decisions/0206-broken-clocks.md)."""
OPEN_QUANTILE = 0.93
"""The open search tries thirty thousand spacings, and steady notes are combs too: its tail is long."""


def fit(rows: Matrix, importance: Matrix) -> Matrix:
    """One over what nine in ten human recordings stay below, for each score.

    Args:
        rows: scores of human recordings, [N, F].
        importance: weight of each row.

    Returns:
        Weights, [F].
    """
    levels = np.full(rows.shape[1], QUANTILE)
    levels[OPEN] = OPEN_QUANTILE
    scales = [_quantile(column, importance, level) for column, level in zip(rows.T, levels, strict=True)]
    weights: Matrix = 1 / np.maximum(np.array(scales), LEAST_SCALE)
    weights[IN_STEP:] *= BROKEN
    return weights


def _quantile(values: Matrix, importance: Matrix, level: float) -> float:
    order = np.argsort(values, kind="stable")
    share = np.cumsum(importance[order]) / importance.sum()
    return float(values[order][min(int(np.searchsorted(share, level)), values.size - 1)])


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


def out_of_fold(rows: Matrix, recordings: Sequence[Recording], usable: NDArray[np.bool_]) -> Matrix:
    """Score every row with weights that saw neither its page, nor its generator, nor its collection.

    Args:
        rows: features, [N, F].
        recordings: what each row comes from.
        usable: rows that may train; of these, human ones do.
    """
    folds = np.array(fold_names(recordings))
    human = np.array([r.label == "human" for r in recordings])
    scores = np.zeros(len(recordings))
    for fold in sorted(set(folds)):
        train = usable & human & (folds != fold)
        chosen = [r for r, t in zip(recordings, train, strict=True) if t]
        scores[folds == fold] = joined(rows[folds == fold], fit(rows[train], importance(chosen)))
    return scores
