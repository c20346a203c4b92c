"""How far what a decoder renders is from what it was given."""

import torch
from torch import Tensor, nn

from core.native import torchaudio


class Distance(nn.Module):
    """L1 on log and on linear mel spectra of five sizes, and on samples where the decoder can know phases."""

    def __init__(self, rate: int, *, phases: bool) -> None:
        super().__init__()
        self.phases = phases
        transform = torchaudio().transforms.MelSpectrogram
        self.mels = nn.ModuleList(
            transform(rate, n_fft=n, hop_length=n // 4, n_mels=min(80, n // 8), power=1)
            for n in (128, 256, 512, 1024, 2048)
        )

    def forward(self, wav: Tensor, target: Tensor) -> Tensor:
        """Mean distance of audio, [B, T], relative to its level."""
        level = target.abs().mean(-1, keepdim=True) + 1e-4
        total = ((wav - target) / level).abs().mean() if self.phases else torch.zeros(())
        for mel in self.mels:
            ours, theirs = mel(wav), mel(target)
            total = total + (torch.log(ours + 1e-3) - torch.log(theirs + 1e-3)).abs().mean() / len(self.mels)
            size = theirs.mean((1, 2), keepdim=True) + 1e-3
            total = total + ((ours - theirs) / size).abs().mean() / len(self.mels)
        return total
