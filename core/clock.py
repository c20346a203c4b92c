"""The time, and how it is written."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def at(time_s: float) -> datetime:
    """The moment so many seconds after 1970, in UTC."""
    return datetime.fromtimestamp(time_s, UTC)


def utc_text(moment: datetime) -> str:
    """A moment to the second as records, logs and reports write it.

    >>> utc_text(at(1_800_000_000.9))
    '2027-01-15T08:00:00Z'
    """
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def now_text() -> str:
    """The present moment as `utc_text` writes it."""
    return utc_text(now())
