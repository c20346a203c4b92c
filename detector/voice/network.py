"""The small convolutional network behind vocal activity."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from detector.voice.frontend import contrasts


@dataclass(frozen=True)
class NetworkConfig:
    """Shape of a `SpectralNetwork`.

    Attributes:
        widths: channels after each halving of time and frequency.
        bands: frequency bands kept apart until the end (a voice is harmonics below formants, so the
            axis is not averaged away).
    """

    widths: tuple[int, ...] = (12, 24, 40, 64)
    bands: int = 7


class SpectralNetwork(nn.Module):
    """Strided convolutions over a spectrogram's contrasts, then mean and spread over time.

    Args:
        config: see `NetworkConfig`.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 2
        for width in config.widths:
            layers += [
                nn.Conv2d(before, width, 5 if before == 2 else 3, stride=2, padding=2 if before == 2 else 1),
                nn.BatchNorm2d(width),
                nn.SiLU(),
            ]
            before = width
        self.body = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d((config.bands, None))
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(2 * before * config.bands, 1)

    def forward(self, decibel: Tensor) -> Tensor:
        """Score windows.

        Args:
            decibel: spectrograms, [B, F, N].

        Returns:
            One logit per window, [B]; positive speaks for the class the network was trained for.
        """
        return self.judged(self.pooled(decibel))

    def pooled(self, decibel: Tensor) -> Tensor:
        """Mean and spread over time of the last layer, [B, F, N] -> [B, D]."""
        x = self.pool(self.body(contrasts(decibel))).flatten(1, 2)
        return torch.cat([x.mean(2), (x.var(2, unbiased=False) + 1e-5).sqrt()], dim=1)

    def judged(self, pooled: Tensor) -> Tensor:
        """One logit per window of `pooled`, [B, D] -> [B]."""
        logit: Tensor = self.head(self.drop(pooled))[:, 0]
        return logit
