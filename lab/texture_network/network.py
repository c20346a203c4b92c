"""A small network on the texture of a linear-frequency spectrum: levels, and how phases advance.

What music sounds like is taken away before the network looks: levels are measured against their
surroundings, phases only as second differences. For a steady partial the phase advances evenly from frame to
frame, for a click evenly from bin to bin; a decoder that guesses phases breaks both where the ear forgives.
Everything is at 16 kHz: what a recording holds above 8 kHz tells its format more than its origin.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RATE = 16_000
FRAME, HOP = 1024, 256
LOWEST_BIN = 8
CHANNELS = 7
SHORT_FRAME, SHORT_HOP, SHORT_CHANNELS = 256, 64, 3
"""Of a second look, short enough to see where time-stretching joins its pieces."""
FOLD = HOP // SHORT_HOP
FLOOR = 1e-8
"""Under the mean power of the crop, -80 dB: what is softer counts as silence."""
Complex = tuple[Tensor, Tensor]
"""Real and imaginary part: faster than complex tensors on a processor."""


@dataclass(frozen=True)
class Shape:
    """Size of a network.

    Attributes:
        widths: channels of the stem and the three stages.
        families: kinds of rendering that the second head tells apart.
    """

    widths: tuple[int, int, int, int] = (16, 32, 48, 96)
    families: int = 9


def features(wav: Tensor) -> Tensor:
    """Texture of a crop.

    Args:
        wav: audio at `RATE`, [B, T].

    Returns:
        [B, `CHANNELS`, F, N]: level against its surroundings, level of the surroundings, second differences
        of the phase in time, in frequency and mixed (real and imaginary part), frequency.

    Shape:
        >>> features(torch.randn(2, 16_000)).shape
        torch.Size([2, 7, 503, 61])
    """
    window = torch.hann_window(FRAME, device=wav.device)
    spectrum = torch.stft(wav, FRAME, HOP, FRAME, window, return_complex=True)[:, LOWEST_BIN:]
    real, imaginary = spectrum.real.contiguous(), spectrum.imag.contiguous()
    power = real.square() + imaginary.square()
    mean = power.mean((1, 2), keepdim=True) + 1e-12
    scale = torch.rsqrt(power + FLOOR * mean)  # phases of silence count as little as they mean
    unit = (real * scale, imaginary * scale)
    level = torch.log(power / mean + FLOOR)
    around = _around(level)
    middle, later, sooner = slice(1, -1), slice(2, None), slice(None, -2)

    def at(bins: slice, frames: slice) -> Complex:
        return unit[0][:, bins, frames], unit[1][:, bins, frames]

    here = at(middle, middle)
    twice = _product(here, here)
    in_time, _ = _turned(_product(at(middle, later), at(middle, sooner)), twice)
    in_frequency, _ = _turned(_product(at(later, middle), at(sooner, middle)), twice)
    mixed = _turned(_product(at(later, later), here), _product(at(later, middle), at(middle, later)))
    shape = here[0].shape
    place = torch.linspace(-1, 1, shape[1], device=wav.device)[None, :, None].expand(shape)
    inner = (slice(None), middle, middle)
    texture = ((level - around)[inner] / 2).clamp(-3, 3)
    return torch.stack([texture, around[inner] / 4 + 1, in_time, in_frequency, *mixed, place], 1)


def short_features(wav: Tensor) -> Tensor:
    """Texture of a crop in short frames, the `FOLD` of them that share a long frame beside each other.

    Args:
        wav: audio at `RATE`, [B, T].

    Returns:
        [B, `FOLD` * `SHORT_CHANNELS`, F, N]: level against the moments around it, second differences of the
        phase in time and mixed (real parts), on the grid of the stem.

    Shape:
        >>> short_features(torch.randn(2, 16_000)).shape
        torch.Size([2, 12, 126, 61])
    """
    window = torch.hann_window(SHORT_FRAME, device=wav.device)
    spectrum = torch.stft(wav, SHORT_FRAME, SHORT_HOP, SHORT_FRAME, window, return_complex=True)[:, 2:]
    real, imaginary = spectrum.real.contiguous(), spectrum.imag.contiguous()
    power = real.square() + imaginary.square()
    mean = power.mean((1, 2), keepdim=True) + 1e-12
    scale = torch.rsqrt(power + FLOOR * mean)
    unit = (real * scale, imaginary * scale)
    level = torch.log(power / mean + FLOOR)
    moments = F.avg_pool1d(level, 17, 1, 8, count_include_pad=False)
    frames = (level.shape[-1] - 1) // FOLD - 1
    first, last = FOLD, FOLD * (frames + 1)
    lower, upper = slice(None, -1), slice(1, None)

    def at(bins: slice, shift: int) -> Complex:
        chosen = slice(first + shift, last + shift)
        return unit[0][:, bins, chosen], unit[1][:, bins, chosen]

    here = at(lower, 0)
    in_time, _ = _turned(_product(at(lower, 1), at(lower, -1)), _product(here, here))
    mixed, _ = _turned(_product(at(upper, 1), here), _product(at(upper, 0), at(lower, 1)))
    texture = ((level - moments)[:, lower, first:last] / 2).clamp(-3, 3)
    stacked = torch.stack([texture, in_time, mixed], 1)
    folded = stacked.reshape(*stacked.shape[:3], frames, FOLD)
    return folded.permute(0, 1, 4, 2, 3).flatten(1, 2)


def _around(level: Tensor) -> Tensor:
    """Mean over 17 bins and 9 frames, [B, F, N]; one axis after the other takes a sixth of the sums."""
    high = F.avg_pool2d(level[:, None], (17, 1), 1, (8, 0), count_include_pad=False)
    return F.avg_pool2d(high, (1, 9), 1, (0, 4), count_include_pad=False)[:, 0]


def _product(a: Complex, b: Complex) -> Complex:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _turned(a: Complex, b: Complex) -> Complex:
    """a times the conjugate of b."""
    return a[0] * b[0] + a[1] * b[1], a[1] * b[0] - a[0] * b[1]


class Stage(nn.Module):
    """Halve both axes, then look again beside a skip."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.halve = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
        )
        self.again = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, F, N] -> [B, C', F / 2, N / 2]."""
        smaller = self.halve(x)
        return F.relu(smaller + self.again(smaller))


@dataclass(frozen=True)
class Answer:
    """What the network says of crops.

    Attributes:
        rendered: logit, higher where a machine rendered the music, [B].
        scaled: logit, higher where tempo or pitch was changed separately, [B].
        family: logits of kinds of rendering, [B, families].
        pooled: what the three are read from, [B, 2 D].
    """

    rendered: Tensor
    scaled: Tensor
    family: Tensor
    pooled: Tensor


class TextureNetwork(nn.Module):
    """Crop to logits."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        first, *rest = shape.widths
        self.stem = nn.Sequential(
            nn.Conv2d(CHANNELS, first, (5, 3), (4, 2), (2, 1), bias=False), nn.BatchNorm2d(first), nn.ReLU()
        )
        norm = nn.BatchNorm2d(first)
        nn.init.constant_(norm.weight, 0.1)  # one that starts without this look keeps most of what it knew
        self.short = nn.Sequential(nn.Conv2d(FOLD * SHORT_CHANNELS, first, 3, (1, 2), 1, bias=False), norm)
        widths: Sequence[int] = (first, *rest)
        self.stages = nn.Sequential(*(Stage(a, b) for a, b in itertools.pairwise(widths)))
        self.dropout = nn.Dropout(0.2)
        self.synthetic = nn.Linear(2 * widths[-1], 1)
        self.scaled = nn.Linear(2 * widths[-1], 1)
        self.family = nn.Linear(2 * widths[-1], shape.families)

    def forward(self, wav: Tensor) -> Answer:
        """Audio at `RATE`, [B, T]."""
        maps = self.stages(self.stem(features(wav)) + F.relu(self.short(short_features(wav))))
        pooled = torch.cat([maps.mean((2, 3)), maps.amax(3).mean(2)], 1)
        seen = self.dropout(pooled)
        return Answer(self.synthetic(seen)[:, 0], self.scaled(seen)[:, 0], self.family(seen), pooled)
