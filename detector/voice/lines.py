"""Spectral lines at the frame rates of neural decoders, heard through a voice.

A transposed convolution with stride k leaves images and tones at multiples of its input rate
(Odena et al. 2016; Pons et al. 2021), so a decoder with strides r1..rL at output rate fs leaves
lines at multiples of `fs / (ri * ... * rL)`. Resampling keeps them at the same Hz; microphones,
rooms and equalisers do not make them. Of the traits that were measured (linear cepstra, fine
structure, phase, modulation), this one alone carried over to systems that were not trained on.
"""

from functools import lru_cache

import numpy as np
import torch
from scipy.ndimage import median_filter
from torch import Tensor
from torch.nn import functional

from detector.decoders import VOICE_SPACINGS_HZ
from detector.voice.frontend import SAMPLE_RATE

COUNT = 3
_SIZE = 8192
_BAND_HZ = (1000, 7000)
_BETWEEN = (0.17, 0.23, 0.31, 0.37, 0.43, 0.57, 0.63, 0.69, 0.77, 0.83)


def contrasts_of_lines(wav: Tensor) -> Tensor:
    """Contrast of the mean spectrum on and off each grid of `VOICE_SPACINGS_HZ`, in standard errors.

    Args:
        wav: [..., T] at 16 kHz, T > 4096.

    Returns:
        [..., len(VOICE_SPACINGS_HZ)], clipped to -6..12.

    >>> contrasts_of_lines(torch.randn(32000)).shape
    torch.Size([19])
    """
    window = torch.hann_window(_SIZE)
    spectrum = torch.stft(wav, _SIZE, _SIZE // 4, window=window, return_complex=True)
    power = spectrum.real.square() + spectrum.imag.square()
    # Decibels before the mean: loud syllables cannot hide weak steady lines.
    mean = (10 * torch.log10(power + 1e-10)).mean(-1)
    peak = _highest((mean - _around(mean)).clamp(-6, 6))
    low, high = (round(edge * _SIZE / SAMPLE_RATE) for edge in _BAND_HZ)
    spread = peak[..., low:high].std(-1).clamp(min=1e-6)
    found = []
    for on, off in _grids():
        error = spread / on.numel() ** 0.5
        found.append((peak[..., on].mean(-1) - peak[..., off].mean(-1)) / error)
    return torch.stack(found, -1).clamp(-6, 12).nan_to_num(0.0)


def _around(values: Tensor) -> Tensor:
    """Median of each bin's surroundings, [..., F] -> [..., F]."""
    rows = values.reshape(-1, values.shape[-1]).numpy()
    # row by row: SciPy's quick filter is the one for one dimension
    return torch.from_numpy(np.stack([median_filter(row, 21) for row in rows])).reshape(values.shape)


def _highest(values: Tensor) -> Tensor:
    """The highest of each bin and its two neighbours, [..., F] -> [..., F]."""
    return functional.max_pool1d(values.reshape(-1, 1, values.shape[-1]), 3, 1, 1).reshape(values.shape)


@lru_cache(maxsize=1)
def _grids() -> tuple[tuple[Tensor, Tensor], ...]:
    """For each of `VOICE_SPACINGS_HZ`, the bins of its lines and bins between them."""
    width, found = SAMPLE_RATE / _SIZE, []
    for spacing in VOICE_SPACINGS_HZ:
        teeth = torch.arange(max(1, int(_BAND_HZ[0] / spacing)), int(_BAND_HZ[1] / spacing) + 1)
        between = [((teeth + part) * spacing / width).round().long() for part in _BETWEEN]
        found.append(((teeth * spacing / width).round().long(), torch.cat(between).clamp(max=_SIZE // 2)))
    return tuple(found)


def strongest(contrasts: Tensor) -> Tensor:
    """The `COUNT` largest contrasts, whichever grids they belong to, [..., S] -> [..., COUNT].

    Which decoder was used is not known beforehand, so the grids are interchangeable.
    """
    return contrasts.topk(COUNT, dim=-1).values
