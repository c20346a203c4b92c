"""Findings as JSON: objects of a value's fields, whose names are a contract; numbers that JSON can carry.

Keys may gain siblings, they are never renamed or dropped (see `docs/architecture.md`). Numbers that could not
be measured are `None`, never 0.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

Json = dict[str, Any]


def as_json(value: Any) -> Any:
    """A frozen value as JSON: objects of its fields, lists of its tuples, the rest as it is."""
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return value


def number(value: float | None, digits: int = 6) -> float | None:
    """A float that JSON can carry: rounded, and `None` for anything that is not finite."""
    return None if value is None or not math.isfinite(value) else rounded(value, digits)


def rounded(value: float, digits: int = 6) -> float:
    """A place, a length or a speed, which is always finite."""
    return round(float(value), digits) + 0.0  # no -0.0


def significant(value: float | None) -> float | None:
    """A probability that may be tiny: six significant digits rather than six decimals."""
    return None if value is None or not math.isfinite(value) else float(f"{float(value):.6g}")


def plain(value: Any) -> Any:
    """Evidence as JSON: numbers of any library become floats, unknown things their text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, int):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return number(value)
    return str(value)
