"""Terms by which entries are found: whole values of some fields, and the words of their names.

Both sides are folded first, so that neither case nor accents nor the kind of space matters. What is compared
is equality of terms, which an index answers in the order of the list.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import chain, combinations

LONGEST = 200
"""Characters of a term; longer values are found by their beginning."""
MOST_WORDS = 120
WORD = "word"
"""The field of every word that `q` finds; the other fields are named as their filters are."""

TOGETHER = "is"
"""The field of terms that stand for several values at once, of fields that have few."""
FEW = ("ai", "decision", "verdict")

Term = tuple[str, str]


def fold(text: str) -> str:
    """A value as it is compared.

    >>> fold("  Élan  VITAL ")
    'elan vital'
    """
    return _plain(text)[:LONGEST].rstrip()


def words(text: str) -> list[str]:
    """The different words of a text as they are compared, in order.

    >>> words("Night-Drive (night mix)")
    ['night', 'drive', 'mix']
    """
    return list(dict.fromkeys(word[:LONGEST] for word in re.findall(r"\w+", _plain(text))))[:MOST_WORDS]


def isrc(text: str) -> str:
    """An ISRC as it is compared: with or without hyphens."""
    return fold(text).replace("-", "").replace(" ", "")


def values(field: str, texts: Iterable[object]) -> set[Term]:
    """A term for each text that says something."""
    read = isrc if field == "isrc" else fold
    return {(field, term) for text in texts if text is not None and (term := read(str(text)))}


def together(told: Mapping[str, str]) -> set[Term]:
    """A term for every combination of values of fields that have few: each of them is that of many entries,
    and to find the entries that have two would take a walk through all that have one.

    >>> together({"ai": "no_trace", "decision": "review"})
    {('is', 'ai=no_trace decision=review')}
    """
    few = sorted(name for name in told if name in FEW)
    sets = chain.from_iterable(combinations(few, count) for count in range(2, len(few) + 1))
    return {(TOGETHER, " ".join(f"{name}={told[name]}" for name in names)) for names in sets}


def searched(*texts: object) -> set[Term]:
    """The words of texts, for `q`."""
    return {(WORD, word) for text in texts if text is not None for word in words(str(text))}


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isprintable() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(kept.split())
