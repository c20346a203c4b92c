"""Playing: from noise to music along straight steps, the grid of frames elsewhere at each.

Sources: J. Song et al., Denoising Diffusion Implicit Models, ICLR 2021 (the steps); T. Salimans and J. Ho,
ICLR 2022 (in angles); R. Coifman and D. Donoho, Translation-Invariant De-Noising, 1995 (moving the grid).
"""

import math
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from lab.training.composer.packing import LEVEL_RMS, PEAK
from lab.training.diffusion.colour import coloured
from lab.training.diffusion.network import Denoiser

STEPS = 32
BEND = 1.5
"""More steps near music, where treble is decided."""
MARGIN_S = 0.25
"""Played at either end and cut off."""


@torch.no_grad()
def play(denoiser: Denoiser, colour: Tensor, seconds: float, seed: int, *, steps: int = STEPS) -> Tensor:
    """Play a piece.

    Args:
        denoiser: trained.
        colour: of its music.
        seconds: how long.
        seed: the same seed gives the same piece.
        steps: calls of the network.

    Returns:
        Mono at the network's rate, [1, T], as loud as the music that was trained on.
    """
    rate, margin = denoiser.shape.rate, round(MARGIN_S * denoiser.shape.rate)
    length = round(seconds * rate)
    generator = torch.Generator().manual_seed(seed)
    noisy = torch.randn(1, length + 2 * margin, generator=generator)
    angles = [math.pi / 2 * (1 - number / steps) ** BEND for number in range(steps + 1)]
    for now, then in pairwise(angles):
        moved = int(torch.randint(denoiser.shape.hop, (), generator=generator))
        told = denoiser(functional.pad(noisy, (moved, 0)), torch.tensor([now]))[:, moved:]
        music = math.cos(now) * noisy - math.sin(now) * told
        noise = math.sin(now) * noisy + math.cos(now) * told
        noisy = math.cos(then) * music + math.sin(then) * noise
    wav = coloured(noisy, colour)[:, margin : margin + length]
    gain = min(LEVEL_RMS / float(wav.square().mean().sqrt()), PEAK / float(wav.abs().max()))
    return wav * gain
