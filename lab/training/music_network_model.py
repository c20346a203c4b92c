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
FLOOR = 1e-8
"""Under the mean power of the crop, -80 dB: what is softer counts as silence."""


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
    power = spectrum.real.square() + spectrum.imag.square()
    mean = power.mean((1, 2), keepdim=True) + 1e-12
    unit = spectrum * torch.rsqrt(power + FLOOR * mean)  # phases of silence count as little as they mean
    power = power / mean + FLOOR
    level = torch.log(power)
    around = F.avg_pool2d(level[:, None], (17, 9), 1, (8, 4), count_include_pad=False)[:, 0]
    middle = unit[:, 1:-1, 1:-1]
    twice = (middle * middle).conj()
    in_time = unit[:, 1:-1, 2:] * unit[:, 1:-1, :-2] * twice
    in_frequency = unit[:, 2:, 1:-1] * unit[:, :-2, 1:-1] * twice
    mixed = unit[:, 2:, 2:] * unit[:, 1:-1, 1:-1] * (unit[:, 2:, 1:-1] * unit[:, 1:-1, 2:]).conj()
    place = torch.linspace(-1, 1, middle.shape[1], device=wav.device)[None, :, None].expand(middle.shape)
    inner = (slice(None), slice(1, -1), slice(1, -1))
    texture = ((level - around)[inner] / 2).clamp(-3, 3)
    rows = [texture, around[inner] / 4 + 1, in_time.real, in_frequency.real, mixed.real, mixed.imag, place]
    return torch.stack(rows, 1)


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
        widths: Sequence[int] = (first, *rest)
        self.stages = nn.Sequential(*(Stage(a, b) for a, b in itertools.pairwise(widths)))
        self.dropout = nn.Dropout(0.2)
        self.synthetic = nn.Linear(2 * widths[-1], 1)
        self.scaled = nn.Linear(2 * widths[-1], 1)
        self.family = nn.Linear(2 * widths[-1], shape.families)

    def forward(self, wav: Tensor) -> Answer:
        """Audio at `RATE`, [B, T]."""
        maps = self.stages(self.stem(features(wav)))
        pooled = torch.cat([maps.mean((2, 3)), maps.amax(3).mean(2)], 1)
        seen = self.dropout(pooled)
        return Answer(self.synthetic(seen)[:, 0], self.scaled(seen)[:, 0], self.family(seen), pooled)
