"""What the caller knows before the search: a change, where it holds, and whose mark may be there."""

import math
from typing import NamedTuple


class Known(NamedTuple):
    """A change that the caller has measured, to a quarter of a per cent, and where it holds, in seconds.

    With a `message` (8 bytes) that message is asked for by name there: all cells of its mark are known to
    who holds the key, so it is heard where it is too faint to be read (decision 7).
    """

    speed: float
    pitch: float
    start_s: float = 0.0
    end_s: float = math.inf
    message: bytes | None = None

    @property
    def unchanged(self) -> bool:
        """Whether the audio plays there as it was marked."""
        return self.speed == self.pitch == 1.0
