"""A room of its own for the process that forks locked-in children: nothing to see, nobody to be. Linux.

Behind the filter of `core.sandbox_calls` stands a second wall, as far as the kernel lets us build it:
namespaces of its own (files, processes, network, shared memory, names), an empty read-only root, and the
user `nobody` or a user namespace without privileges. It is built once, before any stranger's byte, for all
children.
"""

import contextlib
import ctypes
import os
import sys
from dataclasses import asdict, dataclass

from core.sandbox import control_process, die_with_parent

NOBODY = 65534
_NAMESPACES = {
    "files": 0x00020000, "groups": 0x02000000, "names": 0x04000000, "messages": 0x08000000,
    "processes": 0x20000000, "network": 0x40000000,
}  # fmt: skip
"""Flags of `unshare(2)`: mount, cgroup, UTS, IPC, PID and network namespaces."""
_USER_NAMESPACE = 0x10000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_PROGRAMS, _RECURSIVE, _PRIVATE = 1, 2, 4, 8, 0x4000, 0x40000
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SET_DUMPABLE = 4
_CAPABILITIES_V3 = 0x20080522


@dataclass(frozen=True)
class Room:
    """What of the second wall stands.

    Attributes:
        separate: the kinds of namespaces that it has to itself.
        user: `nobody`, `namespace` (the server's user where that gives no rights), or `server`.
        empty: whether there are no files at all.
    """

    separate: tuple[str, ...] = ()
    user: str = "server"
    empty: bool = False

    def told(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def move_in() -> Room:
    """Move this process into a room of its own, as far as the kernel lets it.

    Only its descriptors and modules come along. Returns in the first process of a new namespace, where there
    is one; the calling process then waits for its end. Needs to have one thread.
    """
    if sys.platform != "linux":
        return Room()
    libc = ctypes.CDLL(None, use_errno=True)
    separate = _unshare(libc)
    own_user = nobody = False
    if not separate:
        nobody = _become_nobody()
        control_process(_SET_DUMPABLE, 1)  # or the maps of the namespace would not be ours to write
        own_user = _own_user_namespace(libc)
        separate = _unshare(libc) if own_user else ()
    empty = "files" in separate and _leave_files(libc)
    if "processes" in separate:
        _become_first_process()
    nobody |= _become_nobody()
    _drop_privileges(libc)
    die_with_parent()
    user = "nobody" if nobody else "namespace" if own_user else "server"
    return Room(separate, user, empty)


def _unshare(libc: ctypes.CDLL) -> tuple[str, ...]:
    return tuple(name for name, flag in _NAMESPACES.items() if libc.unshare(flag) == 0)


def _own_user_namespace(libc: ctypes.CDLL) -> bool:
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_USER_NAMESPACE) != 0:
        return False
    maps = {
        "setgroups": b"deny",
        "uid_map": b"%d %d 1" % (user, user),
        "gid_map": b"%d %d 1" % (group, group),
    }
    for name, text in maps.items():
        with contextlib.suppress(OSError):
            file = os.open(f"/proc/self/{name}", os.O_WRONLY)
            os.write(file, text)
            os.close(file)
    return True


def _leave_files(libc: ctypes.CDLL) -> bool:
    """Make an empty file system the root, and let go of the old one."""
    flags = ctypes.c_ulong(_READ_ONLY | _NO_SUID | _NO_DEVICES | _NO_PROGRAMS)
    place = b"/proc"  # a folder that is there; only this process sees what is laid over it
    private = ctypes.c_ulong(_RECURSIVE | _PRIVATE)
    if libc.mount(b"none", b"/", None, private, None) or libc.mount(b"tmpfs", place, b"tmpfs", flags, None):
        return False
    os.chdir(place)
    if libc.syscall(_PIVOT_ROOT.get(os.uname().machine, -1), b".", b".") or libc.umount2(b".", _DETACH):
        return False
    os.chdir("/")
    return True


def _become_first_process() -> None:
    """Go on as the first process of the new namespace: when it ends, the kernel ends all others in there."""
    child = os.fork()
    if child:
        os.closerange(0, os.sysconf("SC_OPEN_MAX"))
        os.waitpid(child, 0)
        os._exit(0)


def _become_nobody() -> bool:
    """Give up being root; True if so."""
    if os.geteuid() != 0:
        return False
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except OSError:  # root without the right to change, or alone in a user namespace
        return False
    return True


def _drop_privileges(libc: ctypes.CDLL) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())
