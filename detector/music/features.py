"""The numbers that the learned part of the detector sees: comb and line scores, limited and grouped."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.decoders import SPACINGS_HZ
from detector.music import comb, settings
from detector.music.comb import Open, Row, Scores
from detector.music.settings import SHORT_S, SPANS_S, Setting
from detector.music.spectra import SIGNALS, Array, Block
from detector.music.tiers import grid_scores

Vector = NDArray[np.float64]

GROUPS_HZ = ((0.0, 130.0), (130.0, 800.0), (800.0, 7000.0))
LONE = 6.0
"""What one signal's score may exceed the other's by: a decoder leaves lines and flutter, an exact loop or a
chip's oscillator one of them."""
CAP = 60.0
BEST_LINES, BEST_FLUTTER, OPEN = slice(0, 3), slice(3, 6), 6
PER_SPAN = len(SIGNALS) * len(GROUPS_HZ)
IN_STEP = PER_SPAN + 2
"""The first so many features are of clocks that run through; the others of clocks that a change of tempo or
pitch has broken."""
SETTINGS = slice(IN_STEP + len(SHORT_S) * PER_SPAN, IN_STEP + len(SHORT_S) * PER_SPAN + len(SPANS_S))
COMB_FEATURES = SETTINGS.stop
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
        short: z for clocks that keep step for `SHORT_S` only, [2, 2, S]: spans, signals.
        settings: strongest known comb at another pitch, one per `SPANS_S`.
        grids: scores of the last layers' lines, in the order of `tiers.GRIDS`.
        spectrum: mean spectrum in decibels.
        band_hz: where content ends.
    """

    rows: tuple[Row, ...]
    scores: Scores
    found: Open
    short: Scores
    settings: tuple[Setting, ...]
    grids: Scores
    spectrum: Array
    band_hz: float

    @property
    def known_z(self) -> float:
        """Score of the clearest known comb, in step or at another pitch."""
        return max(float(self.scores.max()), *(setting.z for setting in self.settings))


def measure(block: Block, known: Combs | None = None) -> Combs:
    """Look for combs in a loud block.

    Args:
        block: from `spectra.survey`.
        known: what the whole recording holds; its spacings are measured here instead of a search.
    """
    rows = comb.rows_of(block)
    scores, short = np.stack([comb.contrasts(row) for row in rows]), settings.short_contrasts(rows)
    if known is None:
        found, changed = comb.open_search(rows), settings.search(rows)
    else:
        found = comb.open_at(rows, known.found.spacing_hz)
        changed = settings.again(rows, known.settings)
    grids = grid_scores(block.spectrum, block.limit_hz)
    return Combs(rows, scores, found, short, changed, grids, block.spectrum, block.band_hz)


def comb_vector(combs: Combs, parts: Sequence[Vector] = ()) -> Vector:
    """`best_scores` as the weights see them, 0 to `CAP`, [COMB_FEATURES].

    Args:
        combs: of a recording or a stretch.
        parts: `best_scores` of the recording's stretches, see `steady`.
    """
    return limit(steady(best_scores(combs), parts))


def steady(values: Vector, parts: Sequence[Vector]) -> Vector:
    """Take from the searches what most stretches of the recording do not share: a clock never rests.

    Args:
        values: `best_scores` of the whole, [COMB_FEATURES].
        parts: of its stretches; two thirds of them must share what is found. One alone is no test.
    """
    if len(parts) < 2:
        return values
    shared = np.maximum(np.sort(np.stack(parts), 0)[len(parts) // 3], 0.0)
    held = values.copy()
    for searched in (OPEN, SETTINGS):
        held[searched] = np.minimum(held[searched], STEADY * shared[searched])
    return held


def limit(values: Vector) -> Vector:
    """Take from `best_scores`, [..., COMB_FEATURES], what only one of the two signals claims."""
    limited = np.clip(values, 0.0, CAP)
    for start in (0, *range(IN_STEP, SETTINGS.start, PER_SPAN)):
        span = limited[..., start : start + PER_SPAN]
        lines = span[..., BEST_LINES].max(-1, keepdims=True)
        flutter = span[..., BEST_FLUTTER].max(-1, keepdims=True)
        span[..., BEST_LINES] = np.minimum(span[..., BEST_LINES], LONE + flutter)
        span[..., BEST_FLUTTER] = np.minimum(span[..., BEST_FLUTTER], LONE + lines)
    return np.asarray(limited, np.float64)


def joined(vectors: Vector, weights: Vector) -> Vector:
    """One score for many: the norm of order `ORDER` of the weighted scores, [..., F] -> [...].

    >>> joined(np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([1.0, 2.0])).round(9).tolist()
    [3.0, 0.0]
    """
    return np.asarray(((vectors * weights) ** ORDER).sum(-1) ** (1 / ORDER), np.float64)


def best_scores(combs: Combs) -> Vector:
    """Scores of a block, [COMB_FEATURES].

    Of clocks in step: the best of each group of spacings in lines and in flutter, the open search, the grids
    of lines. Of broken ones: the best of each group in either signal for each short span, the settings.
    """
    spacings = np.array(SPACINGS_HZ)
    groups = [(spacings >= low) & (spacings < high) for low, high in GROUPS_HZ]

    def best(signals: Scores) -> list[float]:
        return [float(z[group].max()) for z in signals for group in groups]

    broken = [value for span in combs.short for value in best(span)]
    changed = [setting.z for setting in combs.settings]
    return np.array([*best(combs.scores), combs.found.z, float(combs.grids.max()), *broken, *changed])
