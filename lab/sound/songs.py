"""Made-up songs and a made-up voice: material for what must not depend on anybody's recordings."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import lfilter
from torch import Tensor

Samples = NDArray[np.float64]
SCALE = (0, 2, 3, 5, 7, 8, 10, 12)
FORMANTS = ((650.0, 90.0), (1150.0, 110.0), (2500.0, 160.0))


def song(seed: int, seconds: float, rate: int) -> Tensor:
    """A tune of plucked notes over bass, chords and drums, in stereo, [2, T], peak 0.8.

    Key, tempo, tune and timbre follow from the seed; bars vary, so no two minutes are the same.
    """
    rng = np.random.default_rng([seed, 77])
    length, beat_s = round(seconds * rate), 60.0 / rng.uniform(84, 140)
    root, bright = 110.0 * 2 ** (rng.integers(0, 12) / 12), rng.uniform(0.8, 1.6)
    sides = np.zeros((2, length))
    for beat in range(int(seconds / beat_s)):
        degree = int(rng.integers(0, 5)) if beat % 4 == 0 else 0
        for part in range(int(rng.integers(1, 4))):
            at = (beat + part / 3 + rng.uniform(-0.02, 0.02)) * beat_s
            pitch = 2.0 * root * 2 ** (SCALE[int(rng.integers(0, len(SCALE)))] / 12)
            level, right = rng.uniform(0.4, 1.0), rng.uniform(0.2, 0.8)
            _add(sides, _pluck(pitch, 0.7, rate, bright), at, rate, level, right)
        low = root / 2 * 2 ** (SCALE[degree] / 12)
        _add(sides, _pluck(low, beat_s, rate, 2.0), beat * beat_s, rate, 0.9, 0.5)
        if beat % 2:
            hit = rng.standard_normal(rate // 8) * np.exp(-np.arange(rate // 8) / rate * 35)
            _add(sides, hit, beat * beat_s, rate, 0.25, 0.5)
    return torch.from_numpy(0.8 * sides / abs(sides).max()).float()


def voice(seed: int, seconds: float, rate: int) -> Tensor:
    """A voice that says nothing: pulses through wandering formants, in syllables and pauses, [1, T]."""
    rng = np.random.default_rng([seed, 78])
    length = round(seconds * rate)
    time = np.arange(length) / rate
    bends, syllables = np.arange(0, seconds + 1, 0.4), np.arange(0, seconds + 1, 0.16)
    bend = np.interp(time, bends, rng.standard_normal(len(bends)))
    pitch = rng.uniform(95, 190) * 2 ** (0.25 * bend)
    phase = np.cumsum(pitch / rate)
    source = np.diff(np.floor(phase), prepend=0.0) + 0.02 * rng.standard_normal(length)
    spoken: Samples = np.zeros(length)
    for start in range(0, length, rate // 6):
        part = source[start : start + rate // 6]
        for centre, width in FORMANTS:
            centre *= rng.uniform(0.75, 1.3)
            radius = np.exp(-np.pi * width / rate)
            poles = [1.0, -2 * radius * np.cos(2 * np.pi * centre / rate), radius**2]
            spoken[start : start + len(part)] += lfilter([1 - radius], poles, part)
    spoken *= np.interp(time, syllables, rng.choice([0.0, 1.0, 1.0, 0.6], len(syllables)))
    return torch.from_numpy(0.8 * spoken / max(1e-9, abs(spoken).max())).float()[None]


def _pluck(pitch_hz: float, seconds: float, rate: int, bright: float) -> Samples:
    time = np.arange(round(seconds * rate)) / rate
    tone = np.zeros(len(time))
    for k in range(1, 7):
        if k * pitch_hz < 0.45 * rate:
            tone += np.sin(2 * np.pi * k * pitch_hz * time) * np.exp(-time * (5 + 2 * k)) / k**bright
    return tone


def _add(sides: Samples, sound: Samples, at_s: float, rate: int, level: float, right: float) -> None:
    start = max(0, round(at_s * rate))
    end = min(sides.shape[1], start + len(sound))
    if end > start:
        sides[0, start:end] += level * (1 - right) * sound[: end - start]
        sides[1, start:end] += level * right * sound[: end - start]
