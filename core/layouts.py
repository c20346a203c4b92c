"""Which channel is which: names of layouts, the order of each container, and layouts that it cannot say.

Samples are always held in the order of WAVE_FORMAT_EXTENSIBLE, which is FFmpeg's own. Vorbis and Opus have
an order of theirs (Vorbis I, 4.3.9; RFC 7845, 5.1.1.2). Loads without torch.
"""

import re
from dataclasses import dataclass

from core.errors import EncodeError

ORDER = (
    "FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR",
    "TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR", "DL", "DR",
)  # fmt: skip
"""Channels in the order in which they are held."""

_CHANNELS = {
    "mono": "FC",
    "stereo": "FL FR",
    "downmix": "DL DR",
    "2.1": "FL FR LFE",
    "3.0": "FL FR FC",
    "3.0(back)": "FL FR BC",
    "4.0": "FL FR FC BC",
    "quad": "FL FR BL BR",
    "quad(side)": "FL FR SL SR",
    "3.1": "FL FR FC LFE",
    "5.0": "FL FR FC BL BR",
    "5.0(side)": "FL FR FC SL SR",
    "4.1": "FL FR FC LFE BC",
    "5.1": "FL FR FC LFE BL BR",
    "5.1(side)": "FL FR FC LFE SL SR",
    "6.0": "FL FR FC BC SL SR",
    "hexagonal": "FL FR FC BL BR BC",
    "6.1": "FL FR FC LFE BC SL SR",
    "6.1(back)": "FL FR FC LFE BL BR BC",
    "7.0": "FL FR FC BL BR SL SR",
    "7.1": "FL FR FC LFE BL BR SL SR",
    "7.1(wide)": "FL FR FC LFE BL BR FLC FRC",
    "7.1(wide-side)": "FL FR FC LFE FLC FRC SL SR",
    "octagonal": "FL FR FC BL BR BC SL SR",
    "3.1.2": "FL FR FC LFE TFL TFR",
    "5.1.2": "FL FR FC LFE SL SR TFL TFR",
    "5.1.2(back)": "FL FR FC LFE BL BR TFL TFR",
    "cube": "FL FR BL BR TFL TFR TBL TBR",
}
LAYOUTS = {name: tuple(channels.split()) for name, channels in _CHANNELS.items()}
"""Channels of each layout that has a name, by FFmpeg's name for it."""

_UNNAMED = re.compile(r"[1-9]\d? channels \(([A-Z+]+)\)")

_PLAIN = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""What a number of channels is taken for where the source does not say."""

_XIPH = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")
_KNOWN: dict[str, tuple[str, ...]] = {
    "vorbis": _XIPH,
    "opus": _XIPH,
    "aac": (*_XIPH, "2.1", "4.0", "6.0", "hexagonal", "6.1(back)", "7.0", "7.1(wide)", "octagonal"),
    "mp3": ("mono", "stereo"),
}
"""Layouts that a lossy codec can say; PCM and FLAC carry a mask of channels and know all."""

_VORBIS = {
    "3.0": "FL FC FR",
    "quad": "FL FR BL BR",
    "5.0": "FL FC FR BL BR",
    "5.1": "FL FC FR BL BR LFE",
    "6.1": "FL FC FR SL SR BC LFE",
    "7.1": "FL FC FR SL SR BL BR LFE",
}


@dataclass(frozen=True)
class Written:
    """How audio is written in a container.

    Attributes:
        layout: the name under which it is written.
        lost: in plain words what that changes; None where it says the same.
        unnamed: the channels are written without names (Opus, mapping family 255).
    """

    layout: str
    lost: str | None = None
    unnamed: bool = False


def channels_of(layout: str | None) -> tuple[str, ...] | None:
    """The channels of a layout, also of one that FFmpeg only lists; None where nobody says which they are.

    >>> channels_of("2 channels (FC+LFE)")
    ('FC', 'LFE')
    """
    if layout in LAYOUTS:
        return LAYOUTS[layout]
    listed = _UNNAMED.fullmatch(layout or "")
    channels = tuple(listed[1].split("+")) if listed else ()
    ordered = channels == tuple(sorted(set(channels) & set(ORDER), key=ORDER.index))
    return channels if channels and ordered else None


def written(layout: str | None, channels: int, codec: str) -> Written:
    """The layout that a codec writes for audio of a layout; None is one that nobody named.

    Raises:
        EncodeError: the codec would lose a channel.
    """
    held = channels_of(layout)
    said = layout if held is not None and len(held) == channels else None
    if said is None or held is None:
        plain = _PLAIN.get(channels, "")
        return Written(plain, None if channels < 3 else f"the source names no channels; written as {plain}")
    known = _KNOWN.get(codec)
    if known is None or said in known:
        return Written(said)
    if said == "downmix":
        return Written("stereo")
    # A low-frequency channel is coded with its bass alone: no other may go there.
    low = _low_channel(said)
    same = [n for n in known if len(LAYOUTS[n]) == channels and _low_channel(n) in (None, low)]
    if same:
        best = max(same, key=lambda n: (_low_channel(n) == low, len(set(LAYOUTS[n]) & set(held))))
        return Written(best, f"{codec} cannot name the channel layout {said}; written as {best}")
    if codec == "opus":
        return Written(said, f"opus cannot name the channel layout {said}; its channels have no names", True)
    raise EncodeError(f"{codec} cannot keep all channels of the layout {said}: choose wav or flac")


def vorbis_order(layout: str) -> list[int]:
    """For each channel of a Vorbis file of this layout, the channel held that goes there."""
    held = LAYOUTS[layout]
    coded = _VORBIS[layout].split() if layout in _VORBIS else held
    return [held.index(name) for name in coded]


def named(channels: tuple[str, ...]) -> tuple[str | None, list[int]]:
    """Name and order of channels as a file lists them.

    Returns:
        The name of the layout, None where it has none, and for each channel held its place in the file.
    """
    if len(set(channels)) != len(channels) or not set(channels) <= set(ORDER):
        return None, list(range(len(channels)))
    held = tuple(sorted(channels, key=ORDER.index))
    name = next((name for name, wanted in LAYOUTS.items() if wanted == held), None)
    return name, [channels.index(channel) for channel in held]


def _low_channel(layout: str) -> int | None:
    held = channels_of(layout) or ()
    return held.index("LFE") if "LFE" in held else None
