"""The decoding process: reads hostile bytes so that the rest of Trackmark does not have to.

Started once by `core.decode` (PyAV and NumPy, no torch), it forks a fresh, sandboxed child for
every file: start-up is paid once, and nothing that one file does to its child reaches the next.
A child gets two descriptors, the file and a pipe, and answers with messages
`tag, length (u32 little-endian), body`:

    H  JSON: container, codec, bit_rate, sample_rate, channels, layout, bits, others
    B  samples, float32 planar [C, n]
    E  JSON: truncated, reasons
    X  JSON: kind (a class of core.errors), message
"""

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import socket
import struct
import sys
from typing import Any, NoReturn

import av
import av.logging

from core.decoding import Refusal, decode_messages
from core.sandbox import limit_resources, refuse_system_calls


def serve(control: socket.socket) -> None:
    """Fork one child per request until the parent goes away.

    A request is one message of JSON (the limits) with two descriptors: file and pipe.
    """
    control.sendall(b"r")
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 4096, 2)
        if not request:
            return
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork() == 0:
            control.close()
            _child(descriptors[0], descriptors[1], json.loads(request))
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendall(b"f")


def _child(file: int, pipe: int, limits: dict[str, Any]) -> NoReturn:
    """Decode one file in the sandbox and leave."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        with os.fdopen(file, "rb", closefd=False) as source:  # asks what it is, which the sandbox refuses
            limit_resources(memory_bytes=limits["memory_bytes"], seconds=limits["timeout_s"])
            refuse_system_calls()
            for tag, body in decode_messages(source, limits):
                _send(pipe, tag, body)
    except Refusal as refusal:
        _refuse(pipe, refusal.kind, str(refusal))
    except MemoryError:
        _refuse(
            pipe, "AudioTooLarge", "decoding needs more memory than allowed: the file is damaged or hostile"
        )
    except Exception as error:
        _refuse(pipe, "UnreadableAudio", f"the decoder failed on it ({type(error).__name__}: {error})")
    finally:
        os._exit(0)


def _send(pipe: int, tag: bytes, body: bytes) -> None:
    view = memoryview(tag + struct.pack("<I", len(body)) + body)
    while view:
        view = view[os.write(pipe, view) :]


def _refuse(pipe: int, kind: str, message: str) -> None:
    _send(pipe, b"X", json.dumps({"kind": kind, "message": message[:500]}).encode())


def main() -> None:
    """Serve on the control socket whose descriptor is the first argument."""
    av.logging.set_level(None)
    for module in pkgutil.walk_packages(av.__path__, "av."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)  # nothing can be imported inside the sandbox
    serve(socket.socket(fileno=int(sys.argv[1])))
