"""Saying a message in the language that is spoken now: that of the page or of the report that is being made.

Messages name what is put into them, `%(title)s`, since another language may need another order; a per cent
sign is written twice, as in the templates.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from api.language.catalogue import Language, translations

_now: ContextVar[Language] = ContextVar("language", default="en")


def spoken() -> Language:
    """The language that is spoken now."""
    return _now.get()


def speak(language: Language) -> None:
    """Speak a language from now on, in this task and in what it calls."""
    _now.set(language)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language inside the block."""
    before = _now.set(language)
    try:
        yield
    finally:
        _now.reset(before)


def _(message: str, /, **values: object) -> str:
    """A message in the language spoken now, with its values.

    >>> _("%(count)s of 100 %%", count=3)
    '3 of 100 %'
    """
    return translated(message) % values


def ngettext(one: str, many: str, num: int, /, **values: object) -> str:
    """A message about a number of things, which it may name as `%(num)s`.

    >>> ngettext("%(num)s file", "%(num)s files", 2)
    '2 files'
    """
    return counted(one, many, num) % {"num": num, **values}


def pgettext(context: str, message: str, /, **values: object) -> str:
    """A message that is one word for several things in English; the context says which is meant."""
    return translated_in(context, message) % values


def named(names: Mapping[str, str], code: str) -> str:
    """What a code is called in the language spoken now; one that has no name stands as it is."""
    return _(names[code]) if code in names else code


def later(message: str) -> str:
    """A message that is kept, to be said by `_` when it is known in which language."""
    return message


def translated(message: str) -> str:
    """A message in the language spoken now, its values still open."""
    return translations(_now.get()).gettext(message)


def counted(one: str, many: str, num: int) -> str:
    """The same of one about a number of things."""
    return translations(_now.get()).ngettext(one, many, num)


def translated_in(context: str, message: str) -> str:
    """The same of one with a context."""
    return translations(_now.get()).pgettext(context, message)
