"""Where templates are set up: everything is escaped, since names and titles are attacker text."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from api.report import words
from api.report.numbers import clock_text, size_text
from api.report.words import record

if TYPE_CHECKING:
    from jinja2 import Environment


def templates(folder: Path) -> "Environment":
    """The templates of a folder; a name that is not given is an error, not an empty text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"clock": clock_text, "size": size_text, "day": _day, "sentence": _sentence}
    made.globals |= {"words": words, "record_words": record}
    return made


def _sentence(text: str) -> str:
    """A phrase as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
