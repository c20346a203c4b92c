"""Several server processes at one address: shared, kept running, ended together."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from api.jobs import beside
from api.jobs.beside import WorkerElsewhere, heard
from api.server import processes
from core.encode import encode
from tests.api.jobs.test_beside import alive, answers, below, said, until
from tests.signals import music


def test_sockets_at_one_address_share_what_comes() -> None:
    made = processes.sockets("127.0.0.1", 0, 2)
    address = made[0].getsockname()
    assert made[1].getsockname() == address
    assert not processes._answers(made[0])
    for one in made:
        one.listen()
        one.setblocking(False)
    lines = [socket.create_connection(address) for _ in range(64)]  # all at one of them: once in 2 ** 63
    taken = [0, 0]
    for place, one in enumerate(made):
        while True:
            try:
                one.accept()[0].close()
            except BlockingIOError:
                break
            taken[place] += 1
    assert sum(taken) == 64 and min(taken) > 0
    for one in (*lines, *made):
        one.close()


def test_an_address_that_somebody_has_is_not_shared_with_them() -> None:
    first = processes.sockets("127.0.0.1", 0, 2)
    first[0].listen()
    with pytest.raises(OSError, match="in use"):
        processes.sockets("127.0.0.1", first[0].getsockname()[1], 2)
    for one in first:
        one.close()


def test_a_worker_elsewhere_hears() -> None:
    ear, mouth = os.pipe()
    WorkerElsewhere(mouth).wake()
    os.close(mouth)
    woken: list[int] = []
    heard(lambda: woken.append(1), ear)
    os.close(ear)
    assert woken == [1]


def test_where_the_first_cannot_start_nobody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    def command(*arguments: str) -> list[str]:
        started.append(arguments[-1])
        return [sys.executable, "-c", "raise SystemExit(3)"]

    monkeypatch.setattr(processes, "command", command)
    monkeypatch.setattr(beside, "FIRST_PAUSE_S", 0.001)
    made = processes.sockets("127.0.0.1", 0, 2)
    assert processes.keep(made, [], None, 0.0, threading.Event()) == 3
    assert len(started) == 2, "commands are made for both"
    for one in made:
        one.close()


@pytest.mark.slow
def test_several_processes_answer_are_started_again_and_end_together(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {**os.environ, "TRACKMARK_HOME": str(tmp_path / "home")}
    serve = [sys.executable, "-m", "api.cli", "serve", "--anonymous", "--processes", "2", "--port", str(port)]
    server = subprocess.Popen(serve, env=environment, stderr=subprocess.DEVNULL)

    def servers() -> list[int]:
        return [pid for pid in below(server.pid) if "--listening" in said(pid)]

    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, trust_env=False, timeout=None) as client:
            until(lambda: answers(client))
            until(lambda: len(servers()) == 2)
            again = subprocess.run(serve, env=environment, capture_output=True, text=True, check=False)
            assert again.returncode == 1 and "cannot listen" in again.stderr + again.stdout
            song = tmp_path / "song.wav"
            encode(music(3.0, 22_050), 22_050, song, codec="wav")
            file = {"file": ("song.wav", song.read_bytes())}
            sent = client.post("/v1/audits", files=file, data={"checks": "fingerprint"})
            until(lambda: client.get(sent.headers["location"]).json()["state"] == "succeeded")
        lost = servers()[0]
        os.kill(lost, signal.SIGKILL)
        until(lambda: len(servers()) == 2 and lost not in servers())
        for _ in range(16):  # each on a line of its own: some come to the one that is starting, and wait
            assert httpx.get(f"{url}/readyz", trust_env=False, timeout=None).is_success
        children = below(server.pid)
        assert len(children) == 3
        server.terminate()
        assert server.wait() == 0
        assert not any(alive(pid) for pid in children)
    finally:
        server.kill()
        server.wait()


@pytest.mark.slow
def test_servers_end_with_whoever_keeps_them(tmp_path: Path) -> None:
    environment = {**os.environ, "TRACKMARK_HOME": str(tmp_path / "home"), "TRACKMARK_RUN_JOBS": "false"}
    made = processes.sockets("127.0.0.1", 0, 1)[0]
    held, hold = os.pipe()
    os.set_inheritable(made.fileno(), True)
    command = beside.command("serve", f"--listening={made.fileno()}")
    child = subprocess.Popen(command, stdin=held, env=environment, pass_fds=[made.fileno()])
    os.close(held)
    with httpx.Client(base_url=f"http://127.0.0.1:{made.getsockname()[1]}", trust_env=False) as client:
        until(lambda: answers(client))
        os.close(hold)
        assert child.wait() == -signal.SIGTERM
    made.close()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_server_that_cannot_start_says_why_in_a_sentence(tmp_path: Path, processes: str) -> None:
    (tmp_path / "home").write_bytes(b"a file")
    serve = [sys.executable, "-m", "api.cli", "serve", "--processes", processes, "--port", "0"]
    environment = {**os.environ, "TRACKMARK_HOME": str(tmp_path / "home")}
    ended = subprocess.run(serve, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f"error: {tmp_path / 'home'}: File exists" in ended.stderr
    assert "Traceback" not in ended.stderr
