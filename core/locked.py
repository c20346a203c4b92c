"""Handing strangers' bytes to a locked-in child, and talking with it.

`Locked` is this process's hold on one `core.locked_child`, started on first use and again when it dies. The
child is not trusted: it met hostile bytes. What it sends is bounded here, and judged by who asked.
"""

import atexit
import contextlib
import json
import os
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import isolated
from core.priority import niceness

START_TIMEOUT_S = 60.0
LARGEST_MESSAGE = 1 << 26
KILL_AFTER_S = 1.0
"""The child is killed so much after the time that we wait for it, should nobody have ended it before."""
_HEAD = struct.Struct("<cI")
_ALL: list["Locked"] = []


class LockedError(Exception):
    """A child refused, or did not do its work; `kind` names a class of core.errors where it said so."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class LockedTimeout(LockedError):
    """A child did not answer in time."""


class Talk:
    """A conversation with one child; leaving the `with` block ends the child.

    Args:
        channel: our end of the child's socket.
        seconds: how long to wait in all; only waiting counts.
    """

    def __init__(self, channel: socket.socket, seconds: float) -> None:
        self._channel = channel
        self._patience_s = seconds

    def __enter__(self) -> "Talk":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the conversation, and with it the child."""
        self._channel.close()

    def send(self, body: bytes) -> None:
        """Send a message; a child that is gone shows when it is asked for its answer."""
        self._channel.settimeout(max(self._patience_s, 0.001))
        with contextlib.suppress(OSError):
            self._channel.sendall(_HEAD.pack(b"Q", len(body)) + body)

    def message(self) -> tuple[bytes, bytes]:
        """The child's next message; an empty tag where it has gone away.

        Raises:
            LockedTimeout: no answer in time.
        """
        head = self._exactly(_HEAD.size)
        if len(head) < _HEAD.size:
            return b"", b""
        tag, length = _HEAD.unpack(head)
        body = self._exactly(min(length, LARGEST_MESSAGE))
        return (tag, bytes(body)) if len(body) == length else (b"", b"")

    def answer(self, tag: bytes) -> bytes:
        """The body of the child's next message, which must have this tag.

        Raises:
            LockedError: a refusal in the child's words, or it went away.
            LockedTimeout: no answer in time.
        """
        got, body = self.message()
        if got == tag:
            return body
        raise refusal(got, body)

    def _exactly(self, length: int) -> bytearray:
        """Read `length` bytes, fewer only at the end; only waiting uses up patience."""
        buffer = bytearray(length)
        view, filled = memoryview(buffer), 0
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        while filled < length:
            asked = time.monotonic()
            ready = self._patience_s > 0 and poll.poll(1000 * self._patience_s)
            self._patience_s -= time.monotonic() - asked
            if not ready:
                raise LockedTimeout("it took too long")
            try:
                got = self._channel.recv_into(view[filled:])
            except OSError:  # the child died with our request unread
                got = 0
            if not got:
                break
            filled += got
        view.release()
        del buffer[filled:]
        return buffer


def refusal(tag: bytes, body: bytes) -> LockedError:
    """What a message that was not expected says: a refusal in the child's words, or nothing good."""
    if tag != b"X":
        return LockedError("its reader crashed: the file is damaged or hostile")
    try:
        told = json.loads(body)
        return LockedError(str(told["message"])[:500], str(told["kind"]))
    except (ValueError, KeyError, TypeError):
        return LockedError("its reader misbehaved: the file is damaged or hostile")


@dataclass(frozen=True)
class _Server:
    """A running `core.locked_child`, the socket to it, and what it said of its room."""

    process: "subprocess.Popen[bytes]"
    control: socket.socket
    room: Mapping[str, Any]


class Locked:
    """A process that forks a locked-in child for each task of one kind.

    Args:
        module: name of the module that does the work; see `core.locked_child`.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._lock = threading.Lock()
        self._server: _Server | None = None
        _ALL.append(self)

    def begin(
        self,
        request: Any,
        files: Sequence[int] = (),
        *,
        memory_bytes: int,
        seconds: float,
        growth_bytes: int = 0,
    ) -> Talk:
        """Have a fresh child begin a task; it yields the processor as the thread does that asks.

        Args:
            request: what is asked for, as JSON.
            files: descriptors of regular files that the task is about, at most four.
            memory_bytes: what the child may use beyond its code.
            seconds: how long it may take; a second later it is killed.
            growth_bytes: how large a file that is open for writing may become.

        Raises:
            LockedError: the process cannot be started.
        """
        limits = {
            "nice": niceness(),
            "memory_bytes": memory_bytes,
            "seconds": seconds + KILL_AFTER_S,
            "growth_bytes": growth_bytes,
        }
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._hand_over(json.dumps(limits).encode(), [theirs.fileno(), *files])
        except BaseException:
            ours.close()
            raise
        talk = Talk(ours, seconds)
        talk.send(json.dumps(request).encode())
        return talk

    def room(self) -> Mapping[str, Any]:
        """What of a room of its own the process has (`core.sandbox_rooms.Room`); starts it.

        Raises:
            LockedError: it cannot be started.
        """
        with self._lock:
            if self._server is None:
                self._server = _start(self._module)
            return self._server.room

    @property
    def pid(self) -> int | None:
        """Of the process, where it runs."""
        return None if self._server is None else self._server.process.pid

    def stop(self) -> None:
        """Let the process go; it ends by itself, with its children, once its socket is closed."""
        if self._server is None:
            return
        self._server.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._server.process.wait(timeout=5)
        self._server = None

    def forget(self) -> None:
        """In a forked child: the process belongs to the parent, whose lock may have been held."""
        self._lock = threading.Lock()
        if self._server is not None:
            self._server.control.close()
            self._server.process.returncode = 0  # not ours to wait for
            self._server = None

    def _hand_over(self, limits: bytes, descriptors: list[int]) -> None:
        with self._lock:
            for attempt in (1, 2):
                if self._server is None:
                    self._server = _start(self._module)
                try:
                    socket.send_fds(self._server.control, [limits], descriptors)
                    if self._server.control.recv(1) == b"f":
                        return
                except OSError as error:
                    failure: Exception = error
                else:
                    failure = ConnectionError("it went away")
                self.stop()
                if attempt == 2:
                    raise LockedError(f"the reading process does not start ({failure})") from failure


def _start(module: str) -> _Server:
    """Start the process: isolated interpreter, empty environment, one inherited socket."""
    process, ours = isolated.start("from core.locked_child import main; main()", module)
    ours.settimeout(START_TIMEOUT_S)
    ready = b""
    with contextlib.suppress(OSError):
        ready = ours.recv(4096)
    if not ready:
        process.kill()
        process.wait()
        ours.close()
        raise LockedError("the reading process does not start: run `make install`")
    return _Server(process, ours, json.loads(ready))


def _stop_all() -> None:
    for one in _ALL:
        one.stop()


def _forget_all() -> None:
    for one in _ALL:
        one.forget()


atexit.register(_stop_all)
os.register_at_fork(after_in_child=_forget_all)
