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
BEST_LINES, BEST_FLUTTER, OPEN = slice(0, 3), slice(3, 6), 6
COMB_FEATURES = len(SIGNALS) * len(GROUPS_HZ) + 2
STEADY = 2.5
"""How many times the open search's score may exceed that of the recording's stretches: ten seconds hold a
clock about one and a half times as clearly as five, a note that sounds in one half only far more clearly."""
ORDER = 3.0
"""Of the norm that joins the scores: one strong trace counts about as much as several, chance ones little."""


@dataclass(frozen=True)
class Combs:
    """Comb measurements of a stretch of audio.

    Attributes:
        rows: correlations, in the order of `SIGNALS`.
        scores: z per signal and spacing of the table, [2, S].
        found: strongest comb of any spacing.
        grids: scores of the last layers' lines, in the order of `tiers.GRIDS`.
        spectrum: mean spectrum in decibels.
        band_hz: where content ends.
    """

    rows: tuple[Row, ...]
    scores: Scores
    found: Open
    grids: Scores
    spectrum: Array
    band_hz: float


def measure(block: Block, known: Open | None = None) -> Combs:
    """Look for combs in a loud block.

    Args:
        block: from `spectra.survey`.
        known: spacing found in the whole recording; it is measured here instead of a search.
    """
    rows = comb.rows_of(block)
    scores = np.stack([comb.contrasts(row) for row in rows])
    found = comb.open_search(rows) if known is None else comb.open_at(rows, known.spacing_hz)
    return Combs(
        rows, scores, found, grid_scores(block.spectrum, block.limit_hz), block.spectrum, block.band_hz
    )


def comb_vector(combs: Combs, parts: Sequence[Combs] = ()) -> Vector:
    """`best_scores` as the weights see them, 0 to `CAP`, [COMB_FEATURES].

    Args:
        combs: of a recording or a stretch.
        parts: of the recording's stretches, see `steady`.
    """
    return limit(steady(best_scores(combs), [best_scores(part) for part in parts]))


def steady(values: Vector, parts: Sequence[Vector]) -> Vector:
    """Take from the open search what most stretches of the recording do not share: a clock never rests.

    Args:
        values: `best_scores` of the whole, [COMB_FEATURES].
        parts: of its stretches; two thirds of them must share what is found. One alone is no test.
    """
    if len(parts) < 2:
        return values
    shared = float(np.sort([part[OPEN] for part in parts])[len(parts) // 3])
    held = values.copy()
    held[OPEN] = min(held[OPEN], STEADY * max(shared, 0.0))
    return held


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
    """Best score per signal of each group of spacings, then of the open search and of the grids of lines."""
    spacings = np.array(SPACINGS_HZ)
    groups = [(spacings >= low) & (spacings < high) for low, high in GROUPS_HZ]
    values = [float(z[group].max()) for z in combs.scores for group in groups]
    return np.array([*values, combs.found.z, float(combs.grids.max())])


def family_scores(scores: Scores) -> Scores:
    """Evidence for each architecture: sum of its spacings' scores over the root of their number, [A]."""
    at = {s: i for i, s in enumerate(SPACINGS_HZ)}
    rows = []
    for architecture in ARCHITECTURES:
        z = scores[[at[round(s, 4)] for s in architecture.spacings_hz]]
        rows.append(float(np.clip(z, -3.0, 20.0).sum() / np.sqrt(z.size)))
    return np.array(rows)
