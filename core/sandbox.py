"""Locks a process in before it touches hostile bytes. Standard library only.

Two layers. Resource limits (POSIX): memory, processor time, wall time, no file growth, no new open files
beyond a handful, no core dump, no further processes. On Linux (x86-64, arm64) also a seccomp filter with an
allow-list (`core.sandbox_calls`), after which the process can compute on its open descriptors and nothing
else, whatever a broken decoder is made to do. Memory is thereby counted as a whole by the limit on its
address space: there is no other process, file or shared segment into which it could be put.
"""

import ctypes
import resource
import signal
import sys

from core import sandbox_calls

_SET_DUMPABLE, _SET_PARENT_DEATH_SIGNAL = 4, 1


def mapped_bytes() -> int:
    """Address space of this process now; 0 where the platform does not tell."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[0]) * resource.getpagesize()


def limit_resources(
    *, memory_bytes: int, seconds: float, growth_bytes: int = 0, mapped: int | None = None
) -> None:
    """Bound what this process may use; exceeding the time ends it by signal.

    Args:
        memory_bytes: address space allowed on top of what is mapped now.
        seconds: wall time from now; processor time is bounded by the same figure, rounded up. A process could
            ignore the signal of the wall time: whoever started it must end it, too.
        growth_bytes: how large a file that is open for writing may become.
        mapped: what `mapped_bytes` said, where `/proc` is out of reach by now.
    """
    if sys.platform == "linux":  # elsewhere the address space of a process says little
        ceiling = (mapped_bytes() if mapped is None else mapped) + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, 0))
    whole = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    resource.setrlimit(resource.RLIMIT_FSIZE, (growth_bytes, growth_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def refuse_system_calls(*, code: bool = False) -> bool:
    """Give up, for good, every system call but those of `core.sandbox_calls`; close to debuggers.

    Args:
        code: whether memory may become executable, as compilers at run time need.

    Returns:
        Whether the filter is in force; False where there is none for the platform.

    Raises:
        OSError: there is one, and this kernel does not take it.
    """
    if not sandbox_calls.available():
        return False
    control_process(_SET_DUMPABLE, 0)
    sandbox_calls.refuse_all_others(code=code)
    return True


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends (Linux)."""
    if sys.platform == "linux":
        control_process(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def control_process(option: int, value: int) -> None:
    """`prctl(2)` with one argument.

    Raises:
        OSError: refused.
    """
    libc, zero = ctypes.CDLL(None, use_errno=True), ctypes.c_ulong(0)
    if libc.prctl(option, ctypes.c_ulong(value), zero, zero, zero):
        raise OSError(ctypes.get_errno(), "the kernel refuses a setting of this process")
