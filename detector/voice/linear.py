"""A clipped, standardised linear map: what the smallest models of the voice are."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Linear:
    """The map.

    Attributes:
        low: smallest value that each input is allowed, [D].
        high: largest value, [D].
        mean: of the training inputs, [D].
        spread: their standard deviation, [D].
        weight: per standardised input, [D].
        bias: [1].
    """

    low: Tensor
    high: Tensor
    mean: Tensor
    spread: Tensor
    weight: Tensor
    bias: Tensor

    def of(self, inputs: Tensor) -> Tensor:
        """What inputs are mapped to, [W, D] -> [W]."""
        standard: Tensor = (torch.clamp(inputs, self.low, self.high) - self.mean) / self.spread
        return standard @ self.weight + self.bias
