"""The sandbox: what a broken decoder is made to try, it cannot do."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILTERED = sys.platform == "linux"

ATTEMPT = """
import ctypes, os, resource, socket, sys, time
sys.path.insert(0, {root!r})
from core.sandbox import limit_resources, refuse_system_calls
limit_resources(memory_bytes=1 << 28, seconds={seconds})
{filter}
{attempt}
"""


def attempt(code: str, *, seconds: float = 20, filtered: bool = True) -> subprocess.CompletedProcess[str]:
    """Run code in a sandboxed interpreter."""
    script = ATTEMPT.format(
        root=str(ROOT), seconds=seconds, filter="refuse_system_calls()" if filtered else "", attempt=code
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_the_filter_is_in_force_on_linux() -> None:
    done = attempt("print(refuse_system_calls())", filtered=False)
    assert done.stdout.strip() == str(FILTERED)


@pytest.mark.skipif(not FILTERED, reason="seccomp is a part of Linux")
@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd')",
        "socket.socket()",
        "socket.socketpair()",
        "os.fork()",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 0)",
        "os.unlink('/tmp/absent')",
        "os.rename('/tmp/absent', '/tmp/other')",
        "os.pidfd_open(os.getppid())",
        "os.rmdir('/tmp/absent')",
        "os.chown('/tmp/absent', 0, 0)",
        "os.setxattr('/tmp/absent', b'user.a', b'')",
        "os.chroot('/')",
        "resource.prlimit(os.getpid(), resource.RLIMIT_CPU, (1, 1))",
    ],
)
def test_a_system_call_beyond_the_descriptors_is_refused(code: str) -> None:
    done = attempt(code)
    assert done.returncode == 1
    assert "PermissionError: [Errno 1]" in done.stderr


def test_the_same_calls_work_without_the_filter() -> None:
    assert attempt("open('/etc/passwd').close(); socket.socket().close()", filtered=False).returncode == 0


def test_reading_writing_and_memory_still_work() -> None:
    done = attempt("print(len(bytes(1 << 26)), sum(range(10)), time.time() > 0)")
    assert done.stdout.split() == [str(1 << 26), "45", "True"]


@pytest.mark.skipif(not FILTERED, reason="address space is limited on Linux only")
def test_memory_is_bounded() -> None:
    done = attempt("bytes(1 << 30)")
    assert "MemoryError" in done.stderr


def test_time_is_bounded() -> None:
    assert attempt("time.sleep(30)", seconds=0.5).returncode == -14  # SIGALRM


def test_a_file_cannot_grow(tmp_path: Path) -> None:
    code = f"f = os.open({str(tmp_path / 'out')!r}, os.O_CREAT | os.O_WRONLY); os.write(f, b'x')"
    assert attempt(code, filtered=False).returncode != 0
    assert (tmp_path / "out").stat().st_size == 0


@pytest.mark.skipif(not FILTERED, reason="seccomp is a part of Linux")
@pytest.mark.parametrize(
    ("x86", "arm"), [(438, 438), (424, 424), (29, 194), (240, 180), (248, 217), (430, 430)]
)
def test_a_descriptor_of_another_process_and_shared_memory_are_refused(x86: int, arm: int) -> None:
    code = (
        "import platform; libc = ctypes.CDLL(None, use_errno=True); "
        f"number = {x86} if platform.machine() == 'x86_64' else {arm}; "
        "print(libc.syscall(number, 0, 0, 0, 0, 0), ctypes.get_errno())"
    )
    assert attempt(f"import ctypes; {code}").stdout.split() == ["-1", "1"]
