"""Sentences that a signed statement holds in English, known again by the form in which the code writes them.

A form is a message whose values stand in for what differs from case to case. It fits a whole sentence or
none: no sentence is taken apart, and one that fits no form is not guessed at.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from api.language import _
from api.language.figures import number_text

_PLACE = re.compile(r"%\((\w+)\)s")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?")


def said_again(text: str, forms: Iterable[str], nested: Callable[[str], str]) -> str | None:
    """A sentence in the language spoken now; None where it fits no form.

    Args:
        text: the sentence, in English.
        forms: messages, of which the first that fits is taken.
        nested: says a value that is a reason itself; such a one is named `reason`.
    """
    for form in forms:
        found = _pattern(form).fullmatch(text)
        if found is not None:
            return _(form, **_values(found.groupdict(), nested))
    return None


@lru_cache(maxsize=256)
def _pattern(form: str) -> "re.Pattern[str]":
    parts = _PLACE.split(form.replace("%%", "%"))
    written = (f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts))
    return re.compile("".join(written), re.DOTALL)


def _values(found: Mapping[str, str], nested: Callable[[str], str]) -> dict[str, str]:
    return {name: nested(value) if name == "reason" else _value(value) for name, value in found.items()}


def _value(value: str) -> str:
    """A value as people read it: a number with the language's signs, what Python quotes in its quotes."""
    if _NUMBER.fullmatch(value):
        return number_text(value)
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return _("“%(title)s”", title=value[1:-1])
    return value
