"""What is left of a section: the parts of it in which no mark has been heard yet."""

import math

import numpy as np
from numpy.typing import NDArray

from provenance.watermark.finding import Finding
from provenance.watermark.grid import FRAMES_PER_S
from provenance.watermark.marks import Evidence, stretches

PART_S = 10


class Rest:
    """Parts of ten seconds, of which the greater half is left."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._heard = np.zeros(max(1, math.ceil(length_s)), bool)

    def hear(self, finding: Finding) -> None:
        """Take out where a finding is heard."""
        self._heard |= Evidence.of(finding, len(self._heard)).heard

    @property
    def numbers(self) -> list[int]:
        """Parts that are left, by number."""
        starts = range(0, len(self._heard), PART_S)
        return [n // PART_S for n in starts if self._heard[n : n + PART_S].mean() < 0.5]

    @property
    def none(self) -> bool:
        """Whether nothing is left."""
        return not self.numbers

    @property
    def stretches_s(self) -> list[tuple[float, float]]:
        """What is left, as first and last second of the section."""
        whole = np.repeat(self._left(), PART_S)[: len(self._heard)]
        return [(float(first), min(float(last), self._length_s)) for first, last in stretches(whole)]

    def frames(self, count: int, tempo: float) -> NDArray[np.bool_]:
        """Which frames of a section are left, whose tempo was undone, [count]."""
        part = (np.arange(count) / (FRAMES_PER_S * tempo * PART_S)).astype(int)
        left = self._left()
        return np.asarray(left[np.minimum(part, len(left) - 1)])

    def _left(self) -> NDArray[np.bool_]:
        left = np.zeros(-(-len(self._heard) // PART_S), bool)
        left[self.numbers] = True
        return left
