"""What a soak lets work and damages: processes, a database, a disk."""

import errno
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from core.encode import encode

LEASE_S = 3.0
DURABLE = "%20-csynchronous_commit%3Don"  # behind the address of a database that is made for tests
DISK_MIB = 1024
_PIECE = 1 << 20


@dataclass(frozen=True)
class Service:
    """How the parts are started.

    Attributes:
        serve: command of an API process; the port is appended.
        work: command of a worker.
        environment: of all of them.
        restart_database: makes every connection end at once, and new ones possible after a moment.
    """

    serve: Sequence[str]
    work: Sequence[str]
    environment: Mapping[str, str]
    restart_database: Callable[[], None]


@dataclass
class Part:
    """A process of the service that is started again whenever it ends."""

    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    frozen: bool = False

    def start(self) -> None:
        """Start it where it does not run."""
        if self.process is None or self.process.poll() is not None:
            self.frozen = False
            self.process = subprocess.Popen(
                self.command, env=dict(self.environment), stdout=subprocess.DEVNULL, start_new_session=True
            )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.frozen = number == signal.SIGSTOP

    def end(self) -> None:
        """End it, in order if it can."""
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass(frozen=True)
class Disk:
    """A small disk that can be filled.

    Attributes:
        folder: somewhere on it.
    """

    folder: Path

    def fill(self) -> None:
        """Leave no room for anything."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            size = _PIECE
            while size:
                try:
                    file.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size //= 2

    def clear(self) -> None:
        """Make room again."""
        self._ballast.unlink(missing_ok=True)

    @property
    def full(self) -> bool:
        """Whether it was filled."""
        return self._ballast.exists()

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk | None]:
    """A disk of `DISK_MIB` in memory at a folder; None where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "trackmark-soak", str(folder)]
    try:
        mounted = subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        mounted = False
    try:
        yield Disk(folder) if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment_of(home: Path, database_url: str) -> dict[str, str]:
    """The variables under which every part runs."""
    chosen = {
        "HOME": str(home),
        "DATABASE_URL": database_url,
        "LEASE_S": str(LEASE_S),
        "RUN_JOBS": "false",
        "UPLOADS_PER_MINUTE": "0",
        "REQUESTS_PER_MINUTE": "0",
        "SHUTDOWN_GRACE_S": "1",
    }
    return {**os.environ, **{f"TRACKMARK_{name}": value for name, value in chosen.items()}}


def small_audio(folder: Path) -> bytes:
    """Ten seconds of tones and noise: a mark can be read from them, whatever its message."""
    times = torch.arange(10 * 44_100) / 44_100
    noise = torch.randn(times.shape, generator=torch.Generator().manual_seed(1))
    wav = 0.1 * noise + 0.1 * sum(torch.sin(2 * torch.pi * hz * times) for hz in (220.0, 277.2, 329.6))
    encode(wav[None].clamp(-1, 1), 44_100, folder / "song.wav", codec="wav")
    return (folder / "song.wav").read_bytes()
