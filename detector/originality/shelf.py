"""Many sketches laid out to be compared with one at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.originality import structure, timbre
from detector.originality.frames import Array
from detector.originality.loglag import likeness, sharpened
from detector.originality.sketch import DIMENSIONS, Sketch

UNMEASURED = np.float32(np.inf)
AT_ONCE = 1000


@dataclass(frozen=True)
class Shelf:
    """Sketches, and what is compared of them in rows.

    Attributes:
        sketches: the tracks.
        outlines: [N, 12, lags].
        rhythms: [N, 4, lags].
        means: [N, K].
        covariances: [N, K, K].
        structures: [N, pairs].
        measured: which dimensions each has, [N, 4].
    """

    sketches: tuple[Sketch, ...]
    outlines: Array
    rhythms: Array
    means: Array
    covariances: Array
    structures: Array
    measured: NDArray[np.bool_]

    @classmethod
    def of(cls, sketches: Sequence[Sketch]) -> "Shelf":
        """Lay out at least one."""
        measured = np.array([[not reason for reason in s.reasons] for s in sketches])
        return cls(
            tuple(sketches),
            outlines=np.stack([s.outline for s in sketches]),
            rhythms=np.stack([s.rhythm for s in sketches]),
            means=np.stack([s.mean for s in sketches]),
            covariances=np.stack([s.covariance for s in sketches]),
            structures=np.stack([s.structure for s in sketches]),
            measured=measured,
        )

    def distances(self, one: Sketch) -> dict[str, Array]:
        """Distances of a track to all, by dimension, infinite where not measurable, [N] each.

        Of melody it is that of the outlines: of whole tracks, without where the tune lies.
        """
        found: dict[str, Array] = {}
        for place, name in enumerate(DIMENSIONS):
            row = np.full(len(self.sketches), UNMEASURED, np.float32)
            there = self.measured[:, place]
            if not one.reasons[place] and there.any():
                row[there] = np.concatenate(
                    [self._of(name, one, some) for some in _portions(np.flatnonzero(there))]
                )
            found[name] = row
        return found

    def _of(self, name: str, one: Sketch, some: NDArray[np.int64]) -> Array:
        if name == "melody":
            return np.float32(1) - likeness(
                sharpened(_full(one.outline)), sharpened(_full(self.outlines[some]))
            )
        if name == "rhythm":
            return np.float32(1) - likeness(_full(one.rhythm), _full(self.rhythms[some]))
        if name == "timbre":
            return timbre.distances(one.mean, one.covariance, self.means[some], self.covariances[some])
        return structure.distances(_full(one.structure), _full(self.structures[some]))


def _portions(places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [places[start : start + AT_ONCE] for start in range(0, len(places), AT_ONCE)]


def _full(half: Array) -> Array:
    return np.asarray(half, np.float32)
