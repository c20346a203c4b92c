"""How far unrelated recordings of people lie apart: what a distance is judged against.

`reference.npz` holds, for three lengths of tracks, quantiles of the distances of pairs of human-made
recordings of different collections, and nothing else: no audio, no sketch, no name. It is made by
`python -m lab.evaluation.originality reference`.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import WeightsError

FILE = Path(__file__).with_name("reference.npz")
LENGTHS_S = (15.0, 45.0, 150.0)
"""Typical lengths of the shorter track of a pair; the nearest in ratio is used."""
MEASURES = ("melody", "outline", "rhythm", "timbre", "structure")
"""The dimensions, melody once by the passage that is shared and once by the outline of the whole."""
SAME_SHARE = 0.01
"""Of unrelated pairs, so many are closer than the distance at which two tracks count as half the same."""


@dataclass(frozen=True)
class Reference:
    """Quantiles of distances.

    Attributes:
        shares: at which quantiles they are taken, rising from 0 to 1, [Q].
        quantiles: of each measure and length, not a number where not measurable, [5, 3, Q].
        pairs: from how many pairs each is taken, [5, 3].
        recordings: from how many recordings.
    """

    shares: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    pairs: NDArray[np.int64]
    recordings: int

    def farther(self, measure: str, distance: float, shorter_s: float) -> float | None:
        """Share of pairs of unrelated human-made recordings that lie farther apart; None without a reference.

        Never more than one less one in the number of pairs: what was not seen is not excluded.

        Args:
            measure: out of `MEASURES`.
            distance: of two tracks.
            shorter_s: how much was heard of the shorter one.
        """
        place, row = self._row(measure, shorter_s)
        if not np.isfinite(row).all():
            return None
        closer = float(np.interp(distance, row, self.shares))
        return 1.0 - max(closer, 1.0 / float(self.pairs[place]))

    def scale(self, measure: str, shorter_s: float) -> float:
        """The distance closer than which one pair in a hundred of unrelated recordings lies."""
        _, row = self._row(measure, shorter_s)
        return float(np.interp(SAME_SHARE, self.shares, row))

    def _row(self, measure: str, shorter_s: float) -> tuple[tuple[int, int], NDArray[np.float64]]:
        nearest = int(np.argmin(np.abs(np.log(np.array(LENGTHS_S) / max(shorter_s, 1.0)))))
        place = (MEASURES.index(measure), nearest)
        return place, self.quantiles[place]


@lru_cache(maxsize=1)
def shipped() -> Reference:
    """The reference that ships.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    try:
        with np.load(FILE, allow_pickle=False) as kept:
            return Reference(kept["shares"], kept["quantiles"], kept["pairs"], int(kept["recordings"]))
    except (OSError, KeyError, ValueError) as error:
        raise WeightsError(f"{FILE.name} cannot be read: {error}; install Trackmark again") from error
