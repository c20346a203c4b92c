"""Strangers' texts as a page can show them: nothing invisible, nothing that turns the line round, no end.

A name from a file may hold anything. What shows nothing, or moves what stands beside it, is spelled out as
`[U+202E]`; what is longer than a page can bear is cut, and the cut says how long it was.
"""

import unicodedata

from api.language import _
from api.language.figures import number_text

LONGEST = 2200
_KEPT = frozenset("\n\u200c\u200d")  # a line's end; the joiners that Indic and Arabic writing needs
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))
_LINES = frozenset("\u2028\u2029")


def spelled(character: str) -> str:
    """A character's number, for one that cannot be shown."""
    return f"[U+{ord(character):04X}]"


def legible(text: str, limit: int = LONGEST) -> str:
    """A text of a stranger for people.

    >>> legible("a\\u202eb\\x00"), legible("x" * 12, 10)
    ('a[U+202E]b[U+0000]', 'xxxxxxxxxx… (12 characters in all)')
    """
    shown = "".join(spelled(c) if _hidden(c) else c for c in text[:limit])
    if len(text) <= limit:
        return shown
    return shown + _("… (%(count)s characters in all)", count=number_text(f"{len(text):,}"))


def _hidden(character: str) -> bool:
    if character in _KEPT:
        return False
    return character in _LINES or unicodedata.category(character) in _HIDDEN
