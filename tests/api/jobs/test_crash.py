"""A job survives `kill -9` of the server, and finishes once after the restart."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

SERVER = """
import sys, threading
from pathlib import Path
import uvicorn
from api.server.app import create_app
from api.settings import Settings
from dataclasses import replace
from tests.api.serving import ENGINES, Decoder

home, port, log = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])

class Slow(Decoder):
    def decode(self, path, limits):
        with log.open("a") as file:
            file.write("started\\n")
        if len(log.read_text().split()) == 1:
            threading.Event().wait()  # the first attempt never ends: the process is killed in it
        return super().decode(path, limits)

app = create_app(Settings(home=home, allow_anonymous=True, lease_s=2), replace(ENGINES, decoder=Slow()))
uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(home: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home), str(port), str(log)], start_new_session=True
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        wait_for(lambda: healthy(client, process), process)
    return process


def healthy(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the server ended by itself"
    try:
        return client.get("/healthz").is_success
    except httpx.TransportError:
        return False


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait however long it takes, as long as the server lives."""
    while not condition():
        assert process.poll() is None, "the server ended by itself"
        time.sleep(0.1)


def test_a_job_survives_kill_9(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "attempts"
    process = start(tmp_path / "home", port, log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            location = client.post("/v1/audits", files={"file": ("song.wav", b"RIFF")}).headers["location"]
            wait_for(lambda: log.exists() and client.get(location).json()["state"] == "running", process)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        process = start(tmp_path / "home", port, log)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            wait_for(lambda: client.get(location).json()["state"] == "succeeded", process)
            done = client.get(location).json()
            assert done["findings"]["decision"]["action"]
            assert done["audio_deleted_at"] is not None
            assert client.get(f"{location}/report").is_success
        assert log.read_text().split() == ["started", "started"]
    finally:
        process.kill()
        process.wait()
