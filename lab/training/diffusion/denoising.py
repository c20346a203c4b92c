"""Training: music and noise are mixed at any angle, and the network says the velocity.

Source: T. Salimans and J. Ho, Progressive Distillation for Fast Sampling of Diffusion Models, ICLR 2022,
section 4 and appendix D; the angle is uniform, as in Dance Diffusion (Z. Evans, 2022) and Moûsai (F.
Schneider et al., 2023).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lab.training.composer.music import Music, drawn
from lab.training.composer.running import Mean
from lab.training.diffusion.colour import measured, whitened
from lab.training.diffusion.network import Denoiser, Shape

WARM_UP = 100
DECAY = 0.998
"""Of the running mean of the weights that play."""
LONGEST = 1.0
"""Of the gradient of all weights."""
MARGIN_S = 0.1
"""At either end of an excerpt, where filtering hears the other end; cut off."""
QUIETEST = 0.1
"""Excerpts are made equally loud, but for silence; else the loudest few were all that is learned."""


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Attributes:
        batch: excerpts of a step.
        frames: of the network's spectrum, in each.
        learning_rate: of Adam.
        made: share of excerpts that come from the lab's tunes.
        coloured_by: excerpts whose bands are measured before the first step.
    """

    batch: int = 6
    frames: int = 80
    learning_rate: float = 1.5e-3
    made: float = 0.3
    coloured_by: int = 600


class DiffusionTraining:
    """One network and what its training remembers."""

    def __init__(self, music: Music, shape: Shape, plan: Plan, device: torch.device) -> None:
        torch.manual_seed(0)
        self.shape, self.plan, self.device, self.music = shape, plan, device, music
        self.pieces = music.chosen(held_out=False)
        self.length = (plan.frames - 1) * shape.hop
        self.denoiser = Denoiser(shape).to(device)
        self.mean = Mean(self.denoiser, DECAY)
        self.optimiser = torch.optim.Adam(
            self.denoiser.parameters(), lr=plan.learning_rate, betas=(0.9, 0.99)
        )
        flat = torch.ones(shape.window // 2 + 1)
        self.colour = measured(self._music(flat, plan.coloured_by, np.random.default_rng(0)), shape.window)

    def step(self, number: int) -> dict[str, float]:
        """One step.

        Returns:
            Mean square of what is wrong with the velocity: of all angles, and of those nearer to music.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.learning_rate * min(1.0, (number + 1) / WARM_UP)
        rng = np.random.default_rng([number, 1])
        music = levelled(self._music(self.colour, self.plan.batch, rng)).to(self.device)
        noise = torch.from_numpy(rng.standard_normal(music.shape, np.float32)).to(self.device)
        turns = (np.arange(self.plan.batch) + rng.random(self.plan.batch)) / self.plan.batch
        angle = torch.from_numpy(turns).float().to(self.device) * math.pi / 2
        wrong = missed(self.denoiser, music, noise, angle)
        loss = wrong.mean()
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it untyped
        nn.utils.clip_grad_norm_(self.denoiser.parameters(), LONGEST)
        self.optimiser.step()
        self.mean.follow(self.denoiser)
        near = wrong[: self.plan.batch // 2] if self.plan.batch > 1 else wrong
        return {"loss": float(loss.detach()), "near": float(near.detach().mean())}

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "denoiser": self.denoiser.state_dict(),
            "mean": self.mean.state(),
            "optimiser": self.optimiser.state_dict(),
            "colour": self.colour,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.denoiser.load_state_dict(state["denoiser"])
        self.mean.restore(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.colour = state["colour"]

    def _music(self, colour: Tensor, number: int, rng: np.random.Generator) -> Tensor:
        """Excerpts at the network's rate with bands equally loud, [number, length]."""
        margin = round(MARGIN_S * self.shape.rate)
        length = self.length + 2 * margin
        own = math.ceil(length * self.music.rate / self.shape.rate)
        starts = drawn(self.pieces, number, own, self.plan.made, rng)
        wav = self.music.wav[starts[:, None] + torch.arange(own)]
        return whitened(wav, colour, length)[:, margin : margin + self.length]


def levelled(music: Tensor) -> Tensor:
    """Excerpts of variance one, [B, T], unless they are silent."""
    return music / music.square().mean(1, keepdim=True).sqrt().clamp_min(QUIETEST)


def missed(denoiser: Denoiser, music: Tensor, noise: Tensor, angle: Tensor) -> Tensor:
    """Mean square of what is wrong with the velocity of each excerpt, [B]; waveforms [B, T], angles [B]."""
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    told = denoiser(cos * music + sin * noise, angle)
    return functional.mse_loss(told, cos * noise - sin * music, reduction="none").mean(1)
