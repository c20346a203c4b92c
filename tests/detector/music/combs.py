"""Generated music with the trace of a decoder: a clock's lines, far below what can be heard."""

import numpy as np
import torch
from scipy import signal
from torch import Tensor

from tests.signals import music

GAIN_STEPS = 0.1


def decoded(
    seconds: float, sample_rate: int, frame_hz: float, *, level_db: float = -50.0, seed: int = 0
) -> Tensor:
    """Music with both traces of a decoder with this frame rate, [2, T].

    Lines at every multiple of `frame_hz`, each `level_db` under the music: what zero insertion makes of a
    constant. And a gain that differs by `GAIN_STEPS` between the 64 phases of a frame: what a strided filter
    makes of everything else.
    """
    wav = music(seconds, sample_rate, seed)
    rng = np.random.default_rng(seed)
    size = wav.shape[-1]
    frequencies = np.arange(1, int(0.45 * sample_rate / frame_hz)) * frame_hz
    spectrum = np.zeros(size // 2 + 1, np.complex128)
    bins = np.rint(frequencies * size / sample_rate).astype(np.int64)
    spectrum[bins] = np.exp(2j * np.pi * rng.random(bins.size)) * rng.uniform(0.5, 1.5, bins.size)
    comb = np.fft.irfft(spectrum, size)
    rms = float(wav.square().mean().sqrt())
    comb *= rms * 10 ** (level_db / 20) * np.sqrt(bins.size) / np.sqrt(np.mean(comb**2))
    phase = np.floor(np.arange(size) * frame_hz / sample_rate % 1.0 * 64).astype(np.int64)
    gain = 1.0 + GAIN_STEPS * rng.normal(size=64)[phase]
    return wav * torch.from_numpy(gain).float() + torch.from_numpy(comb).float()


def sped_up(wav: Tensor, up: int, down: int) -> Tensor:
    """Play at `down / up` times the speed."""
    return torch.from_numpy(signal.resample_poly(wav.numpy(), up, down, axis=-1)).float()
