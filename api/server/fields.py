"""Reading text fields of a form; every failure says which field and what it takes."""

from collections.abc import Collection, Mapping

from core.characters import one_line
from core.errors import InvalidInput


def only(fields: Mapping[str, str], known: Collection[str]) -> None:
    """Refuse fields that the route does not know: a typing error must not be ignored."""
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise InvalidInput(f"unknown form fields {', '.join(map(repr, unknown))}; known: {', '.join(known)}")


def text(fields: Mapping[str, str], name: str, *, limit: int = 500) -> str | None:
    """A short text, or None where it is absent or blank."""
    value = fields.get(name, "").strip()
    if len(value) > limit or not one_line(value):
        raise InvalidInput(f"{name} has at most {limit} printable characters")
    return value or None


def needed(fields: Mapping[str, str], name: str, *, limit: int = 500) -> str:
    """A short text that must be there."""
    value = text(fields, name, limit=limit)
    if value is None:
        raise InvalidInput(f"the form field {name!r} is missing")
    return value


def choice(fields: Mapping[str, str], name: str, choices: Collection[str], default: str | None) -> str | None:
    """One of a few words."""
    value = text(fields, name) or default
    if value is not None and value not in choices:
        raise InvalidInput(f"{name} must be one of {', '.join(choices)}")
    return value


def flag(fields: Mapping[str, str], name: str) -> bool:
    """A boolean; false where it is absent."""
    return choice(fields, name, ("true", "false", "1", "0", "on"), "false") in ("true", "1", "on")


def number(fields: Mapping[str, str], name: str, *, low: float, high: float, default: float) -> float:
    """A number in [low, high]."""
    raw = text(fields, name)
    try:
        value = default if raw is None else float(raw)
    except ValueError:
        raise InvalidInput(f"{name} must be a number") from None
    if not low <= value <= high:
        raise InvalidInput(f"{name} must lie between {low} and {high}")
    return value


def words(fields: Mapping[str, str], name: str, choices: Collection[str]) -> list[str] | None:
    """A comma-separated list of known words, or None where it is absent."""
    raw = text(fields, name)
    if raw is None:
        return None
    found = [word.strip() for word in raw.split(",") if word.strip()]
    unknown = [word for word in found if word not in choices]
    if unknown or not found:
        raise InvalidInput(f"{name} is a comma-separated list out of {', '.join(choices)}")
    return found
