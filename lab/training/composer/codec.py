"""Training the codec: spectra, samples, and an adversary that hears short-time spectra.

The networks begin without quantisation, so that the codebooks start from frames that mean something; then
half of the steps use as many codebooks as the language model speaks and the others any number, so that one
codec plays at all rates. The adversary joins when there is something to hear.

Source: A. Défossez et al., High Fidelity Neural Audio Compression, 2022, sections 3.2 and 3.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lab.training.composer.balance import Balance
from lab.training.composer.music import Music, drawn
from lab.training.composer.running import Mean
from lab.training.decoders import codebooks
from lab.training.decoders.distance import Distance
from provenance.generate import Shape
from provenance.generate.composer import codec

SHARES = MappingProxyType({"samples": 0.5, "spectra": 2.0, "adversary": 0.3, "features": 0.3})
FLOOR = 1e-3
"""Amplitude that counts in spectra, in parts of the loudest: 60 dB, as in the measure of the rule."""
SIZES = (256, 1024, 2048)
IDLE = 0.1
"""Codes used less than this share of the mean are moved."""
REVIVED_EVERY = 50
WARM_UP = 200
LONGEST = 100.0
"""Of the gradient of all weights."""
COMMITMENT = 5.0
"""Weight of the distance of frames to their codes, beside gradients of length one in a second of audio."""


@dataclass(frozen=True)
class Plan:
    """How a codec is trained.

    Attributes:
        batch: excerpts of a step.
        excerpt_s: their length.
        learning_rate: of the codec.
        adversary_rate: of its adversary.
        unquantised: steps before frames are quantised.
        adversary_from: step at which the adversary joins.
        adversary_every: steps from one with it to the next.
        adversary_hears: excerpts of such a step.
        adversary_width: its channels.
        adversary_sizes: of its windows, in samples.
        made: share of excerpts that come from the lab's tunes.
        start_batches: whose frames the codebooks start from.
        quietest: excerpts are played at levels from this share of the usual one to twice as loud.
        shares: of the losses.
    """

    batch: int = 6
    excerpt_s: float = 0.8
    learning_rate: float = 1e-3
    adversary_rate: float = 3e-4
    unquantised: int = 300
    adversary_from: int = 5000
    adversary_every: int = 2
    adversary_hears: int = 2
    adversary_width: int = 4
    adversary_sizes: tuple[int, ...] = (1024, 512, 256)
    made: float = 0.25
    start_batches: int = 32
    quietest: float = 0.3
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)


FINE = Shape(hop=160, dimension=128, books=16, codes=1024, spoken=8)
"""Of a codec that is an attack on marks and composes nothing: 24, 12 and 6 kbit/s with 16, 8 and 4 books."""
FINE_PLAN = Plan(
    batch=4,
    excerpt_s=0.6,
    adversary_from=6000,
    shares=MappingProxyType({**SHARES, "samples": 1.0, "spectra": 1.5}),
)


class CodecTraining:
    """One codec, its adversary and what both remember."""

    def __init__(self, music: Music, shape: Shape, plan: Plan, device: torch.device) -> None:
        torch.manual_seed(0)
        self.shape, self.plan, self.device = shape, plan, device
        self.pieces, self.wav = music.chosen(held_out=False), music.wav.to(device)
        self.length = round(plan.excerpt_s * shape.rate) // shape.hop * shape.hop
        self.codec = codec(shape).to(device).train()
        self.mean = Mean(self.codec)
        self.optimiser = _adam(self.codec, plan.learning_rate)
        self.adversary = _adversary(plan, device)
        self.spectra = Distance(shape.rate, phases=False, floor=FLOOR, sizes=SIZES).to(device)
        self.balance, self.in_use = Balance(plan.shares), 0.0

    def step(self, number: int) -> dict[str, float]:
        """One step of the codec and, once it has joined, of its adversary.

        Returns:
            The losses, and the share of codes that were in use when that was last looked at.
        """
        if number == self.plan.unquantised:
            self._start_codebooks(number)
            self.mean = Mean(self.codec)
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.learning_rate * min(1.0, (number + 1) / WARM_UP)
        target = self._batch(number, 0)
        frames = self.codec.encoder(target)
        quantised, penalty = frames, None
        if number >= self.plan.unquantised:
            if number % REVIVED_EVERY == 0:
                idle = codebooks.revive(self.codec.quantizer, _rows(frames.detach()), IDLE)
                self.in_use = 1.0 - idle / (self.shape.books * self.shape.codes)
            self.codec.set_num_codebooks(self._books(number))
            result = self.codec.quantizer(frames, self.shape.frame_rate)
            quantised, penalty = result.x, COMMITMENT * result.penalty
        output = self.codec.decoder(quantised)
        losses = {
            "samples": relative(output, target),
            "spectra": self.spectra(output[:, 0], target[:, 0]),
        }
        told = {}
        plan = self.plan
        if number >= plan.adversary_from and (number - plan.adversary_from) % plan.adversary_every == 0:
            played, real = output[: plan.adversary_hears], target[: plan.adversary_hears]
            told["judged"] = float(self.adversary.train_adv(played, real).detach())
            losses["adversary"], losses["features"] = self.adversary(played, real)
        self.optimiser.zero_grad()
        self.balance.backward(losses, output, penalty)
        nn.utils.clip_grad_norm_(self.codec.parameters(), LONGEST)
        self.optimiser.step()
        self.mean.follow(self.codec)
        told |= {name: float(loss.detach()) for name, loss in losses.items()}
        return {**told, "in_use": self.in_use}

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "codec": self.codec.state_dict(),
            "mean": self.mean.state(),
            "optimiser": self.optimiser.state_dict(),
            "adversary": dict(self.adversary.state_dict()),
            "balance": self.balance.state(),
            "in_use": self.in_use,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.codec.load_state_dict(state["codec"])
        self.mean.restore(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.adversary.load_state_dict(state["adversary"])
        self.balance.restore(state["balance"])
        self.in_use = state["in_use"]

    def _books(self, number: int) -> int:
        rng = np.random.default_rng([number, 0, 1])
        some = int(rng.integers(1, self.shape.books + 1))
        return self.shape.spoken if rng.random() < 0.5 else some

    def _batch(self, number: int, part: int) -> Tensor:
        """Excerpts at various levels, [B, 1, T]."""
        rng = np.random.default_rng([number, part])
        starts = drawn(self.pieces, self.plan.batch, self.length, self.plan.made, rng)
        at = starts[:, None] + torch.arange(self.length)
        gains = rng.uniform(np.log(self.plan.quietest), np.log(2.0), self.plan.batch)
        level = torch.from_numpy(np.exp(gains)).float().to(self.device)
        return self.wav[at.to(self.device)][:, None] * level[:, None, None]

    @torch.no_grad()
    def _start_codebooks(self, number: int) -> None:
        batches = range(1, self.plan.start_batches + 1)
        frames = torch.cat([_rows(self.codec.encoder(self._batch(number, part))) for part in batches])
        codebooks.start(self.codec.quantizer, frames, 1.0 / self.plan.start_batches)


def relative(output: Tensor, target: Tensor) -> Tensor:
    """Amplitude of what differs over that of the target, mean over excerpts, [B, 1, T] twice."""
    ratio = (output - target).square().sum((1, 2)) / (target.square().sum((1, 2)) + 1e-2)
    return ratio.sqrt().mean()


def _rows(frames: Tensor) -> Tensor:
    """[B, D, N] -> [B * N, D]."""
    return frames.transpose(1, 2).flatten(0, 1)


def _adam(module: nn.Module, rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), lr=rate, betas=(0.8, 0.99))


def _adversary(plan: Plan, device: torch.device) -> Any:
    """audiocraft's discriminator of short-time spectra with hinge losses and its own optimiser."""
    from audiocraft.adversarial import (
        AdversarialLoss,
        FeatureMatchingLoss,
        MultiScaleSTFTDiscriminator,
        get_adv_criterion,
        get_fake_criterion,
        get_real_criterion,
    )

    sizes = list(plan.adversary_sizes)
    hearing = MultiScaleSTFTDiscriminator(
        plan.adversary_width,
        n_ffts=sizes,
        hop_lengths=[size // 4 for size in sizes],
        win_lengths=sizes,
    ).to(device)
    return AdversarialLoss(
        hearing,
        _adam(hearing, plan.adversary_rate),
        loss=get_adv_criterion("hinge"),
        loss_real=get_real_criterion("hinge"),
        loss_fake=get_fake_criterion("hinge"),
        loss_feat=FeatureMatchingLoss(),
    )
