"""The worker beside a server: a process of its own, so that no request waits for a thread that computes.

It is `trackmark worker`, held by a pipe: a byte in it says that there is work, and its end that the server
has gone, however it went. One that dies is started again. Several server processes share one worker, and are
kept in the same way.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

log = logging.getLogger(__name__)

HELD = "--held"
"""The option that tells a worker to end with its standard input."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
LASTED_S = 60.0
"""A worker that lived so long did not die of its start."""
PATIENCE_S = 5.0
SIGNAL_S = 1.0
"""How soon the main thread learns of a signal that came to another one."""


def command(*arguments: str) -> list[str]:
    """What starts another `trackmark` of this very installation."""
    # -P: whatever lies in the folder in which somebody starts a server is no part of it.
    start = (
        f"import sys; sys.path.append({str(Path(__file__).parents[2])!r}); from api.cli import main; main()"
    )
    return [sys.executable, "-P", "-c", start, *arguments]


COMMAND = command("worker", HELD)


class Beside(Protocol):
    """Whoever works on the queue beside a server."""

    def start(self) -> None:
        """Begin."""

    def wake(self) -> None:
        """Have the worker look at the queue now."""

    def stop(self) -> None:
        """End."""


class Kept:
    """Keeps a process running until `stop`.

    Args:
        name: of the process, for the log.
        command: what is started.
        stdin: the descriptor from which it reads.
        shared: further descriptors that it has, under their own numbers.
        grace_s: how long it may take for an orderly end.
        environment: its variables; this process' own unless given.
        ticks: seconds that only ever grow.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        stdin: int,
        grace_s: float,
        *,
        shared: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._command = command
        self._stdin = stdin
        self._shared = tuple(shared)
        self._grace_s = grace_s
        self._environment = environment
        self._ticks = ticks
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)
        self.ended_with: int | None = None
        """How the process ended that ended last by itself."""

    @property
    def pid(self) -> int | None:
        """The number of the process that was started last."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the process in order; one that takes too long is killed."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(self._grace_s + PATIENCE_S)
            except subprocess.TimeoutExpired:
                log.error("%s does not end; it is killed", self._name)
                process.kill()
        if self._thread.ident is not None:
            self._thread.join()

    def _keep(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            begun = self._ticks()
            with self._lock:
                if self._stopping.is_set():
                    return
                # A session of its own: Ctrl-C is for this process to handle, which then ends the other.
                process = self._process = subprocess.Popen(
                    self._command,
                    stdin=self._stdin,
                    pass_fds=self._shared,
                    env=self._environment,
                    start_new_session=True,
                )
            code = process.wait()
            if self._stopping.is_set():
                return
            self.ended_with = code
            pause = FIRST_PAUSE_S if self._ticks() - begun >= LASTED_S else min(2 * pause, LONGEST_PAUSE_S)
            log.error("%s ended with %s; another one starts in %g s", self._name, code, pause)
            self._stopping.wait(pause)


class WorkerBeside:
    """Keeps one worker running until `stop`; its jobs' leases run out where it had to be killed.

    Args:
        grace_s: how long the worker may take for an orderly end.
        command: what is started; the worker unless given.
    """

    def __init__(self, grace_s: float, command: Sequence[str] = COMMAND) -> None:
        self._heard, self.told = os.pipe()  # one for all workers: what was said while none lived is kept
        os.set_blocking(self.told, False)
        self._open = True
        self._lock = threading.Lock()
        self._kept = Kept("the worker beside the server", command, self._heard, grace_s)

    @property
    def pid(self) -> int | None:
        """The process number of the worker that was started last."""
        return self._kept.pid

    def start(self) -> None:
        """Begin."""
        self._kept.start()

    def wake(self) -> None:
        """Have the worker look at the queue now."""
        with self._lock:
            if self._open:
                say(self.told)

    def stop(self) -> None:
        """End the worker in order."""
        self._kept.stop()
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._heard)
                os.close(self.told)


@dataclass(frozen=True)
class WorkerElsewhere:
    """The worker that another process keeps.

    Attributes:
        told: the descriptor by which it is woken.
    """

    told: int

    def start(self) -> None:
        """Nothing: it runs."""

    def wake(self) -> None:
        """Have the worker look at the queue now."""
        say(self.told)

    def stop(self) -> None:
        """Nothing: others need it."""


def say(told: int) -> None:
    """Say that there is work."""
    with contextlib.suppress(BlockingIOError):  # full: it was told often enough
        os.write(told, b"!")


def heard(wake: Callable[[], object], channel: int) -> None:
    """In the worker: look for work whenever the server says so; returns when the server has gone."""
    while os.read(channel, 4096):
        wake()


def until_signalled(ended: threading.Event) -> None:
    """Wait, in the main thread, for what the handler of a signal sets.

    Only the main thread runs handlers, and nothing wakes it where the signal came to another thread, as it
    may when a process goes on that was stopped: without a look now and then it would never end.
    """
    while not ended.wait(SIGNAL_S):
        pass
