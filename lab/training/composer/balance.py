"""Losses of one output, weighed by what they push and not by what they measure.

Each loss gets its share of the gradient at the output, whatever its scale. audiocraft has the same without a
state that can be kept; a run that went on from a snapshot would differ from one that was never stopped.

Source: A. Défossez et al., High Fidelity Neural Audio Compression, 2022, section 3.4.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

DECAY = 0.999


class Balance:
    """Running lengths of the gradients, and shares for them."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self.shares = dict(shares)
        self.lengths: dict[str, float] = {}
        self.counts: dict[str, float] = {}

    def backward(self, losses: Mapping[str, Tensor], output: Tensor, beside: Tensor | None = None) -> None:
        """Send the balanced gradient of losses through `output`, [B, ...], into what it was made by.

        Args:
            losses: each depends on the model through `output` only; some of `shares`, which then share alone.
            output: what the model made.
            beside: a loss that depends on the model otherwise, and is sent back as it is.
        """
        total = torch.zeros_like(output)
        whole = sum(self.shares[name] for name in losses)
        for name, loss in losses.items():
            (gradient,) = torch.autograd.grad(loss, [output], retain_graph=True)
            length = float(gradient.flatten(1).norm(dim=1).mean())
            count = self.counts.get(name, 0.0) * DECAY + 1.0
            mean = self.lengths.get(name, 0.0)
            self.counts[name], self.lengths[name] = count, mean + (length - mean) / count
            most = max(self.lengths[name], length)  # a loss that grows gets no more than its share meanwhile
            total.add_(gradient, alpha=self.shares[name] / whole / (most + 1e-12))
        ends = [output] if beside is None else [output, beside]
        torch.autograd.backward(ends, [total, torch.ones_like(ends[-1])][: len(ends)])

    def state(self) -> dict[str, dict[str, float]]:
        """To be kept."""
        return {"lengths": self.lengths, "counts": self.counts}

    def restore(self, state: Mapping[str, Mapping[str, float]]) -> None:
        """What was kept."""
        self.lengths, self.counts = dict(state["lengths"]), dict(state["counts"])
