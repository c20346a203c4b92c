"""Processes that end in the middle of what they write: before any statement, and before any commit."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the product catches it."""


@contextmanager
def killed_at(engine: Engine, number: int) -> Iterator[list[str]]:
    """Ends the process, as it were, before statement or commit `number`; the list tells what was reached."""
    reached: list[str] = []

    def count(*arguments: object) -> None:
        reached.append(str(arguments[2]) if len(arguments) > 2 else "COMMIT")
        if len(reached) == number:
            raise Killed

    names = ("before_cursor_execute", "commit")
    for name in names:
        event.listen(engine, name, count)
    try:
        yield reached
    finally:
        for name in names:
            event.remove(engine, name, count)
