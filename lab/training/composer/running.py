"""A training that can be stopped at any step and goes on as if it had not been.

What a step draws at random depends on its number alone, rates of learning do not depend on how long a run is
meant to be, and what is used in the end is a running mean of the weights: it is good whenever the time is up.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from lab.training.composer import snapshots

KEPT_EVERY_S = 120.0
TOLD_EVERY = 50


class Training(Protocol):
    """What is trained.

    Attributes:
        device: that it runs on.
    """

    device: torch.device

    def step(self, number: int) -> dict[str, float]:
        """Do the step of that number; what to tell of it."""
        ...

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        ...


class Mean:
    """Running mean of a module's tensors: of all steps at first, later of the last 1 / (1 - `decay`)."""

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay, self.count = decay, 0.0
        self.kept = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def follow(self, module: nn.Module) -> None:
        """Take in one more step."""
        self.count = self.count * self.decay + 1.0
        for name, value in module.state_dict().items():
            self.kept[name].lerp_(value, 1.0 / self.count)

    def state(self) -> dict[str, Any]:
        """To be kept."""
        return {"count": self.count, "kept": self.kept}

    def restore(self, state: dict[str, Any]) -> None:
        """What was kept."""
        self.count = state["count"]
        for name, value in self.kept.items():
            value.copy_(state["kept"][name])


def used(state: dict[str, Any]) -> dict[str, Tensor]:
    """What of a state is used in the end: what did best on held-out music, or the mean where nobody asked."""
    best = state.get("best", {"weights": {}})
    chosen: dict[str, Tensor] = best["weights"] or state["mean"]["kept"]
    return chosen


def run(
    training: Training,
    folder: Path,
    *,
    steps: int,
    seconds: float = float("inf"),
    clock: Callable[[], float] = time.monotonic,
    tell: Callable[[str], None] = print,
) -> int:
    """Train from the last snapshot on.

    Args:
        training: what to train.
        folder: of the snapshots.
        steps: in all, those of earlier runs included.
        seconds: that this run may take.
        clock: tells the time in seconds.
        tell: is told a line of JSON every `TOLD_EVERY` steps.

    Returns:
        Steps that are done, in all.
    """
    kept = snapshots.read(folder, training.device)
    number = 0
    if kept is not None:
        number, state = kept
        training.restore(state)
    started = saved = clock()
    while number < steps and clock() - started < seconds:
        torch.manual_seed(number)
        told = training.step(number)
        number += 1
        if number % TOLD_EVERY == 0:
            tell(json.dumps({"step": number, **{name: round(value, 4) for name, value in told.items()}}))
        if clock() - saved > KEPT_EVERY_S:
            snapshots.write(folder, number, training.state())
            saved = clock()
    snapshots.write(folder, number, training.state())
    return number
