"""A small convolutional network on planes: bands by time, pooled over both.

Sources: A. Howard et al., MobileNets, 2017 (depthwise separable convolutions); D. Snyder et al., X-vectors,
ICASSP 2018 (mean and spread over time).
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """Size of the network.

    Attributes:
        channels: of each stage; the first takes patches of four bands by four frames, the others halve both.
        hidden: width of the layer before the logit.
        dropout: share of pooled values left out in training.
    """

    channels: tuple[int, ...] = (32, 64, 96, 128)
    hidden: int = 64
    dropout: float = 0.3


class PlaneNetwork(nn.Module):
    """From a plane to a logit, higher for generated music.

    >>> PlaneNetwork(Shape())(torch.zeros(2, 80, 248)).shape
    torch.Size([2])
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        first = shape.channels[0]
        layers: list[nn.Module] = [
            nn.Conv2d(1, first, 7, stride=4, padding=3, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
        ]
        for low, high in pairwise(shape.channels):
            layers += [
                nn.Conv2d(low, low, 3, stride=2, padding=1, groups=low, bias=False),
                nn.Conv2d(low, high, 1, bias=False),
                nn.BatchNorm2d(high),
                nn.ReLU(),
            ]
        self.body = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Dropout(shape.dropout),
            nn.Linear(2 * shape.channels[-1], shape.hidden),
            nn.ReLU(),
            nn.Linear(shape.hidden, 1),
        )

    def forward(self, planes: Tensor) -> Tensor:
        """Logits, [B, F, N] -> [B]."""
        found = self.body(planes[:, None]).mean(2)
        pooled = torch.cat([found.mean(2), found.std(2, correction=0)], 1)
        logits: Tensor = self.head(pooled)[:, 0]
        return logits
