"""Where templates are set up: everything is escaped, since names and titles are attacker text."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from api.language import figures
from api.language.spoken import counted, translated, translated_in
from api.report import words
from api.report.numbers import clock_text, duration_text, moment_text, size_text
from api.report.words import record
from api.report.words.remarks import remark_text

if TYPE_CHECKING:
    from jinja2 import Environment


def templates(folder: Path) -> "Environment":
    """The templates of a folder; a name that is not given is an error, not an empty text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        translated, counted, newstyle=True, pgettext=translated_in
    )
    made.filters |= {
        "clock": clock_text,
        "duration": duration_text,
        "size": size_text,
        "day": figures.moment_text,
        "date": _date,
        "instant": _instant,
        "number": figures.number_text,
        "sentence": _sentence,
        "remark": remark_text,
    }
    made.globals |= {"words": words, "record_words": record}
    return made


def _sentence(text: str) -> str:
    """A phrase as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def _date(day: date | str) -> str:
    """A day of the calendar, also as a form or a signed statement writes it."""
    return figures.day_text(day if isinstance(day, date) else date.fromisoformat(day))


def _instant(text: str | None) -> str:
    """A moment as a signed statement writes it; nothing where it states none."""
    return "" if text is None else moment_text(text)
