"""How far what a decoder renders is from what it was given."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.native import torchaudio

SIZES = (128, 256, 512, 1024, 2048)
"""Of windows, in samples."""


class Distance(nn.Module):
    """L1 on log and linear mel spectra of several sizes, and on samples where the decoder knows phases."""

    def __init__(self, rate: int, *, phases: bool, floor: float = 0.0, sizes: Sequence[int] = SIZES) -> None:
        """`floor`: amplitude, in parts of a spectrum's loudest, below which differences count ever less."""
        super().__init__()
        self.phases, self.floor = phases, floor
        transform = torchaudio().transforms.MelSpectrogram
        self.mels = nn.ModuleList(
            transform(rate, n_fft=n, hop_length=n // 4, n_mels=min(80, n // 8), power=1) for n in sizes
        )

    def forward(self, wav: Tensor, target: Tensor) -> Tensor:
        """Mean distance of audio, [B, T], relative to its level."""
        level = target.abs().mean(-1, keepdim=True) + 1e-4
        total = ((wav - target) / level).abs().mean() if self.phases else torch.zeros(())
        for mel in self.mels:
            ours, theirs = mel(wav), mel(target)
            least = self.floor * theirs.amax((1, 2), keepdim=True) + 1e-3
            total = total + (torch.log(ours + least) - torch.log(theirs + least)).abs().mean() / len(
                self.mels
            )
            size = theirs.mean((1, 2), keepdim=True) + 1e-3
            total = total + ((ours - theirs) / size).abs().mean() / len(self.mels)
        return total
