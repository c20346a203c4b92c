"""Frozen dataclasses to JSON and back, strictly.

Absent optional fields and empty lists are left out, so that a value has one spelling. Reading refuses
unknown fields, missing fields and values of another type: a field that one reader ignores and another
obeys is how two parties come to read two different records from one signature.
"""

import types
from collections.abc import Hashable
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from core.errors import RecordError

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Turn a dataclass of texts, integers, booleans, tuples and dataclasses into JSON values."""
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    result = {}
    for field in fields(value):
        item = getattr(value, field.name)
        if item is not None and item != ():
            result[field.name] = to_json(item)
    return result


def from_json(kind: type[T], value: Any, path: str) -> T:
    """Build a dataclass from JSON values.

    Args:
        kind: the dataclass.
        value: what `canonical.decode` returned.
        path: name of this value in error messages.

    Raises:
        RecordError: a field is unknown, missing or of another type, or the class refuses the values.
    """
    if not isinstance(value, dict):
        raise RecordError(f"{path} must be an object")
    hints = _hints(cast("Hashable", kind))
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]  # T is a dataclass
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise RecordError(f"{path} has unknown fields: {', '.join(map(repr, unknown[:5]))}")
    arguments = {}
    for name, field in known.items():
        if name in value:
            arguments[name] = _read(hints[name], value[name], f"{path}.{name}")
            if arguments[name] == ():
                raise RecordError(f"{path}.{name} is empty; leave it out")
        elif _required(field) and get_origin(hints[name]) is tuple:
            arguments[name] = ()  # `to_json` leaves empty lists out
        elif _required(field):
            raise RecordError(f"{path}.{name} is missing")
    return kind(**arguments)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _read(kind: Any, value: Any, path: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        # Every union in a record is "X or absent"; JSON null is not a spelling of absent.
        (kind,) = (part for part in get_args(kind) if part is not type(None))
        return _read(kind, value, path)
    if origin is tuple:
        if not isinstance(value, list):
            raise RecordError(f"{path} must be a list")
        return tuple(_read(get_args(kind)[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if kind in (str, int, bool):
        if type(value) is not kind:
            raise RecordError(f"{path} must be of type {kind.__name__}")
        return value
    return from_json(kind, value, path)
