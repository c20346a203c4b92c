"""How often known generators leave no trace that is found: what `no_trace` is worth in such a recording.

The shares are the lab's, of generators held out of the weights, and stand in the card. A recording does not
tell what happened to it, so beside its own condition the changes that hide most traces are always named.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from detector.music.groups import SHORT_S

_ALWAYS = (
    ("chain-1", "after a chain of ordinary processing and codecs"),
    ("retimed-1", "after a change of tempo or pitch"),
)
_PLAIN = ("native", "as they were published")
_SHORT = ("native:5s", "in excerpts of five seconds")
_CODECS = {
    "mp3float": ("mp3_128", "after MP3 at 128 kbit/s"),
    "mp3": ("mp3_128", "after MP3 at 128 kbit/s"),
    "aac": ("aac_128", "after AAC at 128 kbit/s"),
    "opus": ("opus_96", "after Opus at 96 kbit/s"),
}
_NARROW = ("resample_22050", "without content above 11 kHz")
_NARROW_HZ = 11_025.0


@dataclass(frozen=True)
class Miss:
    """How many generated recordings are found to carry no trace, in one condition.

    Attributes:
        condition: which recordings, in words.
        share: 0 to 1.
        count: of how many recordings; None where the card does not say.
    """

    condition: str
    share: float
    count: int | None = None


def misses(
    measured: Mapping[str, float], *, duration_s: float, band_hz: float, codec: str
) -> tuple[Miss, ...]:
    """What was measured of recordings like this one; empty where a card holds no such figures.

    Args:
        measured: the card's metrics.
        duration_s: length of the recording.
        band_hz: where its content ends.
        codec: of the file, by the decoder's name.
    """
    fitting = [_SHORT if duration_s < SHORT_S else _PLAIN]
    if codec in _CODECS:
        fitting.append(_CODECS[codec])
    if band_hz < _NARROW_HZ:
        fitting.append(_NARROW)
    found = []
    for delivery, words in (*fitting, *_ALWAYS):
        share, count = measured.get(f"{delivery}_ai_no_trace"), measured.get(f"{delivery}_n_ai")
        if share is not None:
            found.append(Miss(words, share, None if count is None else int(count)))
    return tuple(found)
