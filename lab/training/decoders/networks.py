"""Networks of the decoders that are trained in the lab: what published generators end with, in small.

Each maps frames, learned ones (`lab.training.decoders.codecs`) or a mel spectrogram, to audio: transposed
convolutions with leaky or Snake activations (HiFi-GAN, BigVGAN, DAC, oobleck), or Vocos' inverse STFT. Widths
are a fraction of the published ones, strides are the published ones: the strides set where images and lines
fall.

Sources: J. Kong et al., HiFi-GAN, 2020; R. Kumar et al., Improved RVQGAN, 2023 (Snake); H. Siuzdak, Vocos,
2023.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core.native import torchaudio

LOG_FLOOR = 1e-4


class LogMel(nn.Module):
    """Log-mel spectrogram, [B, T] -> [B, M, N] with N = T // hop + 1."""

    def __init__(self, rate: int, hop: int, mels: int) -> None:
        super().__init__()
        size = 1024 if rate <= 24_000 else 2048
        self.mel = torchaudio().transforms.MelSpectrogram(
            rate, n_fft=size, hop_length=hop, n_mels=mels, power=1
        )

    def forward(self, wav: Tensor) -> Tensor:
        """Analyse audio."""
        return torch.log(self.mel(wav) + LOG_FLOOR)


class Snake(nn.Module):
    """x + sin^2(a x) / a with a learned a per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Activate, [B, C, N] -> [B, C, N]."""
        return x + torch.sin(self.alpha * x).square() / (self.alpha + 1e-6)


class Residual(nn.Module):
    """Dilated convolutions beside a skip, after HiFi-GAN's and DAC's residual units."""

    def __init__(self, channels: int, snake: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for dilation in (1, 3):
            layers += [
                activation(channels, snake),
                nn.Conv1d(channels, channels, 3, dilation=dilation, padding=dilation),
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, N] -> [B, C, N]."""
        return torch.add(x, self.layers(x))


def activation(channels: int, snake: bool) -> nn.Module:
    """The decoder's non-linearity."""
    return Snake(channels) if snake else nn.LeakyReLU(0.1)


class Upsampler(nn.Module):
    """Frames to samples by transposed convolutions, [B, D, N] -> [B, N * product of strides]."""

    def __init__(self, inputs: int, strides: Sequence[int], width: int, *, snake: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv1d(inputs, width, 7, padding=3)]
        for stride in strides:
            kernel, narrower = 2 * stride, max(8, width // 2)
            layers += [
                activation(width, snake),
                nn.ConvTranspose1d(
                    width, narrower, kernel, stride, padding=(stride + 1) // 2, output_padding=stride % 2
                ),
                Residual(narrower, snake),
            ]
            width = narrower
        layers += [activation(width, snake), nn.Conv1d(width, 1, 7, padding=3), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, frames: Tensor) -> Tensor:
        """Render."""
        wav: Tensor = self.layers(frames)
        return wav[:, 0]


class ConvNext(nn.Module):
    """Depthwise convolution and a pointwise bottleneck, as in Vocos."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.pointwise = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))
        self.scale = nn.Parameter(torch.full((width,), 0.2))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, N] -> [B, C, N]."""
        inner = self.pointwise(self.norm(self.depthwise(x).transpose(1, 2)))
        return torch.add(x, (self.scale * inner).transpose(1, 2))


class InverseStft(nn.Module):
    """Frames to samples by a predicted short-time spectrum, [B, D, N] -> [B, (N - 1) * hop]."""

    window: Tensor

    def __init__(self, inputs: int, hop: int, width: int, blocks: int = 5) -> None:
        super().__init__()
        self.hop, self.size = hop, 4 * hop
        self.body = nn.Sequential(
            nn.Conv1d(inputs, width, 7, padding=3), *(ConvNext(width) for _ in range(blocks))
        )
        self.head = nn.Conv1d(width, self.size + 2, 1)
        self.register_buffer("window", torch.hann_window(self.size), persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """Render."""
        level, phase = self.head(self.body(frames)).chunk(2, 1)
        spectrum = torch.polar(torch.exp(level.clamp(max=6.0)), phase)
        return torch.istft(spectrum, self.size, self.hop, self.size, self.window)
