"""The process that forks a locked-in child for every task; it reads no stranger's byte itself.

Started once for each kind of task by `core.locked`, it loads the module that does the work, moves into a
room of its own (`core.sandbox_rooms`), and then forks a fresh child for every task: start-up is paid once,
and nothing that one file does to its child reaches the next. It ends a child with SIGKILL when its time is
over, whatever the child does with signals, and when nobody listens to it any more.

A child has one socket and the files of its task. Messages are `tag, length (u32 little-endian), body`; the
first one is the request. `X` stands for a refusal (JSON: kind, a class of `core.errors`, and message); all
other tags belong to the module, which has `prepare()`, run before the room is closed, and `work(task)`.
"""

import contextlib
import fcntl
import importlib
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from core.priority import WORK, yield_to_others
from core.sandbox import die_with_parent, limit_resources, mapped_bytes, refuse_system_calls
from core.sandbox_rooms import move_in

MOST_FILES = 4
MOST_DESCRIPTORS = 4096
_HEAD = struct.Struct("<cI")


class Refusal(Exception):
    """What was sent is not accepted; `kind` names a class of core.errors."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Task:
    """One task, seen from the child.

    Attributes:
        request: what was asked for.
        files: what it is about, open for reading or, where they were sent so, for writing.
    """

    def __init__(self, channel: int, files: list[BinaryIO]) -> None:
        self.files = files
        self._channel = channel
        self.request: Any = json.loads(self.receive())

    def send(self, tag: bytes, body: bytes) -> None:
        """Send a message."""
        view = memoryview(_HEAD.pack(tag, len(body)) + body)
        while view:
            view = view[os.write(self._channel, view) :]

    def receive(self) -> bytes:
        """The body of the next message."""
        length = _HEAD.unpack(self._exactly(_HEAD.size))[1]
        return self._exactly(length)

    def _exactly(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            got = os.read(self._channel, min(length - len(parts), 1 << 20))
            if not got:
                os._exit(0)  # whoever asked has gone
            parts += got
        return bytes(parts)


@dataclass(frozen=True)
class _Child:
    """A running child: until when, and our end of what it writes to, to see whether anybody reads."""

    until: float
    channel: int


def main() -> None:
    """Serve on the control socket whose descriptor is the first argument; the second names the module."""
    yield_to_others(WORK)
    module = importlib.import_module(sys.argv[2])
    module.prepare()
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_DESCRIPTORS, MOST_DESCRIPTORS))
    mapped = mapped_bytes()
    control = socket.socket(fileno=int(sys.argv[1]))
    room = move_in()
    control.sendall(json.dumps(room.told()).encode())
    Nursery(control, module.work, mapped, code=getattr(module, "CODE", False)).serve()


class Nursery:
    """Forks children and sees to it that they end."""

    def __init__(
        self, control: socket.socket, work: Callable[[Task], None], mapped: int, *, code: bool
    ) -> None:
        self._control = control
        self._work, self._mapped, self._code = work, mapped, code
        self._children: dict[int, _Child] = {}

    def serve(self) -> None:
        """Fork one child per request until the parent goes away; a request carries its descriptors."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(woken, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        while True:
            poll = select.poll()
            poll.register(self._control, select.POLLIN)
            poll.register(woken, select.POLLIN)
            for child in self._children.values():
                poll.register(child.channel, 0)
            ready = dict(poll.poll(self._patience_ms()))
            self._end(ready)
            if woken in ready:
                os.read(woken, 512)
                self._reap()
            if self._control.fileno() in ready and not self._begin():
                break
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)

    def _patience_ms(self) -> float | None:
        if not self._children:
            return None
        return max(0.0, 1000 * (min(child.until for child in self._children.values()) - time.monotonic())) + 1

    def _end(self, ready: dict[int, int]) -> None:
        """Kill whose time is over, and whom nobody listens to."""
        now = time.monotonic()
        for pid, child in self._children.items():
            if child.until <= now or child.channel in ready:
                os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                child = self._children.pop(pid, None)
                if child is not None:
                    os.close(child.channel)  # now the other side sees the end

    def _begin(self) -> bool:
        request, descriptors, _, _ = socket.recv_fds(self._control, 4096, 1 + MOST_FILES)
        if not request:
            return False
        task = json.loads(request)
        until, nice = time.monotonic() + task["seconds"], task.pop("nice")
        pid = os.fork()
        if pid == 0:
            self._live(descriptors, task)
        os.setpriority(os.PRIO_PROCESS, pid, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))
        self._children[pid] = _Child(until, descriptors[0])
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        self._control.sendall(b"f")
        return True

    def _live(self, descriptors: list[int], limits: dict[str, Any]) -> NoReturn:
        """Do one task in the sandbox and leave."""
        channel, files = descriptors[0], descriptors[1:]
        try:
            die_with_parent()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            _close_all_but(descriptors)
            opened = [_opened(file) for file in files]
            limit_resources(**limits, mapped=self._mapped)
            refuse_system_calls(code=self._code)
            task = Task(channel, opened)
            try:
                self._work(task)
            except Refusal as refusal:
                _refuse(task, refusal.kind, str(refusal))
            except MemoryError:
                _refuse(task, "MemoryError", "reading it needs more memory than allowed")
            except Exception as error:
                _refuse(task, "Exception", f"{type(error).__name__}: {error}")
        finally:
            os._exit(0)


def _close_all_but(descriptors: list[int]) -> None:
    start = 0
    for kept in sorted(descriptors):
        os.closerange(start, kept)
        start = kept + 1
    os.closerange(start, MOST_DESCRIPTORS)


def _opened(file: int) -> BinaryIO:
    """An open file as it was sent: for reading, or for writing too."""
    writable = fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
    return os.fdopen(file, "r+b" if writable else "rb")


def _refuse(task: Task, kind: str, message: str) -> None:
    task.send(b"X", json.dumps({"kind": kind, "message": message[:500]}).encode())
