"""One level, one noise floor and one band limit for every clip, so that none of them tells a page."""

from functools import lru_cache

import torch
from torch import Tensor

from detector.voice.frontend import SAMPLE_RATE

_LEVEL = 0.06
_CUT_HZ, _SLOPE_HZ = 7400.0, 60.0
_FLOOR_DB = -45.0


def level(wav: Tensor) -> Tensor:
    """Scale to RMS 0.06, any shape; silence stays silence."""
    return wav * (_LEVEL / wav.square().mean().sqrt().clamp(min=1e-5))


def tidy(wav: Tensor) -> Tensor:
    """Give every clip one level, one noise floor (-45 dB, the same noise) and one band limit (7.4 kHz).

    Args:
        wav: [T] at 16 kHz.

    Returns:
        [T], RMS 0.06.
    """
    noise, gate = _floor_and_gate(wav.numel())
    return level(torch.fft.irfft(torch.fft.rfft(level(level(wav) + noise)) * gate, wav.numel()))


@lru_cache(maxsize=2)
def _floor_and_gate(samples: int) -> tuple[Tensor, Tensor]:
    """The noise that is added to a clip of so many samples, and the gain of each bin of its spectrum."""
    noise = torch.randn(samples, generator=torch.Generator().manual_seed(0))
    hertz = torch.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    return noise * (_LEVEL * 10 ** (_FLOOR_DB / 20)), torch.sigmoid((_CUT_HZ - hertz) / _SLOPE_HZ)
