"""Speed, memory and repeatability of the music detector, measured on recordings joined to three minutes."""

import os
import resource
import time
from collections.abc import Sequence

import numpy as np
import torch

from core.clip import Clip, Source
from core.decode import decode
from core.resample import resample
from detector.music import MusicDetector, spectra
from lab.datasets import Recording

RATE = 44100
LENGTH_S = 180.0
RUNS = 5


def table(recordings: Sequence[Recording]) -> str:
    """A section of the page: times real time, memory, equality of two runs."""
    clip = _joined(recordings)
    detector = MusicDetector.load()
    detector.score(_cut(clip, 12.0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    walls, times, findings = [], [], []
    for _ in range(RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        findings.append(detector.score(clip))
        walls.append(time.perf_counter() - wall)
        times.append(time.process_time() - cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    more, wall, cpu = (peak - before) / 1024, float(np.median(walls)), float(np.median(times))
    same = all(finding == findings[0] for finding in findings)
    rows = [
        f"| length | {clip.duration_s:.0f} s, stereo, {RATE} Hz, decoded; median of {RUNS} runs |",
        f"| processor time | {cpu:.2f} s: {clip.duration_s / cpu:.0f} times real time on one core |",
        f"| wall time, {spectra.THREADS} threads on {os.cpu_count()} cores | {wall:.2f} s: "
        f"{clip.duration_s / wall:.0f} times real time (goal 100) |",
        f"| memory beyond the decoded clip | {more:.0f} MB |",
        f"| memory of the whole process, this evaluation included | {peak / 1024:.0f} MB |",
        f"| all runs | {'equal in every field' if same else 'DIFFER'} |",
    ]
    return (
        "\n".join(["\n## Speed, memory, repeatability\n", "| what | measured |", "|---|---|", *rows]) + "\n"
    )


def _joined(recordings: Sequence[Recording]) -> Clip:
    parts, length = [], 0
    for recording in recordings:
        clip = decode(recording.path)
        wav = resample(clip.wav, clip.sample_rate, RATE)
        parts.append(wav[:2] if wav.shape[0] > 1 else wav.expand(2, -1))
        length += parts[-1].shape[-1]
        if length >= LENGTH_S * RATE:
            break
    source = Source("joined", "0" * 64, 0, "wav", "pcm_f32le")
    return _cut(Clip(torch.cat(parts, 1), RATE, source), LENGTH_S)


def _cut(clip: Clip, seconds: float) -> Clip:
    return Clip(clip.wav[:, : round(seconds * clip.sample_rate)].contiguous(), clip.sample_rate, clip.source)
