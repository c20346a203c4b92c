"""How often the clone decision is right and wrong, as measured in conditions like those of a recording.

A recording does not tell whether it is sung, so both are named beside what its file shows. How loud the music
under the voice is can be estimated: conditions that lie beyond the estimate's error are left out. The shares
are the lab's, at the shipped limit, of pages held out of all weights, with one artist compared; they stand in
the card.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from detector.voice.backing import ALONE_DB

_ABOVE_DB = {
    "speech": ALONE_DB,
    "singing": ALONE_DB,
    "over music, 10 dB": 10.0,
    "over music, 0 dB": 0.0,
}
"""How far the voice is above its backing in each condition."""
MEASURED = ("clones called", "genuine called at most", "clones tried", "genuine tried")
"""What is measured in a condition."""
_CODED, _OPUS, _TELEPHONE = "MP3 at 64 kbit/s", "Opus at 32 kbit/s", "telephone"
_LOSSY = frozenset({"mp3", "mp3float", "aac", "opus", "vorbis"})
_TOLD = {
    "over music, 10 dB": "over music 10 dB below the voice",
    "over music, 0 dB": "over music as loud as the voice",
    _CODED: "after MP3 at 64 kbit/s",
    _OPUS: "after Opus at 32 kbit/s",
    _TELEPHONE: "over a telephone line",
}


@dataclass(frozen=True)
class ErrorRate:
    """What the decision does in one condition.

    Attributes:
        condition: which recordings, in words.
        clones_called: share of clones of an enrolled artist that are called, 0 to 1.
        genuine_called_at_most: 95 % upper bound of the share of the artist's own recordings that are.
        clones: how many were tried.
        genuine: how many of the artists' own were.
    """

    condition: str
    clones_called: float
    genuine_called_at_most: float
    clones: int
    genuine: int


@dataclass(frozen=True)
class Above:
    """An estimate of how loud a voice is over its backing.

    Attributes:
        db: decibels above it.
        within_db: the error that nine of ten such estimates keep to.
    """

    db: float
    within_db: float


def error_rates(
    measured: Mapping[str, float], codec: str, above: Above | None = None, *, telephone: bool = False
) -> tuple[ErrorRate, ...]:
    """What was measured of recordings like this one; empty where a card holds no such figures.

    Args:
        measured: the card's metrics, each of `MEASURED` with `, CONDITION` behind it.
        codec: of the file, by the decoder's name.
        above: the voice over its backing; None tells of all conditions.
        telephone: nothing is heard above a telephone's band, so no other figure holds.
    """
    coded = _OPUS if codec == "opus" else _CODED
    fitting = [name for name in _ABOVE_DB if above is None or _likely(_ABOVE_DB[name], above)]
    fitting += [coded] if codec in _LOSSY else []
    found = []
    for name in [_TELEPHONE] if telephone else fitting:
        figures = [measured.get(f"{what}, {name}") for what in MEASURED]
        if None not in figures:
            called, wrong, clones, genuine = (figure or 0.0 for figure in figures)
            condition = _TOLD.get(name, f"in {name}")
            found.append(ErrorRate(condition, called, wrong, int(clones), int(genuine)))
    return tuple(found)


def _likely(level_db: float, above: Above) -> bool:
    """Whether a level lies within the estimate's error, or is the nearest there is."""
    away = abs(level_db - above.db)
    return away <= max(above.within_db, min(abs(level - above.db) for level in _ABOVE_DB.values()))
