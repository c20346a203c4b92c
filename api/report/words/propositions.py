"""What was judged of a recording, statement by statement, in words made from the statement's name."""

from collections.abc import Mapping

from api.language import _, later, spoken
from api.report.words.told import Found, sentence

_KNOWN: Mapping[str, str] = {
    "P1": later(
        "a neural decoder (generator, neural codec or voice converter) rendered sound in this recording"
    ),
    "P1-part": later("only some stretches carry decoder traces"),
    "P2": later("the whole recording was generated"),
    "C": later(
        "a machine composed and played it, judged by timing, accents and repetition alone: weak evidence"
    ),
}
"""By name; a statement's own words tell more of the case, in English."""


def proposition_text(told: Found) -> str:
    """A statement that was judged."""
    name = str(told.get("name"))
    if spoken() == "en" or name not in _KNOWN:
        text = str(told["text"])
        return text[:1].upper() + text[1:]
    return sentence(_(_KNOWN[name])).rstrip(".")
