"""Many sketches laid out to be compared with one at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detector.originality import structure, timbre
from detector.originality.chroma import CLASSES
from detector.originality.frames import Array
from detector.originality.loglag import cosines
from detector.originality.rhythm import BANDS
from detector.originality.sketch import DIMENSIONS, Parts, Sketch
from detector.originality.vectors import Rows, vectors

UNMEASURED = np.float32(np.inf)
AT_ONCE = 1000

Take = Callable[[Sequence[int]], Mapping[int, Parts]]
"""The parts of some tracks by their places; those that are gone meanwhile are missing."""


@dataclass(frozen=True)
class Shelf:
    """What is compared of whole tracks, and where the rest of each is found.

    Attributes:
        rows: of `vectors`, [N].
        take: the rest.
    """

    rows: Rows
    take: Take

    @classmethod
    def of(cls, sketches: Sequence[Sketch]) -> "Shelf":
        """Lay out sketches."""
        return cls(vectors(sketches), lambda places: {place: sketches[place].parts for place in places})

    def distances(self, one: Sketch) -> dict[str, Array]:
        """Distances of a track to all, by dimension, infinite where not measurable, [N] each.

        Of melody it is that of the outlines: of whole tracks, without where the tune lies.
        """
        mine = vectors([one])[0]
        found: dict[str, Array] = {}
        for place, name in enumerate(DIMENSIONS):
            row = np.full(len(self.rows), UNMEASURED, np.float32)
            if mine["measured"][place]:
                for start in range(0, len(row), AT_ONCE):
                    some = self.rows[start : start + AT_ONCE]
                    row[start : start + AT_ONCE] = np.where(
                        some["measured"][:, place], _apart(name, mine, some), UNMEASURED
                    )
            found[name] = row
        return found


def _apart(name: str, mine: np.void, rows: Rows) -> Array:
    """Distances in one dimension, of all rows, measurable or not."""
    if name == "melody":
        outline = _full(mine["outline"]).reshape(CLASSES, -1)
        return np.float32(1) - cosines(outline, _full(rows["outline"]), rows["outline_lengths"])
    if name == "rhythm":
        rhythm = _full(mine["rhythm"]).reshape(len(BANDS), -1)
        return np.float32(1) - cosines(rhythm, _full(rows["rhythm"]), rows["rhythm_lengths"])
    if name == "timbre":
        return timbre.distances(
            mine["mean"], mine["covariance"], rows["mean"], rows["covariance"], rows["determinant"]
        )
    return structure.distances(_full(mine["structure"]), _full(rows["structure"]))


def _full(half: Array) -> Array:
    return np.asarray(half, np.float32)
