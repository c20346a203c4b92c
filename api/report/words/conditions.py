"""Conditions in which errors were measured, as the detectors name them."""

from api.language import _, later

_KNOWN = frozenset(
    (
        later("after a chain of ordinary processing and codecs"),
        later("after a change of tempo or pitch"),
        later("as they were published"),
        later("in excerpts of five seconds"),
        later("after MP3 at 128 kbit/s"),
        later("after AAC at 128 kbit/s"),
        later("after Opus at 96 kbit/s"),
        later("without content above 11 kHz"),
        later("over music 10 dB below the voice"),
        later("over music as loud as the voice"),
        later("after MP3 at 64 kbit/s"),
        later("after Opus at 32 kbit/s"),
        later("over a telephone line"),
        later("in speech"),
        later("in singing"),
    )
)
"""A condition carries no code: its words are a message of the catalogues."""


def condition_text(condition: object) -> str:
    """A condition in the language spoken now; an unknown one stands as it was said."""
    text = str(condition)
    return _(text) if text in _KNOWN else text
