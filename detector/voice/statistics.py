"""Statistics of bands over time that neural decoders change and a fixed equaliser or level does not.

Two short-time spectra, one fine in frequency and one fine in time, each give per band: movement and its
memory, the shape of its distribution, fine structure, steadiness of phase advance and group delay, and
how alike neighbouring bands move. On pages and systems left out of training they held where
networks on the waveform did not (docs/benchmarks/voice.md).
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from detector.voice.frontend import SAMPLE_RATE

STATISTICS = 496
_LEVEL = 0.06
_LOW_HZ, _HIGH_HZ = 100, 7000
_CUT_HZ, _SLOPE_HZ = 7400.0, 60.0
_FLOOR_DB = -45.0
_LAGS = (2, 4, 8)


@dataclass(frozen=True)
class View:
    """One short-time spectrum.

    Attributes:
        size: of the window, samples.
        hop: between windows.
        bands: equal bands between 100 Hz and 7 kHz.
    """

    size: int
    hop: int
    bands: int


VIEWS = (View(512, 80, 24), View(128, 32, 12))


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
    noise = torch.randn(wav.numel(), generator=torch.Generator().manual_seed(0))
    floored = level(wav) + noise * (_LEVEL * 10 ** (_FLOOR_DB / 20))
    hertz = torch.fft.rfftfreq(wav.numel(), 1 / SAMPLE_RATE)
    gate = torch.sigmoid((_CUT_HZ - hertz) / _SLOPE_HZ)
    return level(torch.fft.irfft(torch.fft.rfft(level(floored)) * gate, wav.numel()))


def _pooled(values: Tensor, edges: list[int]) -> Tensor:
    """Means over bands of bins, [F, N] -> [bands, N]."""
    return torch.stack([values[a:b].mean(0) for a, b in pairwise(edges)])


def _unit(values: Tensor) -> Tensor:
    return values / (values.abs() + 1e-9)


def _of_view(wav: Tensor, view: View) -> list[Tensor]:
    """All statistics of one view."""
    window = torch.hann_window(view.size)
    first, last = (int(edge / SAMPLE_RATE * view.size) for edge in (_LOW_HZ, _HIGH_HZ))
    first = max(1, first)
    spectrum = torch.stft(wav, view.size, view.hop, window=window, return_complex=True)[first:last]
    power = spectrum.abs().square() + 1e-7
    edges = [round(float(e)) for e in torch.linspace(0, power.shape[0], view.bands + 1, dtype=torch.float64)]
    loud = power.sum(0)
    on = loud > loud.max() * 1e-3
    if int(on.sum()) < 40:
        on = loud > 0
    together = on[1:] & on[:-1]
    means = _pooled(power, edges)
    bands = torch.log(means)
    moved = bands - bands[:, on].mean(1, keepdim=True)
    spread = moved[:, on].std(1)
    # Movement, memory and the shape of the distribution of each band.
    found = [spread, torch.log(torch.diff(bands)[:, together].std(1) / spread + 1e-3)]
    for lag in _LAGS:
        found.append((moved[:, lag:] * moved[:, :-lag])[:, on[lag:]].mean(1) / spread.square())
    standard = moved[:, on] / spread[:, None]
    found += [standard.pow(3).mean(1).clamp(-3, 3), standard.pow(4).mean(1).clamp(0, 12)]
    # Fine structure inside bands: harmonics or noise.
    fine = torch.log(power)
    found.append(torch.stack([fine[a:b][:, on].std(0).mean() for a, b in pairwise(edges)]))
    found.append((bands - _pooled(fine, edges))[:, on].mean(1))
    # Advance of phase over time, its steadiness, and steadiness of group delay.
    bins = torch.arange(first, last)[:, None]
    turn = torch.polar(torch.ones(bins.shape), -2 * math.pi * bins * view.hop / view.size)
    advance = _unit(spectrum[:, 1:] * spectrum[:, :-1].conj() * turn)
    change = (advance[:, 1:] * advance[:, :-1].conj()).real[:, together[1:] & together[:-1]]
    across = _unit(spectrum[1:] * spectrum[:-1].conj())
    delay = (across[:, 1:] * across[:, :-1].conj()).real[:, together].mean(1)
    for steady in (advance.real[:, together].mean(1), change.mean(1), torch.cat([delay, delay[-1:]])):
        found.append(_pooled(steady[:, None], edges)[:, 0])
    # How alike neighbouring bands move.
    alike = torch.corrcoef(moved[:, on])
    return [*found, torch.diagonal(alike, 1), torch.diagonal(alike, 3)]


@torch.inference_mode()
def band_statistics(wav: Tensor) -> Tensor:
    """Measure a clip.

    Args:
        wav: [T] at 16 kHz after `tidy`, T >= 4,000.

    Returns:
        [STATISTICS], finite.

    >>> band_statistics(tidy(torch.randn(32000))).shape
    torch.Size([496])
    """
    if wav.numel() < SAMPLE_RATE // 2:
        wav = wav.repeat(2)
    return torch.nan_to_num(torch.cat([value for view in VIEWS for value in _of_view(wav, view)]))
