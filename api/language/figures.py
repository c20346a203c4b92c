"""Numbers and moments as the language spoken now writes them, every moment in UTC and saying so.

English writes days as ISO 8601 does: its own order differs between countries, and a day in a report must not
be taken for another one.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from api.language.catalogue import Language
from api.language.spoken import spoken


def number_text(written: str) -> str:
    """A number as Python writes it, `1,234.5` or `1.2e-14`, with the signs of the language.

    No digit is changed: the same number is told in every language.
    """
    return written.translate(_signs(spoken()))


def moment_text(moment: datetime, *, seconds: bool = False) -> str:
    """A moment, to the minute or to the second.

    >>> moment_text(datetime(2026, 11, 28, 11, 30, tzinfo=UTC))
    '2026-11-28 11:30 UTC'
    """
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if spoken() == "en":
        return moment.strftime("%Y-%m-%d %H:%M:%S UTC" if seconds else "%Y-%m-%d %H:%M UTC")
    from babel.dates import format_time

    clock = format_time(moment, "medium" if seconds else "short", locale=spoken())
    return f"{day_text(moment.date())}, {clock} UTC"


def day_text(day: date) -> str:
    """A day of the calendar.

    >>> day_text(date(2026, 11, 28))
    '2026-11-28'
    """
    if spoken() == "en":
        return day.isoformat()
    from babel.dates import format_date

    return format_date(day, "medium", locale=spoken())


@lru_cache(maxsize=8)
def _signs(language: Language) -> Mapping[int, str]:
    """From the signs that Python writes to those of a language."""
    if language == "en":
        return {}
    from babel import Locale

    signs = Locale(language).number_symbols["latn"]
    return str.maketrans({".": signs["decimal"], ",": signs["group"]})
