"""What was found at one place: how the audio was scaled, where the key's cycle lies, what could be read."""

import math
from dataclasses import dataclass

from provenance.watermark import sync
from provenance.watermark.key import WatermarkKey

PRESENT_P_VALUE = 1e-6


@dataclass(frozen=True)
class Geometry:
    """How audio was scaled in time and frequency, and which lengths of a column to try on top."""

    tempo: float = 1.0
    pitch: float = 1.0
    stretches: tuple[float, ...] = (1.0,)


NOMINAL = Geometry()


@dataclass(frozen=True)
class Finding:
    """The best place in one plane, and what could be read there with which epoch's key.

    Attributes:
        by_name: the message was asked for; `place` tells how well its own cells agree, not the pilots.
    """

    key: WatermarkKey
    place: sync.Alignment
    plane: sync.Plane
    message: bytes | None
    p_value: float
    geometry: Geometry
    by_name: bool = False

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to look for."""
        return self.message is not None and self.p_value < PRESENT_P_VALUE

    @property
    def speed(self) -> float:
        """How much faster the audio plays than when it was marked."""
        return self.geometry.tempo / self.place.stretch

    @property
    def pitch_semitones(self) -> float:
        """How much higher it sounds; on the line of plain speed as exact as the speed."""
        plain = self.geometry.tempo == self.geometry.pitch
        return 12.0 * math.log2(self.speed if plain else self.geometry.pitch)
