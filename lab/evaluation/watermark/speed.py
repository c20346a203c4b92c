"""Speed as a multiple of real time, and peak memory against length, each in a process of its own."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lab.datasets import Recording
from provenance.watermark.detection import detect, detect_blocks
from provenance.watermark.embedding import embed, embed_blocks
from provenance.watermark.key import WatermarkKey

RATE = 44_100
KEY = WatermarkKey(bytes(range(32)))
MESSAGE = b"12345678"
MINUTES = (1, 10, 60, 180)


def real_time(hosts: list[Recording]) -> Iterator[dict[str, Any]]:
    """Embedding, detection of marked and unmarked audio, and the full search, on 30 s clips."""
    for recording in hosts:
        clip = recording.load()
        wav = clip.wav[:, : 30 * clip.sample_rate]
        marked = embed(wav, clip.sample_rate, MESSAGE, KEY)
        rate = clip.sample_rate
        tasks: dict[str, Callable[[], object]] = {
            "embed": partial(embed, wav, rate, MESSAGE, KEY),
            "detect, marked": partial(detect, marked, rate, KEY),
            "detect, unmarked": partial(detect, wav, rate, KEY),
            "detect --exhaustive, 8 % faster": partial(
                detect, marked, round(rate * 1.08), KEY, exhaustive=True
            ),
            "detect --exhaustive, unmarked": partial(detect, wav, rate, KEY, exhaustive=True),
        }
        for name, task in tasks.items():
            started, busy = time.perf_counter(), time.process_time()
            task()
            wall_s, busy_s = time.perf_counter() - started, time.process_time() - busy
            yield {"kind": "speed", "task": name, "wall": 30.0 / wall_s, "busy": 30.0 / busy_s}


def memory() -> Iterator[dict[str, Any]]:
    """Peak resident memory of embedding and detecting streams of stereo noise and tones."""
    for task in ("embed", "detect"):
        for minutes in MINUTES:
            command = [sys.executable, "-m", "lab.evaluation.watermark.speed", task, str(minutes)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            yield {"kind": "memory", "task": task, "minutes": minutes, **json.loads(answer)}


def _stream(minutes: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(1)
    tone = torch.sin(2.0 * torch.pi * 440.0 * torch.arange(10 * RATE) / RATE)
    for _ in range(6 * minutes):
        yield 0.2 * tone + 0.05 * torch.randn(2, 10 * RATE, generator=generator)


def main(task: str, minutes: int) -> None:
    """Run one task on a stream and print its peak memory in MB."""
    torch.set_num_threads(2)
    started = time.perf_counter()
    if task == "embed":
        for _marked in embed_blocks(_stream(minutes), RATE, MESSAGE, KEY):
            pass
    else:
        detect_blocks(_stream(minutes), RATE, KEY)
    status = Path("/proc/self/status").read_text()  # getrusage would count what the parent held before exec
    peak_mb = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
    factor = 60 * minutes / (time.perf_counter() - started)
    print(json.dumps({"peak_mb": peak_mb, "wall": factor}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
