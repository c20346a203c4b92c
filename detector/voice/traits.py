"""Measured traits of a voice that vocoders change and microphones do not.

All are taken on a linear frequency axis below 7 kHz (linear beats mel by 9 points of EER on
CtrSVDD), and none is a level or a long-term spectrum: spreads, shapes and rhythms of linear
cepstra (LFCC), the fine structure between harmonics, phase regularity over time and frequency, the
modulation spectrum, and the contrast of spectral lines at the frame rates of known decoder stacks
(strides of EnCodec, DAC, HiFi-GAN, BigVGAN, RVC and others; Pons et al. 2021 explain the lines).
"""

import math
from itertools import pairwise

import torch
from scipy.ndimage import median_filter
from torch import Tensor
from torch.nn import functional as F

from detector.voice.frontend import SAMPLE_RATE

COUNT = 305
_SIZE, _HOP = 512, 160
_FIRST, _LAST = 2, 226
_BANDS = 7
_PER_BAND = 32
_LINE_SIZE = 8192
# Line spacings in Hz: whole and partial products of decoder strides at 16-44.1 kHz output.
SPACINGS = (
    5512.5, 689.0625, 86.1328, 6000.0, 750.0, 600.0, 93.75, 75.0, 172.265, 344.53, 4000.0, 2000.0, 1000.0,
    400.0, 100.0, 50.0, 62.5, 125.0, 80.0,
)  # fmt: skip
_BETWEEN = (0.17, 0.23, 0.31, 0.37, 0.43, 0.57, 0.63, 0.69, 0.77, 0.83)


def traits(wav: Tensor) -> Tensor:
    """Measure one window.

    Args:
        wav: [T] at 16 kHz from `frontend.mono`, T >= 4096.

    Returns:
        Finite numbers, [COUNT]; not standardised.

    >>> traits(torch.randn(16000)).shape
    torch.Size([305])
    """
    window = torch.hann_window(_SIZE)
    spectrum = torch.stft(wav, _SIZE, _HOP, window=window, return_complex=True)[_FIRST:_LAST]
    power = spectrum.abs().square()
    decibel = 10 * torch.log10(power + 1e-9)
    decibel = torch.clamp(decibel - decibel.max(), min=-60.0)
    active = decibel.amax(0) > -35.0
    if int(active.sum()) < 20:
        active = torch.ones_like(active)
    parts = [
        *_cepstra(power, active),
        *_fine_structure(decibel, active),
        *_phase(spectrum, power, active),
        _modulation(power),
        _lines(wav),
    ]
    return torch.cat([part.flatten().float() for part in parts]).nan_to_num(0.0, 0.0, 0.0)


def _cepstra(power: Tensor, active: Tensor) -> list[Tensor]:
    """Spread of linear-frequency cepstra and their changes; shape and memory of band energies."""
    bands = torch.log10(power.reshape(28, 8, -1).mean(1) + 1e-7)
    bands = torch.clamp(bands - bands.max(), min=-6.0)
    order = torch.arange(1, 21)[:, None]
    cepstra = torch.cos(math.pi * (torch.arange(28) + 0.5)[None] * order / 28) @ bands
    change = cepstra[:, 2:] - cepstra[:, :-2]
    bend = change[:, 2:] - change[:, :-2]
    spreads = [
        cepstra[:, active].std(1).log(),
        change[:, active[1:-1]].std(1).log(),
        bend[:, active[2:-2]].std(1).log(),
    ]
    centred = bands[:, active] - bands[:, active].mean(1, keepdim=True)
    spread = centred.std(1) + 1e-3
    shapes = [(centred**3).mean(1) / spread**3, ((centred**4).mean(1) / spread**4).clamp(max=20)]
    step = (bands[:, 1:] - bands[:, :-1])[:, active[1:]]
    step = (step - step.mean(1, keepdim=True)) / (step.std(1, keepdim=True) + 1e-3)
    return spreads + shapes + [(step[k:] * step[:-k]).mean(1) for k in (1, 3, 8)]


def _fine_structure(decibel: Tensor, active: Tensor) -> list[Tensor]:
    """How deep and how steady the detail between harmonics is, per 1 kHz band."""
    loud = decibel[:, active]
    padded = F.pad(loud.T[:, None], (8, 8), mode="replicate")
    smooth = F.avg_pool1d(padded, 17, 1)[:, 0].T
    fine = (loud - smooth).reshape(_BANDS, _PER_BAND, -1)
    step = (decibel[:, 1:] - decibel[:, :-1])[:, active[1:]].reshape(_BANDS, _PER_BAND, -1)
    return [
        fine.std(1).mean(1),
        fine.std(1).std(1),
        (fine**3).mean((1, 2)) / fine.std((1, 2)) ** 3,
        step.std((1, 2)),
        step.mean(1).std(1),
    ]


def _phase(spectrum: Tensor, power: Tensor, active: Tensor) -> list[Tensor]:
    """Regularity (mean resultant length) of phase bends over time and over frequency, per band."""
    angle = spectrum.angle()
    advance = torch.arange(_FIRST, _LAST)[:, None] * 2 * math.pi * _HOP / _SIZE
    step = torch.remainder(angle[:, 1:] - angle[:, :-1] - advance + math.pi, 2 * math.pi) - math.pi
    weight = power**0.25
    over_time = torch.exp(1j * (step[:, 1:] - step[:, :-1]))
    delay = angle[1:] - angle[:-1]
    over_frequency = F.pad(torch.view_as_real(torch.exp(1j * (delay[1:] - delay[:-1]))), (0, 0, 0, 0, 1, 1))
    return [
        _resultant(over_time, weight[:, 1:-1] * active[1:-1]),
        _resultant(torch.view_as_complex(over_frequency), weight * active),
    ]


def _resultant(unit: Tensor, weight: Tensor) -> Tensor:
    shape = (_BANDS, _PER_BAND, -1)
    total = (unit * weight).reshape(shape).sum((1, 2)).abs()
    return total / weight.reshape(shape).sum((1, 2))


def _modulation(power: Tensor) -> Tensor:
    """Shares of seven modulation ranges in each band's log energy, log."""
    envelope = torch.log10(power.reshape(_BANDS, _PER_BAND, -1).mean(1) + 1e-7)
    envelope = envelope - envelope.mean(1, keepdim=True)
    tapered = envelope * torch.hann_window(envelope.shape[1])
    spectrum = torch.fft.rfft(tapered, 512, dim=1).abs().square()
    edges = (1, 21, 41, 82, 123, 164, 205, 256)
    shares = torch.stack([spectrum[:, a:b].mean(1) for a, b in pairwise(edges)], 1)
    return (shares / shares.sum(1, keepdim=True) + 1e-6).log()


def _lines(wav: Tensor) -> Tensor:
    """Contrast of the mean spectrum on and off each grid of `SPACINGS`, in standard errors."""
    window = torch.hann_window(_LINE_SIZE)
    spectrum = torch.stft(wav, _LINE_SIZE, _LINE_SIZE // 4, window=window, return_complex=True)
    mean = (10 * torch.log10(spectrum.abs().square() + 1e-10)).mean(1)
    rest = (mean - torch.from_numpy(median_filter(mean.numpy(), 21))).clamp(-6, 6)
    peak = F.max_pool1d(rest[None, None], 3, 1, 1)[0, 0]
    spread = peak[512:3584].std()
    width = SAMPLE_RATE / _LINE_SIZE
    found = []
    for spacing in SPACINGS:
        teeth = torch.arange(max(1, int(1000 / spacing)), int(7000 / spacing) + 1)
        on = peak[(teeth * spacing / width).round().long()]
        places = torch.stack([((teeth + part) * spacing / width).round().long() for part in _BETWEEN])
        off = peak[places.clamp(max=_LINE_SIZE // 2)]
        found.append(((on.mean() - off.mean()) / (spread / len(teeth) ** 0.5)).clamp(-6, 12))
    return torch.stack(found)
