"""How often the clone decision is right and wrong, as measured in conditions like those of a recording.

A recording does not tell whether it is sung, or how loud the music under the voice is, so these are always
named beside what its file shows. The shares are the lab's, at the shipped limit, of pages held out of all
weights, with one artist compared; they stand in the card.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_ALWAYS = ("speech", "singing", "over music, 10 dB", "over music, 0 dB")
_CODED, _OPUS = "MP3 at 64 kbit/s", "Opus at 32 kbit/s"
_LOSSY = frozenset({"mp3", "mp3float", "aac", "opus", "vorbis"})
_TOLD = {
    "over music, 10 dB": "over music 10 dB below the voice",
    "over music, 0 dB": "over music as loud as the voice",
    _CODED: "after MP3 at 64 kbit/s",
    _OPUS: "after Opus at 32 kbit/s",
}


@dataclass(frozen=True)
class ErrorRate:
    """What the decision does in one condition.

    Attributes:
        condition: which recordings, in words.
        clones_called: share of clones of an enrolled artist that are called, 0 to 1.
        genuine_called_at_most: 95 % upper bound of the share of the artist's own recordings that are.
    """

    condition: str
    clones_called: float
    genuine_called_at_most: float


def error_rates(measured: Mapping[str, float], codec: str) -> tuple[ErrorRate, ...]:
    """What was measured of recordings like this one; empty where a card holds no such figures.

    Args:
        measured: the card's metrics, `clones called, CONDITION` and `genuine called at most, CONDITION`.
        codec: of the file, by the decoder's name.
    """
    coded = _OPUS if codec == "opus" else _CODED
    fitting = (*_ALWAYS, coded) if codec in _LOSSY else _ALWAYS
    found = []
    for name in fitting:
        called, wrong = (
            measured.get(f"{what}, {name}") for what in ("clones called", "genuine called at most")
        )
        if called is not None and wrong is not None:
            found.append(ErrorRate(_TOLD.get(name, f"in {name}"), called, wrong))
    return tuple(found)
