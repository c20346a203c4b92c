"""The numbers that the learned part of the detector sees: comb scores, limited and grouped."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.music import comb
from detector.music.comb import Open, Scores
from detector.music.families import ARCHITECTURES, SPACINGS_HZ
from detector.music.spectra import SIGNALS, Array, Block

Vector = NDArray[np.float64]

GROUPS_HZ = ((0.0, 130.0), (130.0, 800.0), (800.0, 7000.0))
CAP = 12.0
"""Above this, a comb is there; more certainty must not outvote everything else."""
COMB_FEATURES = len(SIGNALS) * (len(GROUPS_HZ) + 1)
FLOORS = np.array([*[0.0] * len(GROUPS_HZ), 8.0] * len(SIGNALS))
"""The open search tries some thirty thousand spacings, and steady notes are combs too: its null is high."""


@dataclass(frozen=True)
class Combs:
    """Comb measurements of a stretch of audio.

    Attributes:
        correlations: normalised, in the order of `SIGNALS`, [2, LAGS].
        scores: z per signal and spacing of the table, [2, S].
        found: strongest comb of any spacing, per signal.
        band_hz: where content ends.
    """

    correlations: Array
    scores: Scores
    found: tuple[Open, ...]
    band_hz: float


def measure(block: Block) -> Combs:
    """Look for combs in a loud block."""
    rows = comb.normalised(block)
    scores = np.stack([comb.contrasts(row) for row in rows])
    return Combs(rows, scores, tuple(comb.open_search(row) for row in rows), block.band_hz)


def comb_vector(combs: Combs) -> Vector:
    """Best scores per signal and group of spacings, then of the open search, 0 to `CAP`, [COMB_FEATURES]."""
    return limit(best_scores(combs))


def limit(values: Vector) -> Vector:
    """Take out of `best_scores`, [..., COMB_FEATURES], what music reaches by chance, and stop at `CAP`."""
    return np.asarray(np.clip(values - FLOORS, 0.0, CAP), np.float64)


def best_scores(combs: Combs) -> Vector:
    """Best score per signal and group of spacings, then of the open search, [COMB_FEATURES]."""
    spacings = np.array(SPACINGS_HZ)
    values: list[float] = []
    for z, found in zip(combs.scores, combs.found, strict=True):
        values += [float(z[(spacings >= low) & (spacings < high)].max()) for low, high in GROUPS_HZ]
        values.append(found.z)
    return np.array(values)


def family_scores(scores: Scores) -> Scores:
    """Evidence for each architecture: sum of its spacings' scores over the root of their number, [A]."""
    at = {s: i for i, s in enumerate(SPACINGS_HZ)}
    rows = []
    for architecture in ARCHITECTURES:
        z = scores[[at[round(s, 4)] for s in architecture.spacings_hz]]
        rows.append(float(np.clip(z, -3.0, 20.0).sum() / np.sqrt(z.size)))
    return np.array(rows)
