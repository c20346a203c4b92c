"""Two recordings on one axis of time: that of the original, with offset and speed of the other undone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 1000
HEIGHT = 60
BETWEEN = 44
FOLLOWING = 0.3
"""Semitones by which a pitch that follows the speed may be measured beside it."""


@dataclass(frozen=True)
class Link:
    """A stretch that both share, in units of `WIDTH`.

    Attributes:
        number: as the table counts it, from 1.
        original: from where to where it lies in the original's lane.
        suspect: the same in the suspect's.
        told: the stretch itself.
    """

    number: int
    original: tuple[float, float]
    suspect: tuple[float, float]
    told: Mapping[str, Any]

    @property
    def band(self) -> str:
        """The corners of the band between both lanes, for a polygon."""
        (a, b), (c, d) = self.original, self.suspect
        return f"{a},0 {b},0 {d},{BETWEEN} {c},{BETWEEN}"


@dataclass(frozen=True)
class Axis:
    """One axis for both.

    Attributes:
        start_s: where it begins, in seconds of the original; negative where the suspect begins earlier.
        end_s: where it ends.
        offset_s: where on it the suspect's first sample lies.
        speed: how many seconds of the original pass in one of the suspect.
        keeps_pitch: whether the suspect's pitch did not follow its speed.
    """

    start_s: float
    end_s: float
    offset_s: float
    speed: float
    keeps_pitch: bool

    @classmethod
    def of(cls, original_s: float, suspect_s: float, stretches: Sequence[Mapping[str, Any]]) -> "Axis":
        """The axis on which the longest stretch lies in both lanes at the same place."""
        main = max(stretches, key=lambda one: float(one["end_s"] - one["start_s"]), default=None)
        speed = float(main["speed"]) if main else 1.0
        offset_s = float(main["original_start_s"]) - speed * float(main["start_s"]) if main else 0.0
        follows = 12 * math.log2(speed)
        keeps_pitch = main is not None and abs(float(main["pitch_semitones"]) - follows) > FOLLOWING
        end_s = max(original_s, offset_s + speed * suspect_s)
        return cls(min(0.0, offset_s), max(end_s, min(0.0, offset_s) + 0.001), offset_s, speed, keeps_pitch)

    def x(self, original_s: float) -> float:
        """Where a moment of the original lies, in units of `WIDTH`."""
        return round(WIDTH * (original_s - self.start_s) / (self.end_s - self.start_s), 2)

    def of_suspect(self, suspect_s: float) -> float:
        """Where a moment of the suspect lies."""
        return self.x(self.offset_s + self.speed * suspect_s)

    def links(self, stretches: Sequence[Mapping[str, Any]]) -> tuple[Link, ...]:
        """The stretches, in the order in which they come."""
        return tuple(
            Link(
                number,
                (self.x(one["original_start_s"]), self.x(one["original_end_s"])),
                (self.of_suspect(one["start_s"]), self.of_suspect(one["end_s"])),
                one,
            )
            for number, one in enumerate(stretches, 1)
        )


def wave(outline: Mapping[str, Sequence[float]], left: float, right: float) -> str:
    """The corners of a waveform between two places of the axis: along its highest samples, and back."""
    high, low = outline["high"], outline["low"]
    step = (right - left) / max(1, len(high))
    half = HEIGHT / 2
    above = [f"{left + step * n:.1f},{half * (1 - one):.1f}" for n, one in enumerate(high)]
    below = [f"{left + step * n:.1f},{half * (1 - one):.1f}" for n, one in enumerate(low)]
    return " ".join(above + below[::-1])
