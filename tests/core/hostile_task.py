"""A task that does what a broken decoder might be made to do; run in a locked-in child by the tests."""

import ctypes
import json
import os
import signal
import sys
import time

from core.locked_child import Task
from tests.core import syscalls

_MACHINE = os.uname().machine
_LIBC = ctypes.CDLL(None, use_errno=True)


def prepare() -> None:
    """Everything is loaded."""


def work(task: Task) -> None:
    """Do what is asked, then tell."""
    asked = task.request
    if asked == "spin":
        while True:
            pass
    if asked == "spin deaf to signals":  # the filter refuses it; should it not, SIGKILL needs no consent
        for number in range(1, 65):
            _call("rt_sigaction", number, 0, 0, 8)
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                continue
        while True:
            pass
    if asked == "wait":
        task.receive()
    if asked == "hold memory":
        held = []
        while True:
            held.append(bytes(1 << 22))
    if asked == "grow a file":
        task.files[0].write(bytes(1 << 22))
        task.files[0].flush()
    if asked == "flood":
        while True:
            task.send(b"B", bytes(1 << 20))
    found = {"ways": _ways(json.loads(json.dumps(asked))) if isinstance(asked, dict) else asked}
    task.send(b"A", json.dumps(found).encode())


def _ways(parent: dict[str, int]) -> dict[str, int | str]:
    """Try each way out, with the server's own process and its descriptors as targets."""
    found: dict[str, int | str] = {}
    for name, number, arguments in syscalls.ways_out(_MACHINE):
        words = [ctypes.c_char_p(a.encode()) if isinstance(a, str) else ctypes.c_long(a) for a in arguments]
        got = _LIBC.syscall(number, *words)
        found[name] = ctypes.get_errno() if got == -1 else "done"
    pids = {"server": parent["server"], "fork server": os.getpid() - 1, "first": 1}
    for whom, pid in pids.items():
        for descriptor in range(3, 6):
            found[f"fd {descriptor} of {whom}"] = _errno(
                lambda p=pid, d=descriptor: open(f"/proc/{p}/fd/{d}")  # noqa: SIM115, PTH123
            )
        found[f"memory of {whom}"] = _errno(lambda p=pid: open(f"/proc/{p}/mem", "rb"))  # noqa: SIM115, PTH123
        found[f"pidfd of {whom}"] = _errno(lambda p=pid: os.pidfd_open(p))
        found[f"kill {whom}"] = _errno(lambda p=pid: os.kill(p, 0))
    found["read a key"] = _errno(lambda: open("/etc/shadow"))  # noqa: SIM115, PTH123
    found["sleep"] = _errno(lambda: time.sleep(0.001))
    found["fork"] = _errno(os.fork)
    found["program"] = _errno(lambda: os.execv(sys.executable, [sys.executable]))
    return found


def _call(name: str, *arguments: int) -> int:
    number = syscalls.numbers(_MACHINE)[name]
    return int(_LIBC.syscall(number, *[ctypes.c_long(a) for a in arguments]))


def _errno(way: object) -> int | str:
    try:
        way()  # type: ignore[operator]  # one of the calls above
    except OSError as error:
        return error.errno or 0
    return "done"
