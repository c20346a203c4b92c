"""The task of reading TOML that a stranger wrote: small text can keep the parser busy for minutes.

Standard library only. The answer `A` is JSON: a day is `{"day": "2026-08-02"}`, other times are texts.
"""

import json
import tomllib
from datetime import date, datetime

from core.locked_child import Refusal, Task


def prepare() -> None:
    """Everything is loaded."""


def work(task: Task) -> None:
    """Read one text."""
    try:
        answer = json.dumps(tomllib.loads(task.request), default=_told)
    except (ValueError, RecursionError) as error:
        raise Refusal("ValueError", str(error)) from error
    task.send(b"A", answer.encode())


def _told(value: object) -> object:
    if isinstance(value, date) and not isinstance(value, datetime):
        return {"day": value.isoformat()}
    return str(value)
