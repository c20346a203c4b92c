"""Canonical JSON: RFC 8785 (JCS), restricted to what a signed payload may carry.

Records hold no floats: shares and times must be exact in every language that reads them. Reports hold
scores, so `floats=True` lets finite ones through in the spelling that RFC 8785 §3.2.2.3 prescribes.
"""

import json
from collections.abc import Callable
from typing import Any, NoReturn

import rfc8785

from core.errors import TrackmarkError

MAX_PAYLOAD_BYTES = 1 << 20
MAX_DEPTH = 32


def encode(value: Any, error: type[TrackmarkError], *, floats: bool = False) -> bytes:
    """Write a JSON value as RFC 8785 bytes.

    Args:
        value: dicts with string keys, lists, strings, integers within ±(2^53 - 1), booleans, None.
        error: the type to raise when `value` cannot be written.
        floats: accept finite floats too.

    >>> encode({"b": [1, True], "a": None}, TrackmarkError)
    b'{"a":null,"b":[1,true]}'
    """
    _check(value, error, 0, floats)
    return _written(value, error)


def decode(
    payload: bytes, error: type[TrackmarkError], *, limit: int = MAX_PAYLOAD_BYTES, floats: bool = False
) -> Any:
    """Read RFC 8785 bytes, and only those: any other spelling of the same value is refused.

    A payload with one spelling has one hash, and a parser that is lenient elsewhere cannot be led to
    read something else than we did (duplicate keys, stray whitespace, escapes).

    Args:
        payload: the bytes that were signed.
        error: the type to raise.
        limit: largest accepted size in bytes.
        floats: accept finite floats too.
    """
    value = decode_lenient(payload, error, limit=limit, floats=floats)
    if _written(value, error) != payload:
        raise error("is JSON but not in the canonical form of RFC 8785; sign the canonical bytes")
    return value


def decode_lenient(
    data: bytes, error: type[TrackmarkError], *, limit: int = MAX_PAYLOAD_BYTES, floats: bool = False
) -> Any:
    """Read JSON in any spelling, without duplicate keys, deep nesting or (unless asked) floats."""
    if len(data) > limit:
        raise error(f"is {len(data)} bytes long; at most {limit} are accepted")
    try:
        value = json.loads(
            data.decode("utf-8"),
            parse_float=float if floats else _refuse(error, "contains a number that is not an integer"),
            parse_constant=_refuse(error, "contains NaN or Infinity"),
            object_pairs_hook=lambda pairs: _unique(pairs, error),
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as problem:
        raise error(f"is not JSON in UTF-8: {problem}") from problem
    _check(value, error, 0, floats)
    return value


def _written(value: Any, error: type[TrackmarkError]) -> bytes:
    """A checked value as RFC 8785 bytes."""
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, TypeError, ValueError, RecursionError) as problem:
        raise error(f"cannot be written as canonical JSON: {problem}") from problem


def _refuse(error: type[TrackmarkError], message: str) -> Callable[[str], NoReturn]:
    def refuse(_: str) -> NoReturn:
        raise error(message)

    return refuse


def _unique(pairs: list[tuple[str, Any]], error: type[TrackmarkError]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise error("contains a key twice")
    return result


def _check(value: Any, error: type[TrackmarkError], depth: int, floats: bool) -> None:
    if depth > MAX_DEPTH:
        raise error(f"is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, float) and not floats:
        raise error("contains a float; write integers in a smaller unit instead")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise error("contains a key that is not a string")
            _check(item, error, depth + 1, floats)
    elif isinstance(value, list | tuple):
        for item in value:
            _check(item, error, depth + 1, floats)
