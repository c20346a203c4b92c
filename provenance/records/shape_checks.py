"""What a single field of a record may hold. Each check raises `RecordError` naming the field."""

import re
import unicodedata
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from core.errors import RecordError

MAX_TEXT = 1000
MAX_ITEMS = 1000


def text(value: str, field: str, *, limit: int = MAX_TEXT) -> None:
    """A name or title: 1 to `limit` characters, NFC, no control or bidirectional-override characters.

    Two spellings of one name that look alike must not give two records (NFC), and a title must not be able
    to rearrange the report that shows it.
    """
    if not isinstance(value, str):
        raise RecordError(f"{field} must be text, not {type(value).__name__}")
    if not 1 <= len(value) <= limit:
        raise RecordError(f"{field} has {len(value)} characters; it needs 1 to {limit}")
    if value != value.strip():
        raise RecordError(f"{field} starts or ends with a space")
    if not unicodedata.is_normalized("NFC", value):
        raise RecordError(f"{field} is not in Unicode form NFC; normalise it before signing")
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in _BIDI:
            raise RecordError(f"{field} contains the forbidden character U+{ord(character):04X}")


_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def hex_digits(value: str, field: str, digits: int) -> None:
    """Lower-case hexadecimal of exactly this length (a hash, an id, a message)."""
    if not isinstance(value, str) or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", value):
        raise RecordError(f"{field} must be {digits} lower-case hex digits")


def whole(value: int, field: str, low: int, high: int) -> None:
    """An integer of the closed interval; booleans are not integers here."""
    if type(value) is not int or not low <= value <= high:
        raise RecordError(f"{field} must be a whole number from {low} to {high}")


def one_of(value: str, field: str, allowed: Collection[str]) -> None:
    """One of a closed set of words."""
    if value not in allowed:
        raise RecordError(f"{field} is {value!r}; it must be one of {', '.join(sorted(allowed))}")


def count(items: Collection[object], field: str, *, limit: int = MAX_ITEMS) -> None:
    """Not more list items than anybody needs, so that a hostile record stays cheap to check."""
    if not isinstance(items, tuple):
        raise RecordError(f"{field} must be a tuple")
    if len(items) > limit:
        raise RecordError(f"{field} has {len(items)} items; at most {limit} are accepted")


def distinct(items: Collection[object], field: str) -> None:
    """No item twice."""
    if len(set(items)) != len(items):
        raise RecordError(f"{field} names something twice")


def time(value: str, field: str) -> None:
    """A time of RFC 3339 in UTC, written with `Z`, to the second or with up to six decimals."""
    parse_time(value, field)


def period(start: str | None, end: str | None, field: str) -> None:
    """Two optional times, the first before the second."""
    first = parse_time(start, f"{field} start") if start is not None else None
    last = parse_time(end, f"{field} end") if end is not None else None
    if first is not None and last is not None and first >= last:
        raise RecordError(f"{field} ends before it starts")


def identifier(value: str, field: str, canonical: Callable[[str], str]) -> None:
    """An identifier already in the compact form that its function in `identifiers` returns."""
    if not isinstance(value, str):
        raise RecordError(f"{field} must be text, not {type(value).__name__}")
    compact = canonical(value)
    if compact != value:
        raise RecordError(f"{field} must be written {compact}")


_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,6})?Z")


def parse_time(value: str, field: str) -> datetime:
    """Read such a time.

    Raises:
        RecordError: another form, or a date that does not exist.
    """
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise RecordError(f"{field} must be a UTC time such as 2026-11-22T13:00:00Z")
    try:
        return datetime.fromisoformat(match[1] + (match[2] or "")).replace(tzinfo=UTC)
    except ValueError as error:
        raise RecordError(f"{field}: {error}") from error
