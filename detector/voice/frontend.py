"""The signal every part of the voice detector looks at, and its spectrogram.

All audio goes to 16 kHz mono at one level, and no bin above 7 kHz or below 60 Hz is used, so that
sample rate, channel count, level and anti-alias filters cannot tell a studio file from a demo page.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from core import scratch
from core.downmix import Look
from core.resample import one_channel

SAMPLE_RATE = 16000
HOP = 200
_WINDOW = 512
_FIRST_BIN, _LAST_BIN = 2, 226
BINS = _LAST_BIN - _FIRST_BIN
_RANGE_DB = 60.0
_LEVEL = 0.06


def mono(wav: Tensor, sample_rate: int, look: Look | None = None) -> Tensor:
    """Bring audio to 16 kHz mono at a fixed loudness.

    Args:
        wav: [C, T], any rate and level.
        sample_rate: of `wav`, Hz.
        look: how to mix the channels; None is their downmix.

    Returns:
        [T'] at `SAMPLE_RATE`, RMS 0.06 (about -24 dBFS), or all zeros for digital silence.
    """
    one = one_channel(wav.to(torch.float32), sample_rate, SAMPLE_RATE, None if look is None else look.of)
    level = rms(one)
    return scratch.made(one, lambda part: part * (_LEVEL / level) if level > 1e-6 else torch.zeros_like(part))


def rms(wav: Tensor) -> float:
    """Root of the mean square, of any length; 0 for no samples."""
    parts = scratch.stretches(wav)
    return math.sqrt(math.fsum(float(part.square().sum()) for part in parts) / max(1, wav.numel()))


def marked_of(wav: Tensor, marked: Tensor) -> Tensor:
    """The marked samples one after another, [T] -> [M]; `marked` is [T] bool."""
    found = scratch.empty((int(torch.count_nonzero(marked)),), wav)
    place = 0
    for part, chosen in zip(scratch.stretches(wav), torch.split(marked, scratch.STRETCH), strict=True):
        some = part[chosen]
        scratch.fill(found, place, some)
        place += some.numel()
    return found


def spectrogram(wav: Tensor) -> Tensor:
    """Log power spectrum on a linear frequency axis.

    Linear, not mel: CtrSVDD measures 16.2 % EER for linear cepstra and 25.2 % for mel.

    Args:
        wav: [B, T] at `SAMPLE_RATE`.

    Returns:
        Decibels below each clip's maximum, floored at -60, [B, F, N] with F = 224 bins of 31.25 Hz
        and one frame per 12.5 ms.

    >>> spectrogram(torch.randn(2, 16000)).shape
    torch.Size([2, 224, 81])
    """
    window = torch.hann_window(_WINDOW, device=wav.device)
    spectrum = torch.stft(wav, _WINDOW, HOP, window=window, return_complex=True, pad_mode="constant")
    some = spectrum[:, _FIRST_BIN:_LAST_BIN]
    power = some.real.square() + some.imag.square()
    decibel = 10 / math.log(10) * torch.log(power + 1e-10)
    top = decibel.amax(dim=(1, 2), keepdim=True)
    return torch.clamp(decibel - top, min=-_RANGE_DB)


def contrasts(decibel: Tensor) -> Tensor:
    """Two views of a spectrogram that no equaliser or microphone can shift.

    Args:
        decibel: [B, F, N] from `spectrogram`.

    Returns:
        [B, 2, F, N]: each bin against its own mean over time (movement), and against its
        neighbours within +-250 Hz (fine structure), in units of 10 dB.
    """
    movement = decibel - decibel.mean(dim=2, keepdim=True)
    return torch.stack([movement, decibel - _around(decibel)], dim=1).clamp_(-30, 30).div_(10)


def _around(decibel: Tensor) -> Tensor:
    """Mean of each bin and its eight neighbours on either side, [B, F, N] -> [B, F, N].

    Sums of two, four, eight and sixteen in turn: a pooling would add up seventeen for every bin.
    """
    padded = functional.pad(decibel, (0, 0, 8, 8), mode="replicate")
    total = padded
    for reach in (1, 2, 4, 8):
        total = total[:, :-reach] + total[:, reach:]
    return (total[:, :-1] + padded[:, 16:]) / 17


@dataclass(frozen=True)
class Windows:
    """Overlapping windows of a clip, cut only when they are asked for: memory does not grow with the clip.

    Attributes:
        wav: the clip, at least one window long, [T] at `SAMPLE_RATE`.
        starts: first sample of each window, [W].
        size: samples of a window.
    """

    wav: Tensor
    starts: Tensor
    size: int

    @property
    def starts_s(self) -> Tensor:
        """Start of each window in seconds, [W]."""
        return self.starts / SAMPLE_RATE

    def batches(self, count: int) -> Iterator[Tensor]:
        """The windows in order, `count` at a time, [<= count, size]."""
        for some in torch.split(self.starts, count):
            starts = some.tolist()
            yield torch.stack([self.wav[start : start + self.size] for start in starts])
            scratch.forget(self.wav[starts[0] : starts[-1] + self.size])

    def touching(self, marked: Tensor) -> "Windows":
        """Those that hold a marked sample; `marked` is [T] bool of the clip, which is not repeated."""
        holding = [start for start in self.starts.tolist() if marked[start : start + self.size].any()]
        return replace(self, starts=torch.tensor(holding, dtype=torch.long))


def windows(wav: Tensor, seconds: float, hop_s: float) -> Windows:
    """Overlapping windows that cover the clip; a short clip is repeated to fill one, the last ends with it.

    Args:
        wav: [T] at `SAMPLE_RATE`, T >= 1.
        seconds: window length.
        hop_s: distance between window starts.
    """
    size, hop = int(seconds * SAMPLE_RATE), int(hop_s * SAMPLE_RATE)
    if wav.numel() < size:
        wav = wav.repeat(-(-size // wav.numel()))[:size]
    starts = list(range(0, wav.numel() - size + 1, hop))
    if starts[-1] != wav.numel() - size and wav.numel() - size - starts[-1] > hop // 4:
        starts.append(wav.numel() - size)
    return Windows(wav, torch.tensor(starts), size)
