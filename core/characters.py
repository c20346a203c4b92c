"""Which characters of a stranger's text show nothing, or move what stands beside them."""

import unicodedata

_JOINERS = frozenset("\u200c\u200d")
"""What the writing of Persian and of Indian languages needs, and many emoji are made with."""
_LINES = frozenset("\u2028\u2029")
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))


def invisible(character: str) -> bool:
    """Whether a character shows nothing, ends the line, or moves what stands beside it.

    >>> [invisible(one) for one in ("a", "\\u3000", "\\u200c", "\\n", "\\u202e")]
    [False, False, False, True, True]
    """
    if character in _JOINERS:
        return False
    return character in _LINES or unicodedata.category(character) in _HIDDEN


def one_line(text: str) -> bool:
    """Whether all of a text can be seen, on one line; spaces of other scripts are as good as ours."""
    return text.isprintable() or not any(map(invisible, text))
