"""What `trackmark doctor` tells of one thing that it looked at."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        state: `weaker` works, but with less protection or room than it should have.
        do: what to do about it; empty where all is well.
    """

    name: str
    state: Literal["ok", "weaker", "wrong"]
    says: str
    do: str = ""
