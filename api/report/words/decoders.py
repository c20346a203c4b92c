"""Decoders and what the music detector says of them, by the names that it gives."""

from api.language import _, later, spoken
from api.report.words.forms import said_again

_DECODERS = (
    later("unknown decoder (%(spacing)s Hz)"),
    later("EnCodec 48 kHz fed with 44.1 kHz"),
    later("Suno (measured)"),
    later("Noise2Music cascade (measured)"),
    later("ISTFT head, hop 256 at 44.1 kHz (Musika)"),
    later("separator, HT-Demucs time branch"),
    later("mel vocoders 16 kHz, hops 200 and 256"),
)
"""Those of `detector.decoders.ARCHITECTURES` that hold words; all others are names."""
_GRIDS = (later("multiples of %(spacing)s kHz"),)
_GROUPS = {
    "narrow": later("narrow band"),
    "middle": later("middle band"),
    "wide": later("wide band"),
    "short": later("short"),
    "excerpt": later("excerpt"),
    "long": later("long"),
}
_CALIBRATIONS = (later("shipped"), later("local %(digest)s"), later("adapter %(name)s %(digest)s"))


def decoder_text(name: object) -> str:
    """A decoder."""
    return _known(str(name), _DECODERS)


def grid_text(name: object) -> str:
    """Where the lines of a decoder's last layers stand."""
    return _known(str(name), _GRIDS)


def group_text(name: object) -> str:
    """The human recordings among which a p-value was counted, by band and length."""
    parts = str(name).split("/")
    return ", ".join(_(_GROUPS[part]) for part in parts) if set(parts) <= set(_GROUPS) else str(name)


def calibration_text(calibration: object) -> str:
    """What a calibration rests on: the card, whether it is the one that ships, and adapters that vote."""
    return ", ".join(_known(part, _CALIBRATIONS) for part in str(calibration).split(", "))


def _known(name: str, forms: tuple[str, ...]) -> str:
    return name if spoken() == "en" else said_again(name, forms, str) or name
