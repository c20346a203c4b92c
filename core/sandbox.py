"""Locks a process in before it touches hostile bytes. Standard library only.

Two layers. Resource limits (POSIX): memory, processor time, wall time, no file growth, no new open
files beyond a handful, no core dump. On Linux (x86-64, arm64) also a seccomp filter, after which
the process cannot open a file, a socket or another program, whatever a broken decoder is made to
do. Where the kernel does not offer seccomp the first layer stands alone.

Source: Linux `seccomp(2)`, `Documentation/userspace-api/seccomp_filter.rst`.
"""

import ctypes
import errno
import platform
import resource
import signal
import struct
import sys

_X86_64 = {
    "open": 2, "setitimer": 38, "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50,
    "socketpair": 53, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "truncate": 76,
    "rename": 82, "mkdir": 83, "creat": 85, "link": 86, "unlink": 87, "symlink": 88, "chmod": 90,
    "ptrace": 101, "setrlimit": 160, "mount": 165, "tkill": 200, "tgkill": 234, "openat": 257,
    "mkdirat": 258, "unlinkat": 263, "renameat": 264, "linkat": 265, "symlinkat": 266, "unshare": 272,
    "prlimit64": 302, "process_vm_readv": 310, "process_vm_writev": 311, "setns": 308, "renameat2": 316,
    "bpf": 321, "execveat": 322, "io_uring_setup": 425, "clone3": 435, "openat2": 437,
    "shmget": 29, "shmat": 30, "rmdir": 84, "chown": 92, "setuid": 105, "setgid": 106,
    "rt_sigqueueinfo": 129, "mknod": 133, "chroot": 161, "umount2": 166, "setxattr": 188, "mq_open": 240,
    "add_key": 248, "request_key": 249, "keyctl": 250, "mknodat": 259, "fchownat": 260, "fchmodat": 268,
    "tgsigqueueinfo": 297,
    "pidfd_send_signal": 424, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432,
    "pidfd_open": 434, "pidfd_getfd": 438, "mount_setattr": 442,
}  # fmt: skip
_ARM64 = {
    "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38, "mount": 40,
    "truncate": 45, "openat": 56, "unshare": 97, "setitimer": 103, "ptrace": 117, "kill": 129,
    "tkill": 130, "tgkill": 131, "setrlimit": 164, "socket": 198, "socketpair": 199, "bind": 200,
    "listen": 201, "accept": 202, "connect": 203, "clone": 220, "execve": 221, "prlimit64": 261,
    "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "renameat2": 276, "bpf": 280,
    "execveat": 281, "io_uring_setup": 425, "clone3": 435, "openat2": 437,
    "setxattr": 5, "mknodat": 33, "umount2": 39, "chroot": 51, "fchmodat": 53, "fchownat": 54,
    "rt_sigqueueinfo": 138, "setgid": 144, "setuid": 146, "mq_open": 180, "shmget": 194, "shmat": 196,
    "add_key": 217, "request_key": 218, "keyctl": 219, "tgsigqueueinfo": 240,
    "pidfd_send_signal": 424, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432,
    "pidfd_open": 434, "pidfd_getfd": 438, "mount_setattr": 442,
}  # fmt: skip
_DENIED = {"x86_64": (0xC000003E, _X86_64), "aarch64": (0xC00000B7, _ARM64)}

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_X32_ABI = 0x40000000
_SET_NO_NEW_PRIVS, _SET_SECCOMP, _MODE_FILTER = 38, 22, 2


def limit_resources(*, memory_bytes: int, seconds: float) -> None:
    """Bound what this process may use; exceeding the time ends it by signal.

    Args:
        memory_bytes: address space allowed on top of what is mapped now.
        seconds: wall time from now; processor time is bounded by the same figure, rounded up.
    """
    if sys.platform == "linux":  # elsewhere the address space of a process says little
        pages = int(open("/proc/self/statm").read().split()[0])  # noqa: SIM115, PTH123
        ceiling = pages * resource.getpagesize() + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    whole = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def refuse_system_calls() -> bool:
    """Give up, for good, every system call that reaches beyond the open descriptors.

    Returns:
        Whether the filter is in force; False where the platform has none.
    """
    if sys.platform != "linux" or platform.machine() not in _DENIED:
        return False
    architecture, calls = _DENIED[platform.machine()]
    program = _program(architecture, sorted(calls.values()))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    one, zero = ctypes.c_ulong(1), ctypes.c_ulong(0)
    if libc.prctl(_SET_NO_NEW_PRIVS, one, zero, zero, zero) != 0:
        return False
    return int(libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_MODE_FILTER), header, zero, zero)) == 0


def _program(architecture: int, numbers: list[int]) -> bytes:
    """The filter in classic BPF: refuse foreign architectures and the listed calls, allow the rest."""

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, value)

    steps = [
        step(_LOAD, 4),
        step(_EQUAL, architecture, 1, 0),
        step(_RETURN, _REFUSE),
        step(_LOAD, 0),
        step(_AT_LEAST, _X32_ABI, len(numbers) + 1, 0),
    ]
    steps += [step(_EQUAL, number, len(numbers) - i, 0) for i, number in enumerate(numbers)]
    return b"".join([*steps, step(_RETURN, _ALLOW), step(_RETURN, _REFUSE)])
