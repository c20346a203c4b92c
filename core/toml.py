"""TOML that a stranger wrote, read in a locked-in process."""

import json
from datetime import date
from typing import Any

from core.locked import Locked, LockedError, LockedTimeout

READER = Locked("core.toml_child")
MEMORY_BYTES = 256 << 20
TIMEOUT_S = 5.0


def loads(text: str) -> dict[str, Any]:
    """What a text says; days are `date`, other times texts.

    Raises:
        ValueError: it is not TOML, or too deep, too large or too slow to read.
    """
    try:
        with READER.begin(text, memory_bytes=MEMORY_BYTES, seconds=TIMEOUT_S) as talk:
            found = json.loads(talk.answer(b"A"), object_hook=_day)
    except LockedTimeout as error:
        raise ValueError(f"it takes longer than {TIMEOUT_S:g} s to read") from error
    except LockedError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it is no table")
    return found


def _day(found: dict[str, Any]) -> Any:
    if found.keys() == {"day"} and isinstance(found["day"], str):
        try:
            return date.fromisoformat(found["day"])
        except ValueError:
            return found
    return found
