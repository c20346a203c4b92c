"""Logs of servers and workers: each line as text or as one JSON object, with the id of its request.

What is logged are messages of ours, of libraries and the traces of errors: statements without their values
(`api.database.engine`), never a header, a body or a key.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

Format = Literal["text", "json"]
REQUEST: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that this task, or a thread which works for it, is about."""


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": REQUEST.get(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None})


class TextLines(logging.Formatter):
    """A record as text, its request behind it in brackets."""

    def format(self, record: logging.LogRecord) -> str:
        """The line or, with a trace, the lines."""
        name = REQUEST.get()
        first, end, trace = super().format(record).partition("\n")
        return first + (f" [{name}]" if name else "") + end + trace


def begin(chosen: Format, *, access: bool = False) -> None:
    """Write what the whole process logs, from warnings on, to standard error.

    Args:
        chosen: how.
        access: each answer of a server, too (`api.server.access`).
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if chosen == "json" else TextLines("%(levelname)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("api.access").setLevel(logging.INFO if access else logging.NOTSET)
