"""A change that somebody else has measured."""

import math
from typing import NamedTuple


class Known(NamedTuple):
    """A change that the caller has measured, to a quarter of a per cent, and where it holds, in seconds."""

    speed: float
    pitch: float
    start_s: float = 0.0
    end_s: float = math.inf
