"""A song of plucked notes, for what held chords keep too few peaks for."""

import numpy as np
import torch
from torch import Tensor


def plucked(seed: int, seconds: float, rate: int) -> Tensor:
    """Notes with an attack and a decay: music that still has its peaks when played a quarter faster."""
    rng, times = np.random.default_rng(seed), np.arange(round(seconds * rate)) / rate
    wav = np.zeros(len(times))
    for start in np.arange(0.0, seconds - 1.0, 0.13) + rng.uniform(
        0, 0.05, round((seconds - 1.0) / 0.13 + 0.5)
    ):
        first = int(start * rate)
        heard = times[: len(times) - first][: rate // 2]
        pitch = 220.0 * 2 ** (rng.integers(0, 36) / 12)
        tone = sum(np.sin(2 * np.pi * pitch * k * heard) / k for k in (1, 2, 3))
        wav[first : first + len(heard)] += rng.uniform(0.3, 1.0) * tone * np.exp(-heard * 9)
    return torch.from_numpy(wav / abs(wav).max()).float()[None]
