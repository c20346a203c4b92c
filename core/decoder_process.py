"""This process's hold on its decoding process: started on first use, restarted when it dies."""

import atexit
import contextlib
import os
import socket
import subprocess
import threading
from dataclasses import dataclass

from core import isolated
from core.errors import UnreadableAudio

START_TIMEOUT_S = 60.0
_LOCK = threading.Lock()


@dataclass(frozen=True)
class _Server:
    """A running `core.decoder_child` and the socket to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket


_server: _Server | None = None


def submit(file: int, limits: bytes) -> int:
    """Have a fresh sandboxed child decode an open file.

    Args:
        file: descriptor of a regular file, positioned at its start.
        limits: JSON of `core.decode.Limits`.

    Returns:
        Descriptor of the pipe on which the child answers; the caller closes it, which also ends
        a child that still writes.

    Raises:
        UnreadableAudio: the decoding process cannot be started.
    """
    global _server
    reader, writer = os.pipe()
    try:
        with _LOCK:
            for attempt in (1, 2):
                if _server is None:
                    _server = _start()
                try:
                    socket.send_fds(_server.control, [limits], [file, writer])
                    if _server.control.recv(1) == b"f":
                        return reader
                except OSError as error:
                    failure: Exception = error
                else:
                    failure = ConnectionError("it went away")
                _stop()
                if attempt == 2:
                    raise UnreadableAudio(f"the decoding process does not start ({failure})") from failure
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    raise AssertionError("unreachable")


def _start() -> _Server:
    """Start the process: isolated interpreter, empty environment, one inherited socket."""
    process, ours = isolated.start("from core.decoder_child import main; main()")
    ours.settimeout(START_TIMEOUT_S)
    ready = b""
    with contextlib.suppress(OSError):
        ready = ours.recv(1)
    if ready != b"r":
        process.kill()
        process.wait()
        ours.close()
        raise UnreadableAudio("the decoding process does not start: run `make install`")
    return _Server(process, ours)


def _stop() -> None:
    """Let the process go; it ends by itself once its socket is closed."""
    global _server
    if _server is None:
        return
    _server.control.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        _server.process.wait(timeout=5)
    _server = None


def _forget() -> None:
    """In a forked child: the decoding process belongs to the parent, whose lock may have been held."""
    global _server, _LOCK
    _LOCK = threading.Lock()
    if _server is not None:
        _server.control.close()
        _server.process.returncode = 0  # not ours to wait for
        _server = None


atexit.register(_stop)
os.register_at_fork(after_in_child=_forget)
