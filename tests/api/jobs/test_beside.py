"""The worker beside a server: started, woken, started again when it dies, ended with the server."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from api.jobs import beside
from api.jobs.beside import COMMAND, WorkerBeside, heard, until_signalled
from core.encode import encode
from tests.signals import music

SAYS_WHAT_IT_HEARS = """
import os, sys
told = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(told, b"%d\\n" % os.getpid())
while os.read(0, 1):
    os.write(told, b"woken\\n")
os.write(told, b"over\\n")
"""
DIES_ONCE = """
import os, sys
if not os.path.exists(sys.argv[1]):
    open(sys.argv[1], "w").close()
    os.kill(os.getpid(), 9)
"""
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@contextmanager
def kept(tmp_path: Path, *scripts: str) -> Iterator[tuple[WorkerBeside, Path]]:
    told = tmp_path / "told"
    script = "".join(scripts)
    worker = WorkerBeside(0.0, [sys.executable, "-c", script, str(told)])
    worker.start()
    try:
        yield worker, told
    finally:
        worker.stop()


def until(happens: Callable[[], object]) -> None:
    while not happens():
        time.sleep(0.02)


def lines(told: Path) -> list[str]:
    return told.read_text().splitlines() if told.exists() else []


def test_it_is_woken_and_ends_in_order(tmp_path: Path) -> None:
    with kept(tmp_path, SAYS_WHAT_IT_HEARS) as (worker, told):
        worker.wake()
        until(lambda: len(lines(told)) == 2)
        assert lines(told) == [str(worker.pid), "woken"]
    worker.wake()  # nobody is left to hear it, and nobody minds
    assert worker.pid is not None and not alive(worker.pid)


def test_what_was_said_while_none_lived_is_heard_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "FIRST_PAUSE_S", 0.01)
    died = threading.Event()
    monkeypatch.setattr(beside.log, "error", lambda *_: died.set())
    with kept(tmp_path, DIES_ONCE, SAYS_WHAT_IT_HEARS) as (worker, told):
        died.wait()
        worker.wake()
        until(lambda: len(lines(told)) == 2)
        assert lines(told) == [str(worker.pid), "woken"]


def test_one_that_dies_of_its_start_is_started_ever_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(beside, "LONGEST_PAUSE_S", 0.01)
    pauses: list[float] = []
    monkeypatch.setattr(beside.log, "error", lambda *told: pauses.append(told[-1]))
    with kept(tmp_path, "raise SystemExit(3)"):
        until(lambda: len(pauses) >= 6)
    assert pauses[:6] == [0.002, 0.004, 0.008, 0.01, 0.01, 0.01]


def test_one_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "PATIENCE_S", 0.01)
    with kept(tmp_path, DEAF, SAYS_WHAT_IT_HEARS) as (worker, told):
        until(lambda: lines(told))
    assert worker.pid is not None and not alive(worker.pid)


def test_one_that_never_started_is_stopped() -> None:
    worker = WorkerBeside(0.0)
    worker.stop()
    worker.stop()
    assert worker.pid is None


def test_a_full_pipe_keeps_nobody_waiting() -> None:
    worker = WorkerBeside(0.0)
    for _ in range(100_000):
        worker.wake()
    worker.stop()


def test_the_worker_hears_until_the_server_has_gone() -> None:
    ear, mouth = os.pipe()
    os.write(mouth, b"!!!")
    os.close(mouth)
    woken: list[int] = []
    heard(lambda: woken.append(1), ear)
    os.close(ear)
    assert woken == [1]  # as often as it takes, not as often as it was said


def test_the_very_worker_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "TRACKMARK_HOME": str(tmp_path / "home")}
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.slow
def test_a_server_has_its_audits_done_beside_it(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {**os.environ, "TRACKMARK_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "api.cli", "serve", "--anonymous", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=None) as client:
            until(lambda: answers(client))
            song = tmp_path / "song.wav"
            encode(music(3.0, 22_050), 22_050, song, codec="wav")
            file = {"file": ("song.wav", song.read_bytes())}
            sent = client.post("/v1/audits", files=file, data={"checks": "fingerprint"})
            until(lambda: client.get(sent.headers["location"]).json()["state"] == "succeeded")
        children = [pid for pid in below(server.pid) if "--held" in said(pid)]
        assert len(children) == 1
    finally:
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
    until(lambda: not alive(children[0]))


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").is_success
    except httpx.TransportError:
        return False


def below(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def said(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Noting(threading.Event):
    """Tells that somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited = threading.Event()

    def wait(self, timeout: float | None = None) -> bool:
        self.awaited.set()
        return super().wait(timeout)


def test_a_signal_that_comes_to_another_thread_is_heard() -> None:
    ended, too_late = Noting(), threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: ended.set())

    def signalled() -> None:
        ended.awaited.wait()
        time.sleep(0.2)  # until the main thread sleeps; where it does not yet, it hears in any case
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        if not ended.wait(300):  # else a main thread that sleeps on would keep the test for ever
            too_late.set()
            ended.set()

    thread = threading.Thread(target=signalled)
    try:
        thread.start()
        until_signalled(ended)
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not too_late.is_set()
