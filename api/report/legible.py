"""Strangers' texts as a page can show them: nothing invisible, nothing that turns the line round, no end.

A name from a file may hold anything. What shows nothing, or moves what stands beside it, is spelled out as
`[U+202E]`; what is longer than a page can bear is cut, and the cut says how long it was.
"""

import re

from api.language import _
from api.language.figures import number_text
from core import characters

LONGEST = 2200
_MARK = "\u200e"
_RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff"
_RIGHT_TO_LEFT = re.compile(f"[{_RTL}](?:[^A-Za-z\u00c0-\u024f0-9“”„«»;:\\[\\](){_MARK}\n]*[{_RTL}])?")
"""From a character of such a script to the last before a letter, a digit or a mark that ends a name."""


def spelled(character: str) -> str:
    """A character's number, for one that cannot be shown."""
    return f"[U+{ord(character):04X}]"


def legible(text: str, limit: int = LONGEST) -> str:
    """A text of a stranger for people.

    >>> legible("a\\u202eb\\x00"), legible("x" * 12, 10)
    ('a[U+202E]b[U+0000]', 'xxxxxxxxxx… (12 characters in all)')
    """
    shown = visible(text[:limit])
    if len(text) <= limit:
        return shown
    return shown + _("… (%(count)s characters in all)", count=number_text(f"{len(text):,}"))


def visible(text: str) -> str:
    """A text of any length in which what shows nothing is spelled out.

    >>> visible("a\\u202eb")
    'a[U+202E]b'
    """
    return text if text.isprintable() else "".join(spelled(c) if invisible(c) else c for c in text)


def apart(text: str) -> str:
    """A text in which each passage that is read from right to left moves nothing that stands beside it.

    Between two such passages a quotation mark, a comma or a number would change places with them: owner and
    title of a sentence could not be told apart. A mark of no width (U+200E) stands at both ends of each.
    """
    return _RIGHT_TO_LEFT.sub(lambda found: f"{_MARK}{found[0]}{_MARK}", text)


def invisible(character: str) -> bool:
    """Whether a character shows nothing, or moves what stands beside it; a line may end."""
    return character != "\n" and characters.invisible(character)
