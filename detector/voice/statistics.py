"""Statistics of bands over time that neural decoders change and a fixed equaliser or level does not.

Two short-time spectra, one fine in frequency and one fine in time, each give per band: movement and its
memory, the shape of its distribution, fine structure, steadiness of phase advance and group delay, and
how alike neighbouring bands move. On pages and systems left out of training they held where
networks on the waveform did not (docs/benchmarks/voice.md).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

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
    noise, gate = _floor_and_gate(wav.numel())
    return level(torch.fft.irfft(torch.fft.rfft(level(level(wav) + noise)) * gate, wav.numel()))


@lru_cache(maxsize=2)
def _floor_and_gate(samples: int) -> tuple[Tensor, Tensor]:
    """The noise that is added to a clip of so many samples, and the gain of each bin of its spectrum."""
    noise = torch.randn(samples, generator=torch.Generator().manual_seed(0))
    hertz = torch.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    return noise * (_LEVEL * 10 ** (_FLOOR_DB / 20)), torch.sigmoid((_CUT_HZ - hertz) / _SLOPE_HZ)


@dataclass(frozen=True)
class _Bands:
    """The bands of a view.

    Attributes:
        bins: the bins that are looked at.
        members: 1 where a bin belongs to a band, [bands, F].
        pool: the same over the number of members, for means over bands, [bands, F].
        turn: phase that a steady tone in each bin advances by from frame to frame, undone, [F].
    """

    bins: slice
    members: Tensor
    pool: Tensor
    turn: Tensor


@lru_cache(maxsize=len(VIEWS))
def _bands(view: View) -> _Bands:
    first, last = (int(edge / SAMPLE_RATE * view.size) for edge in (_LOW_HZ, _HIGH_HZ))
    first = max(1, first)
    edges = torch.linspace(0, last - first, view.bands + 1, dtype=torch.float64).round().long()
    place = torch.arange(last - first)
    members = ((place >= edges[:-1, None]) & (place < edges[1:, None])).float()
    bins = torch.arange(first, last)
    turn = torch.polar(torch.ones(bins.shape), -2 * math.pi * bins * view.hop / view.size)
    return _Bands(slice(first, last), members, members / members.sum(1, keepdim=True), turn)


def _of_view(wav: Tensor, view: View) -> list[Tensor]:
    """All statistics of one view."""
    bands = _bands(view)
    window = torch.hann_window(view.size)
    spectrum = torch.stft(wav, view.size, view.hop, window=window, return_complex=True)[bands.bins]
    # Planes of their own: arithmetic on complex tensors takes three times as long here.
    real, imag = spectrum.real.contiguous(), spectrum.imag.contiguous()
    power = (real * real).addcmul_(imag, imag)
    loud = (power + 1e-7).sum(0)
    on = loud > loud.max() * 1e-3
    if int(on.sum()) < 40:
        on = loud > 0
    steady = _steadiness(real, imag, power.sqrt(), on, bands)
    *movement, moved = _movement(power.add_(1e-7), on, bands)
    # How alike neighbouring bands move.
    alike = torch.corrcoef(moved[:, on])
    return [*movement, *steady, torch.diagonal(alike, 1), torch.diagonal(alike, 3)]


def _movement(power: Tensor, on: Tensor, bands: _Bands) -> list[Tensor]:
    """Movement of bands, its memory and distribution, fine structure; last, the movement itself, [bands, N].

    Args:
        power: overwritten, [F, N].
        on: frames that are loud enough, [N] bool.
        bands: of the view.
    """
    share = _share(on)
    levels = torch.log(bands.pool @ power)
    moved = levels - levels[:, on].mean(1, keepdim=True)
    spread = moved[:, on].std(1)
    steps = torch.diff(levels)[:, on[1:] & on[:-1]].std(1)
    found = [spread, torch.log(steps / spread + 1e-3)]
    for lag in _LAGS:
        found.append((moved[:, lag:] * moved[:, :-lag])[:, on[lag:]].mean(1) / spread.square())
    standard = moved[:, on] / spread[:, None]
    found += [standard.pow(3).mean(1).clamp(-3, 3), standard.pow(4).mean(1).clamp(0, 12)]
    # Fine structure inside bands: harmonics or noise.
    fine = power.log_()
    inside = bands.pool @ fine
    squares = bands.members @ fine.sub_(bands.members.T @ inside).square_()
    found.append((squares / (bands.members.sum(1, keepdim=True) - 1)).sqrt_() @ share)
    found.append((levels - inside) @ share)
    return [*found, moved]


def _steadiness(real: Tensor, imag: Tensor, size: Tensor, on: Tensor, bands: _Bands) -> list[Tensor]:
    """Advance of phase over time, its steadiness, and steadiness of group delay, each pooled, [bands].

    Args:
        real, imag, size: of the spectrum and its absolute value, [F, N].
        on: frames that are loud enough, [N] bool.
        bands: of the view.
    """
    together = on[1:] & on[:-1]
    share = _share(together)
    along = _unit_product(real[:, 1:], imag[:, 1:], size[:, 1:], real[:, :-1], imag[:, :-1], size[:, :-1])
    # What every frame is turned by can be turned once, after the mean.
    advance = bands.turn.real * (along[0] @ share) - bands.turn.imag * (along[1] @ share)
    change = _alike(*along) @ _share(together[1:] & together[:-1])
    across = _unit_product(real[1:], imag[1:], size[1:], real[:-1], imag[:-1], size[:-1])
    delay = _alike(*across) @ share
    return list((bands.pool @ torch.stack([advance, change, torch.cat([delay, delay[-1:]])], 1)).T)


def _unit_product(
    real: Tensor, imag: Tensor, size: Tensor, real_of: Tensor, imag_of: Tensor, size_of: Tensor
) -> tuple[Tensor, Tensor]:
    """One spectrum times the conjugate of another, over its absolute value: real and imaginary part."""
    scale = (size * size_of).add_(1e-9).reciprocal_()
    along = (real * real_of).addcmul_(imag, imag_of).mul_(scale)
    return along, (imag * real_of).addcmul_(real, imag_of, value=-1).mul_(scale)


def _alike(real: Tensor, imag: Tensor) -> Tensor:
    """Real part of each frame times the conjugate of the one before, [F, N] -> [F, N - 1]."""
    return (real[:, 1:] * real[:, :-1]).addcmul_(imag[:, 1:], imag[:, :-1])


def _share(chosen: Tensor) -> Tensor:
    """Weights that make a sum over the chosen frames their mean, [N]."""
    return chosen.float() / chosen.sum()


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
