"""The worker beside a server: a process of its own, so that no request waits for a thread that computes.

It is `trackmark worker`, held by a pipe: a byte in it says that there is work, and its end that the server
has gone, however it went. One that dies is started again.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

log = logging.getLogger(__name__)

HELD = "--held"
"""The option that tells a worker to end with its standard input."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
LASTED_S = 60.0
"""A worker that lived so long did not die of its start."""
PATIENCE_S = 5.0
COMMAND = (
    sys.executable,
    "-P",  # whatever lies in the folder in which somebody starts a server is no part of it
    "-c",
    f"import sys; sys.path.append({str(Path(__file__).parents[2])!r}); from api.cli import main; main()",
    "worker",
    HELD,
)


class WorkerBeside:
    """Keeps one worker running until `stop`.

    Args:
        grace_s: how long the worker may take for an orderly end.
        command: what is started; the worker unless given.
        environment: its variables, from which it reads the same settings; this process' own unless given.
        ticks: seconds that only ever grow.
    """

    def __init__(
        self,
        grace_s: float,
        command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._grace_s = grace_s
        self._command = command
        self._environment = environment
        self._ticks = ticks
        self._process: subprocess.Popen[bytes] | None = None
        self._heard, self._told = os.pipe()  # one for all workers: what was said while none lived is kept
        os.set_blocking(self._told, False)
        self._open = True
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="worker beside", daemon=True)

    @property
    def pid(self) -> int | None:
        """The process number of the worker that was started last."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Have the worker look at the queue now."""
        with self._lock, contextlib.suppress(BlockingIOError):  # full: it was told often enough
            if self._open:
                os.write(self._told, b"!")

    def stop(self) -> None:
        """End the worker in order; one that takes too long is killed, and its jobs' leases run out."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(self._grace_s + PATIENCE_S)
            except subprocess.TimeoutExpired:
                log.error("the worker beside the server does not end; it is killed")
                process.kill()
        if self._thread.ident is not None:
            self._thread.join()
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._heard)
                os.close(self._told)

    def _keep(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            begun = self._ticks()
            with self._lock:
                if self._stopping.is_set():
                    return
                # A session of its own: Ctrl-C is the server's to handle, which then ends the worker.
                process = self._process = subprocess.Popen(
                    self._command, stdin=self._heard, env=self._environment, start_new_session=True
                )
            code = process.wait()
            if self._stopping.is_set():
                return
            pause = FIRST_PAUSE_S if self._ticks() - begun >= LASTED_S else min(2 * pause, LONGEST_PAUSE_S)
            log.error("the worker beside the server ended with %s; another one starts in %g s", code, pause)
            self._stopping.wait(pause)


def heard(wake: Callable[[], object], channel: int) -> None:
    """In the worker: look for work whenever the server says so; returns when the server has gone."""
    while os.read(channel, 4096):
        wake()
