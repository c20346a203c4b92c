"""Host audio for training the watermark: open music and voices at the mark's rate, and made-up hard cases."""

import random
from pathlib import Path

import torch
from torch import Tensor

from core.resample import resample
from lab.datasets import hold_out_34s, read_manifest
from provenance.watermark.grid import RATE


class Hosts:
    """A pool of mono clips, cached once as half precision.

    Only rows that are free to use (`use: open`) enter, and no song of which a 34 s cut is kept for tests.
    """

    def __init__(self, data: Path, cache: Path) -> None:
        if not cache.exists():
            clips = []
            for row in hold_out_34s(read_manifest(data))[0]:
                if row.use == "open":
                    clip = row.load()
                    clips.append((row.kind, resample(clip.wav.mean(0), clip.sample_rate, RATE).half()))
            cache.parent.mkdir(parents=True, exist_ok=True)
            torch.save(clips, cache)
        clips = torch.load(cache, weights_only=True)
        self._music = [wav for kind, wav in clips if kind != "voices"]
        self._voices = [wav for kind, wav in clips if kind == "voices"]

    def batch(self, size: int, length: int, rng: random.Random) -> Tensor:
        """Random excerpts, [size, length]: 85 % music, 8 % voices, 7 % pads and tones."""
        return torch.stack([self._one(length, rng) for _ in range(size)])

    def _one(self, length: int, rng: random.Random) -> Tensor:
        kind = rng.random()
        if kind > 0.93:
            wav = _pad(length, rng)
        else:
            wav = rng.choice(self._voices if kind < 0.08 else self._music).float()
        if wav.shape[-1] < length:
            wav = wav.repeat(-(-length // wav.shape[-1]))
        start = rng.randrange(wav.shape[-1] - length + 1)
        wav = wav[start : start + length].clone()
        if rng.random() < 0.25:
            other = rng.choice(self._music).float()
            other = other.repeat(-(-length // other.shape[-1]))[:length]
            wav = wav + rng.uniform(0.1, 0.8) * other
        level = 10.0 ** (-rng.uniform(0.0, 18.0) / 20.0) / float(wav.abs().max().clamp_min(1e-3))
        return torch.mul(wav, level)


def _pad(length: int, rng: random.Random) -> Tensor:
    """A steady chord of harmonic tones with a little noise: where marks are easiest to hear."""
    time = torch.arange(length) / RATE
    wav = torch.zeros(length)
    for _ in range(rng.randint(1, 4)):
        pitch = 110.0 * 2.0 ** (rng.randint(0, 36) / 12.0)
        for harmonic in range(1, rng.randint(2, 12)):
            phase = rng.uniform(0.0, 6.28)
            wav += torch.sin(6.2832 * pitch * harmonic * time + phase) / harmonic ** rng.uniform(0.7, 2.0)
    swell = 0.6 + 0.4 * torch.sin(6.2832 * rng.uniform(0.05, 2.0) * time)
    return torch.add(wav * swell, torch.randn(length), alpha=10.0 ** rng.uniform(-4.0, -2.0))
