"""Numbers of things in English, as commands tell them; pages and reports have `api.language.ngettext`."""

import math


def counted(count: float, one: str, many: str | None = None) -> str:
    """How many of what.

    Args:
        count: how many.
        one: the name of one.
        many: the name of any other number; with an s unless given.

    >>> counted(1, "record"), counted(0, "entry", "entries"), counted(2, "key")
    ('1 record', '0 entries', '2 keys')
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def whole(seconds: float) -> int:
    """Seconds as people count them: rounded, and half a second up, everywhere.

    >>> whole(33.7), whole(2.5), whole(0.4)
    (34, 3, 0)
    """
    return math.floor(seconds + 0.5)
