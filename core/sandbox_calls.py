"""The system calls that a locked-in process keeps, and the seccomp filter that refuses all others.

An allow-list: what a decoder needs to compute on bytes that it already has. A call that is not on it is
refused with EPERM, because libraries try things on the way (more threads, a look into `/proc`) and go on
without; a process that calls by another architecture's numbers, which no library of ours does, is killed.

Sources: Linux `seccomp(2)`, `Documentation/userspace-api/seccomp_filter.rst`; numbers from
`arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`.
"""

import ctypes
import errno
import platform
import struct
import sys

_X86_64 = {
    "read": 0, "write": 1, "close": 3, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
    "rt_sigreturn": 15, "mremap": 25, "madvise": 28, "getpid": 39, "exit": 60, "gettimeofday": 96,
    "time": 201, "futex": 202, "restart_syscall": 219, "clock_gettime": 228, "exit_group": 231,
    "getrandom": 318, "ftruncate": 77,
}  # fmt: skip
_ARM64 = {
    "ftruncate": 46, "close": 57, "lseek": 62, "read": 63, "write": 64, "exit": 93, "exit_group": 94,
    "futex": 98, "clock_gettime": 113, "restart_syscall": 128, "rt_sigreturn": 139, "gettimeofday": 169,
    "getpid": 172, "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222, "mprotect": 226, "madvise": 233,
    "getrandom": 278,
}  # fmt: skip
ALLOWED = {"x86_64": _X86_64, "aarch64": _ARM64}
_AUDIT_NAMES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_NUMBER, _ARCHITECTURE, _THIRD, _FOURTH = 0, 4, 32, 40
"""Where `struct seccomp_data` has them; of an argument the lower half (both machines are little-endian)."""
_X32_ABI = 0x40000000
_PROT_EXEC, _MAP_SHARED = 4, 1
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _MODE_FILTER = 38, 22, 2


def available() -> bool:
    """Whether there is a filter for this machine: Linux on x86-64 or arm64."""
    return sys.platform == "linux" and platform.machine() in ALLOWED


def refuse_all_others(*, code: bool = False) -> None:
    """Give up, for good, every system call that computing on open descriptors does not need.

    Args:
        code: whether memory may become executable, as compilers at run time need.

    Raises:
        OSError: the kernel does not take the filter.
    """
    steps = program(platform.machine(), code=code)
    buffer = ctypes.create_string_buffer(steps, len(steps))
    header = struct.pack("HxxxxxxP", len(steps) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    one, zero = ctypes.c_ulong(1), ctypes.c_ulong(0)
    refused = libc.prctl(_SET_NO_NEW_PRIVS, one, zero, zero, zero)
    if refused or libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), header, zero, zero):
        raise OSError(ctypes.get_errno(), "this kernel takes no seccomp filter")


def program(machine: str, *, code: bool = False) -> bytes:
    """The filter in classic BPF.

    Args:
        machine: one of `ALLOWED`.
        code: as in `refuse_all_others`.
    """
    numbers = dict(ALLOWED[machine])
    mmap, mprotect = numbers.pop("mmap"), numbers.pop("mprotect")
    steps = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, _AUDIT_NAMES[machine], 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _X32_ABI, 0, 1),
        _step(_RETURN, _KILL),
    ]
    for number in numbers.values():
        steps += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _ALLOW)]
    # Memory is private: what is shared could outlive the process, or be counted elsewhere.
    private = [_step(_LOAD, _FOURTH), _step(_ANY_BIT, _MAP_SHARED, 0, 1), _step(_RETURN, _REFUSE)]
    inert = [] if code else [_step(_LOAD, _THIRD), _step(_ANY_BIT, _PROT_EXEC, 0, 1), _step(_RETURN, _REFUSE)]
    for number, tests in ((mmap, private + inert), (mprotect, inert)):
        steps += [_step(_EQUAL, number, 0, len(tests) + 1), *tests, _step(_RETURN, _ALLOW)]
    return b"".join([*steps, _step(_RETURN, _REFUSE)])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
