"""The numbers that the learned part of the detector sees: comb and line scores, limited and grouped."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.music import comb
from detector.music.comb import Open, Row, Scores
from detector.music.families import ARCHITECTURES, SPACINGS_HZ
from detector.music.spectra import SIGNALS, Array, Block
from detector.music.tiers import grid_scores

Vector = NDArray[np.float64]

GROUPS_HZ = ((0.0, 130.0), (130.0, 800.0), (800.0, 7000.0))
LONE = 6.0
"""What one signal's score may exceed the other's by: a decoder leaves lines and flutter, an exact loop or a
chip's oscillator one of them."""
CAP = 60.0
BEST_LINES, BEST_FLUTTER, OPEN = slice(0, 3), slice(4, 7), [3, 7]
COMB_FEATURES = len(SIGNALS) * (len(GROUPS_HZ) + 1) + 1
ORDER = 3.0
"""Of the norm that joins the scores: one strong trace counts about as much as several, chance ones little."""


@dataclass(frozen=True)
class Combs:
    """Comb measurements of a stretch of audio.

    Attributes:
        rows: correlations, in the order of `SIGNALS`.
        scores: z per signal and spacing of the table, [2, S].
        found: strongest comb of any spacing, per signal.
        grids: scores of the last layers' lines, in the order of `tiers.GRIDS`.
        spectrum: mean spectrum in decibels.
        band_hz: where content ends.
    """

    rows: tuple[Row, ...]
    scores: Scores
    found: tuple[Open, ...]
    grids: Scores
    spectrum: Array
    band_hz: float


def measure(block: Block, known: Sequence[Open] | None = None) -> Combs:
    """Look for combs in a loud block.

    Args:
        block: from `spectra.survey`.
        known: spacings found in the whole recording; they are measured here instead of a search.
    """
    rows = comb.rows_of(block)
    scores = np.stack([comb.contrasts(row) for row in rows])
    if known is None:
        found = tuple(comb.open_search(row) for row in rows)
    else:
        found = tuple(
            Open(comb.contrast(row, o.spacing_hz), o.spacing_hz) for row, o in zip(rows, known, strict=True)
        )
    return Combs(
        rows, scores, found, grid_scores(block.spectrum, block.limit_hz), block.spectrum, block.band_hz
    )


def comb_vector(combs: Combs) -> Vector:
    """`best_scores` as the weights see them, 0 to `CAP`, [COMB_FEATURES]."""
    return limit(best_scores(combs))


def limit(values: Vector) -> Vector:
    """Take from `best_scores`, [..., COMB_FEATURES], what only one of the two signals claims."""
    limited = np.clip(values, 0.0, CAP)
    lines = limited[..., BEST_LINES].max(-1, keepdims=True)
    flutter = limited[..., BEST_FLUTTER].max(-1, keepdims=True)
    limited[..., BEST_LINES] = np.minimum(limited[..., BEST_LINES], LONE + flutter)
    limited[..., BEST_FLUTTER] = np.minimum(limited[..., BEST_FLUTTER], LONE + lines)
    return np.asarray(limited, np.float64)


def joined(vectors: Vector, weights: Vector) -> Vector:
    """One score for many: the norm of order `ORDER` of the weighted scores, [..., COMB_FEATURES] -> [...].

    >>> joined(np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([1.0, 2.0])).tolist()
    [3.0, 0.0]
    """
    return np.asarray(((vectors * weights) ** ORDER).sum(-1) ** (1 / ORDER), np.float64)


def best_scores(combs: Combs) -> Vector:
    """Best score per signal of each group of spacings and of the open search, then of the grids of lines."""
    spacings = np.array(SPACINGS_HZ)
    values: list[float] = []
    for z, found in zip(combs.scores, combs.found, strict=True):
        values += [float(z[(spacings >= low) & (spacings < high)].max()) for low, high in GROUPS_HZ]
        values.append(found.z)
    values.append(float(combs.grids.max()))
    return np.array(values)


def family_scores(scores: Scores) -> Scores:
    """Evidence for each architecture: sum of its spacings' scores over the root of their number, [A]."""
    at = {s: i for i, s in enumerate(SPACINGS_HZ)}
    rows = []
    for architecture in ARCHITECTURES:
        z = scores[[at[round(s, 4)] for s in architecture.spacings_hz]]
        rows.append(float(np.clip(z, -3.0, 20.0).sum() / np.sqrt(z.size)))
    return np.array(rows)
