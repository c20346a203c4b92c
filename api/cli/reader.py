"""Whoever reads what a command says may leave, and whoever runs it may stop it: how it ends then.

A reader that leaves (`trackmark record list | head -1`) ends the command without a word, with the code that
the shell gives a program that a broken pipe killed. What cannot be written (a full disk) is told in a line.
Ctrl-C is told in a word; SIGTERM and a terminal that is closed too, and end the process by that signal once
everything is tidied up. None of these is an error for the commands to handle, so none of them is an
`Exception`.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import typer

from core.interrupts import ENDING

FAILED = 1
LEFT = 128 + signal.SIGPIPE


class Left(BaseException):
    """Nobody reads the answers any more."""


class Unwritable(BaseException):
    """The answers cannot be written where they were sent."""


class Stopped(BaseException):
    """Somebody stops the command.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number


class Answers:
    """Standard output, which tells what becomes of what is written to it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def buffer(self) -> "Answers":
        """The stream of bytes below, which tells it as well."""
        return Answers(self._stream.buffer)

    def write(self, text: Any) -> int:
        """As of the stream."""
        with _told():
            return int(self._stream.write(text))

    def writelines(self, lines: Any) -> None:
        """As of the stream."""
        with _told():
            self._stream.writelines(lines)

    def flush(self) -> None:
        """As of the stream."""
        with _told():
            self._stream.flush()


class Messages:
    """Standard error, without which work goes on: nobody has to hear of it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As of the stream."""
        with _unheard(self._stream):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """As of the stream."""
        with _unheard(self._stream):
            self._stream.flush()


@contextmanager
def attended() -> Iterator[None]:
    """Run a command, and end it as its reader and whoever runs it want.

    Raises:
        SystemExit: with 141 where the reader left, 1 where the answers cannot be written, 130 where it was
            stopped by Ctrl-C; with 128 and its number for another signal, which then ends the process itself.
    """
    streams = sys.stdout, sys.stderr
    out, err = (Path(os.devnull).open("w") if one is None else one for one in streams)  # noqa: SIM115
    sys.stdout, sys.stderr = Answers(out), Messages(err)
    ended_by: list[int] = []

    def end() -> None:  # as whoever sent the signal expects: systemd calls that a clean end
        for number in ended_by:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    atexit.register(end)  # before all that tidies up by the same way, and so behind it
    try:
        with _signals():
            try:
                yield
            finally:
                sys.stdout.flush()
    except Left:
        _let_go(out)
        raise SystemExit(LEFT) from None
    except Unwritable as error:
        _let_go(out)
        sys.stderr.write(f"error: cannot write the answer: {error}\n")
        raise SystemExit(FAILED) from None
    except (KeyboardInterrupt, Stopped) as stopped:
        number = stopped.number if isinstance(stopped, Stopped) else signal.SIGINT
        sys.stderr.write("stopped\n")
        if number != signal.SIGINT:
            ended_by.append(number)
        raise SystemExit(128 + number) from None
    finally:
        sys.stdout, sys.stderr = streams
        if not ended_by:
            atexit.unregister(end)


@contextmanager
def stoppable() -> Iterator[None]:
    """Tell Ctrl-C from a question that was answered with no, and from what the parser makes of it."""
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped from None
    except typer.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise Stopped from None
        raise


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise Left from None
    except OSError as error:
        raise Unwritable(error.strerror or str(error)) from None


@contextmanager
def _signals() -> Iterator[None]:
    """Let the signals that end a process be raised where it is at work, so that it tidies up.

    The second of them is passed over, for whoever presses twice; from the third on they are raised again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = 0

    def end(number: int, _frame: object) -> None:
        nonlocal came
        came += 1
        if came != 2:
            raise KeyboardInterrupt if number == signal.SIGINT else Stopped(number)

    former = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in former.items():
        if handler in (signal.SIG_DFL, signal.default_int_handler):  # not what `nohup` lets go by
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in former.items():
            if handler in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(number, handler)


@contextmanager
def _unheard(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except OSError:
        _let_go(stream)


def _let_go(stream: TextIO) -> None:
    """Let what is still kept for a stream go nowhere, or Python tells of it at its end."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
