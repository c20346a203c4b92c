"""How far a scan is: a bar on a terminal, a line now and then in a log; both with rate and what is left."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from api.cli.console import canvas, messages
from api.cli.pace import pace
from core.counted import counted

EVERY_S = 30.0


class Display(Protocol):
    """Tells how far a scan is."""

    def begin(self, before: int) -> None:
        """It begins; earlier runs did so many."""

    def update(self, done: int) -> None:
        """So many are done, those of earlier runs included."""


class Hidden:
    """Tells nothing."""

    def begin(self, before: int) -> None:
        """It begins."""

    def update(self, done: int) -> None:
        """Another one is done."""


class Told:
    """Tells by lines: at the beginning, at the end, and every half a minute between.

    Args:
        total: of the files.
        write: shows a line.
        now: seconds of any clock.
    """

    def __init__(
        self, total: int, write: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._total, self._write, self._now = total, write, now
        self._before, self._began, self._told = 0, now(), now()

    def begin(self, before: int) -> None:
        """It begins; earlier runs did so many."""
        self._before, self._began = before, self._now()
        self._told = self._began
        self._write(counted(self._total, "file") + (f", {before} done before" if before else ""))

    def line(self, done: int) -> str:
        """How far it is, how fast it goes and how long it will take; the rate is that of this run."""
        fast = pace(self._now() - self._began, done - self._before, self._total - self._before, "files")
        return ", ".join(filter(None, [f"{done} of {counted(self._total, 'file')}", fast]))

    def update(self, done: int) -> None:
        """So many are done."""
        if self._now() - self._told >= EVERY_S or done == self._total:
            self._told = self._now()
            self._write(self.line(done))


class Bar:
    """Tells on one line of a terminal, which is gone at the end."""

    def __init__(self, total: int, told: Told, draw: Callable[[int, str], None]) -> None:
        self._total, self._told, self._draw = total, told, draw

    def begin(self, before: int) -> None:
        """It begins; earlier runs did so many."""
        self._told.begin(before)
        self.update(before)

    def update(self, done: int) -> None:
        """So many are done."""
        self._draw(done, self._told.line(done))


@contextmanager
def shown(total: int, *, enabled: bool) -> Iterator[Display]:
    """The display of a scan of so many files, on standard error."""
    if not enabled:
        yield Hidden()
        return
    console = messages()
    told = Told(total, lambda text: console.print(text, markup=False))
    if not sys.stderr.isatty():
        yield told
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), BarColumn(bar_width=16), TextColumn("{task.description}", markup=False))
    same_screen = sys.stdout.isatty()
    with Progress(
        *columns, console=canvas(), transient=True, redirect_stdout=same_screen, redirect_stderr=same_screen
    ) as display:
        task = display.add_task("", total=total)
        yield Bar(total, told, lambda done, text: display.update(task, completed=done, description=text))
