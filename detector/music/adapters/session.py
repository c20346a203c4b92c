"""This process's hold on a checkpoint: it is run in `worker`, asked for scores, and ended."""

import contextlib
import json
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import isolated
from core.clip import Clip
from core.errors import EmptyAudio, WeightsError
from core.resample import one_channel
from detector.music.adapters.manifest import Adapter

START_S = 120.0
MOST_WINDOWS = 24
"""Windows per recording, evenly spread: a large network must not take an hour for a symphony."""
QUIET_RMS = 1e-4
_WORKER = Path(__file__).with_name("session_child.py")
_LARGEST_ANSWER = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What a checkpoint may use.

    Attributes:
        memory_bytes: beyond what its runtime has mapped.
        timeout_s: wall time per recording.
        lifetime_s: wall and processor time in all.
    """

    memory_bytes: int = 4 << 30
    timeout_s: float = 120.0
    lifetime_s: float = 6 * 3600.0


DEFAULT_LIMITS = Limits()


class Session:
    """A loaded checkpoint; made by `opened`."""

    def __init__(self, adapter: Adapter, control: socket.socket, limits: Limits) -> None:
        self._adapter = adapter
        self._control = control
        self._limits = limits

    def score(self, clip: Clip) -> float:
        """Raw score of a recording, high for synthetic if the manifest is right.

        Raises:
            EmptyAudio: the recording is silent.
            WeightsError: the checkpoint failed on it; this session is over.
        """
        found = windows(clip, self._adapter)
        if not found.size:
            raise EmptyAudio(f"{clip.source.name}: silent, nothing to score")
        values = self.ask(found.tobytes(), self._limits.timeout_s).get("values")
        if not isinstance(values, list) or len(values) != len(found):
            raise WeightsError(f"{self._adapter.name}: the checkpoint's process misbehaved")
        numbers = [float(v) for v in values if isinstance(v, int | float)]
        if len(numbers) != len(found) or not np.isfinite(numbers).all():
            raise WeightsError(f"{self._adapter.name}: the checkpoint gave no number")
        return self._adapter.score(numbers)

    def ask(self, body: bytes, timeout_s: float) -> dict[str, Any]:
        """Send a message and wait for the answer.

        Raises:
            WeightsError: it failed, took too long, or the process is gone.
        """
        self.send(body)
        return self.receive(timeout_s)

    def send(self, body: bytes) -> None:
        """Send a message; a process that is gone shows when it is asked for its answer."""
        with contextlib.suppress(OSError):
            self._control.sendall(struct.pack("<I", len(body)) + body)

    def receive(self, timeout_s: float) -> dict[str, Any]:
        """Read an answer; errors as in `ask`."""
        name, until = self._adapter.name, time.monotonic() + timeout_s
        head = self._exactly(4, until)
        length = struct.unpack("<I", head)[0] if len(head) == 4 else 0
        body = self._exactly(min(length, _LARGEST_ANSWER), until)
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise WeightsError(f"{name}: the checkpoint crashed, used too much memory or took too long")
        if "error" in answer:
            raise WeightsError(f"{name}: the checkpoint failed: {str(answer['error'])[:400]}")
        return answer

    def _exactly(self, length: int, until: float) -> bytes:
        parts = bytearray()
        while len(parts) < length and (left_s := until - time.monotonic()) > 0.0:
            ready, _, _ = select.select([self._control], [], [], left_s)
            try:
                got = self._control.recv(length - len(parts)) if ready else b""
            except OSError:
                got = b""
            if not got:
                break
            parts += got
        return bytes(parts)


@contextmanager
def opened(adapter: Adapter, data: bytes, limits: Limits = DEFAULT_LIMITS) -> Iterator[Session]:
    """Load a checkpoint in a process of its own, locked in, for the length of the `with` block.

    Args:
        adapter: its manifest.
        data: its bytes, from `manifest.checkpoint`.
        limits: what it may use.

    Raises:
        WeightsError: its runtime is missing, or it cannot be loaded or does not take its input.
    """
    run = f"import runpy; runpy.run_path({str(_WORKER)!r}, run_name='__main__')"
    process, ours = isolated.start(run)
    try:
        session = Session(adapter, ours, limits)
        task = adapter.axes | {"memory_bytes": limits.memory_bytes, "lifetime_s": limits.lifetime_s}
        session.send(json.dumps(task).encode())
        session.ask(data, START_S)
        yield session
    finally:
        ours.close()
        process.kill()
        process.wait()


def windows(clip: Clip, adapter: Adapter) -> NDArray[np.float32]:
    """The windows that a checkpoint sees: mono, its rate, peak at most 1, silent ones left out.

    Args:
        clip: audio at its own rate.
        adapter: rate and length of its input.

    Returns:
        Windows, [N, `adapter.window`], at most `MOST_WINDOWS`; a recording shorter than one is repeated.
    """
    mono = one_channel(clip.wav.float(), clip.sample_rate, adapter.sample_rate).numpy()
    samples = np.asarray(mono / max(1.0, float(np.abs(mono).max(initial=0.0))), np.float32)
    size = adapter.window
    if samples.size < size:
        samples = np.resize(samples, size) if samples.size else np.zeros(size, np.float32)
    count = samples.size // size
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_WINDOWS)).round().astype(int))
    cut = [samples[k * size : (k + 1) * size] for k in chosen]
    loud = [w for w in cut if float(np.sqrt(np.mean(np.square(w)))) >= QUIET_RMS]
    return np.stack(loud) if loud else np.zeros((0, size), np.float32)
