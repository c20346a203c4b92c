"""What no request may hold, whichever route it is for: refused here, so that nothing behind meets it.

Databases, signatures and file systems each have values of their own that they cannot take: NUL, half a
surrogate pair, nesting without end, a number of five thousand digits. A client learns it once, as a 422.
"""

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.datastructures import QueryParams
from starlette.types import Scope

from core.errors import InvalidInput

MAX_DEPTH = 64
SHOWN = 50
"""Names that an answer repeats of what was sent, and letters of each."""
LARGEST = (1 << 63) - 1
"""The largest whole number that the databases hold."""
MAX_MARKS = 5000
"""Commas and colons in a JSON body: an honest one has some dozens, and each value costs time."""
UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


def check_address(scope: Scope) -> None:
    """Refuse an address whose percent-encoding hides bytes that are no text, or control characters.

    Raises:
        InvalidInput: there are some.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
    for part in (raw.partition(b"?")[0], scope["query_string"].replace(b"+", b" ")):
        try:
            text = unquote_to_bytes(part).decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidInput("the address holds bytes that are no UTF-8") from None
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise InvalidInput("the address holds control characters")


def check_parameters(sent: QueryParams, known: Collection[str]) -> None:
    """Refuse a parameter that the route does not have, or one that is there twice: neither must be ignored.

    Raises:
        InvalidInput: there is one.
    """
    unknown = sorted(set(sent) - set(known))
    if unknown:
        offered = ", ".join(sorted(known)) or "none"
        names = ", ".join(repr(name[:SHOWN]) for name in unknown[:SHOWN])
        raise InvalidInput(f"unknown parameters {names}; known here: {offered}")
    twice = sorted(name for name in sent if len(sent.getlist(name)) > 1)
    if twice:
        raise InvalidInput(f"{', '.join(repr(name[:SHOWN]) for name in twice)} was sent more than once")


def check_json(body: bytes, *, most_marks: int = MAX_MARKS) -> Any:
    """Read a JSON body by the rules of I-JSON (RFC 7493): finite numbers, whole text, every name once.

    Raises:
        InvalidInput: it breaks one of them, holds more than `most_marks` commas and colons, or is nested more
            than `MAX_DEPTH` deep.
    """
    if body.count(b",") + body.count(b":") > most_marks:  # before anything is made of them
        raise InvalidInput(f"the body holds more than {most_marks} commas and colons; send less at once")
    try:
        text = body.decode("utf-8-sig")  # else Python reads UTF-16 and UTF-32, too
        found = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise InvalidInput(f"the body is no JSON: {error.msg} at character {error.pos}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput("the body is no UTF-8") from error
    except ValueError as error:  # a number of too many digits
        raise InvalidInput("the body holds a number that is too long") from error
    _check_value(found)
    return found


def _check_value(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise _too_deep()


def _inside(value: Any) -> Iterable[Any]:
    """Check one value, and return what it holds."""
    if isinstance(value, str):
        if UNSTORABLE.search(value):
            raise InvalidInput("a text in the body holds NUL or half of a surrogate pair")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _too_large()
    elif isinstance(value, int):
        if abs(value) > LARGEST:
            raise _too_large()
    elif isinstance(value, Mapping):
        return [*value, *value.values()]
    elif isinstance(value, list):
        return value
    return ()


def _no_number(name: str) -> None:
    raise InvalidInput(f"{name} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidInput("a name in the body is there twice")
    return found


def _too_deep() -> InvalidInput:
    return InvalidInput(f"the body is nested more than {MAX_DEPTH} deep")


def _too_large() -> InvalidInput:
    return InvalidInput("a number in the body is too large")
