"""Training the codec: spectra, samples, and an adversary that hears short-time spectra.

The networks begin without quantisation, so that the codebooks start from frames that mean something; the
adversary joins when there is something to hear. Shares of the losses are those of audiocraft's EnCodec.
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

SHARES = MappingProxyType({"samples": 0.1, "spectra": 2.0, "adversary": 4.0, "features": 4.0})
IDLE = 0.1
"""Codes used less than this share of the mean are moved."""
REVIVED_EVERY = 50
GAIN = 1.55
"""Of power before an ELU, which passes on less than it gets."""
SOFTER = 0.1
"""What is played first, before anything was learned, in parts of what the layers would play."""
ADVERSARY_SIZES = (2048, 1024, 512, 256, 128)


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
        adversary_width: its channels.
        made: share of excerpts that come from the lab's tunes.
        start_batches: whose frames the codebooks start from.
        quietest: excerpts are played at levels from this share of the usual one to twice as loud.
        shares: of the losses.
        waveform: whether samples are judged by `relative`, each excerpt by its own level, as a ratio of
            signal to distortion does; otherwise by the mean size of what differs.
    """

    batch: int = 8
    excerpt_s: float = 1.0
    learning_rate: float = 3e-4
    adversary_rate: float = 3e-4
    unquantised: int = 400
    adversary_from: int = 800
    adversary_width: int = 16
    made: float = 0.25
    start_batches: int = 8
    quietest: float = 0.1
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    waveform: bool = False


class CodecTraining:
    """One codec, its adversary and what both remember."""

    def __init__(self, music: Music, shape: Shape, plan: Plan, device: torch.device) -> None:
        torch.manual_seed(0)
        self.shape, self.plan, self.device = shape, plan, device
        self.pieces, self.wav = music.chosen(held_out=False), music.wav.to(device)
        self.length = round(plan.excerpt_s * shape.rate) // shape.hop * shape.hop
        self.codec = _lively(codec(shape)).to(device).train()
        self.mean = Mean(self.codec)
        self.optimiser = _adam(self.codec, plan.learning_rate)
        self.adversary = _adversary(plan, device)
        self.spectra = Distance(shape.rate, phases=False).to(device)
        self.balance, self.in_use = Balance(plan.shares), 0.0

    def step(self, number: int) -> dict[str, float]:
        """One step of the codec and, once it has joined, of its adversary.

        Returns:
            The losses, and the share of codes that were in use when that was last looked at.
        """
        if number == self.plan.unquantised:
            self._start_codebooks(number)
        target = self._batch(number, 0)
        frames = self.codec.encoder(target)
        penalty = torch.zeros((), device=self.device)
        quantised = frames
        if number >= self.plan.unquantised:
            if number % REVIVED_EVERY == 0:
                idle = codebooks.revive(self.codec.quantizer, _rows(frames.detach()), IDLE)
                self.in_use = 1.0 - idle / (self.shape.books * self.shape.codes)
            result = self.codec.quantizer(frames, self.shape.frame_rate)
            quantised, penalty = result.x, result.penalty
        output = self.codec.decoder(quantised)[..., : self.length]
        losses = {
            "samples": relative(output, target) if self.plan.waveform else (output - target).abs().mean(),
            "spectra": self.spectra(output[:, 0], target[:, 0]),
        }
        told = {}
        if number >= self.plan.adversary_from:
            told["judged"] = float(self.adversary.train_adv(output, target).detach())
            losses["adversary"], losses["features"] = self.adversary(output, target)
        self.optimiser.zero_grad()
        if penalty.requires_grad:
            torch.autograd.backward([penalty], retain_graph=True)
        self.balance.backward(losses, output)
        self.optimiser.step()
        self.mean.follow(self.codec)
        told |= {name: float(loss.detach()) for name, loss in losses.items()}
        return {**told, "penalty": float(penalty.detach()), "in_use": self.in_use}

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


@torch.no_grad()
def _lively(made: Any) -> Any:
    """Draw the weights anew so that each layer passes on as much as it gets, without biases.

    By torch's own law a frame differs from the next by a hundredth of what all have in common, after eight
    layers; hundreds of steps go by until the codebooks hear more than that. Source: K. He et al., Delving
    Deep into Rectifiers, 2015.
    """
    for layer in made.modules():
        if isinstance(layer, nn.Conv1d | nn.ConvTranspose1d):
            stride = layer.stride[0] if isinstance(layer, nn.ConvTranspose1d) else 1
            heard = layer.in_channels * layer.kernel_size[0] / stride
            weights = dict(layer.named_parameters())
            weights["weight_v"].normal_(0.0, (GAIN / heard) ** 0.5)
            weights["weight_g"].copy_(weights["weight_v"].flatten(1).norm(dim=1)[:, None, None])
            weights["bias"].zero_()
    last = [layer for layer in made.decoder.modules() if isinstance(layer, nn.Conv1d)][-1]
    dict(last.named_parameters())["weight_g"].mul_(SOFTER)
    return made


def relative(output: Tensor, target: Tensor) -> Tensor:
    """Amplitude of what differs over that of the target, mean over excerpts, [B, 1, T] twice."""
    ratio = (output - target).square().sum((1, 2)) / (target.square().sum((1, 2)) + 1e-2)
    return ratio.sqrt().mean()


def _rows(frames: Tensor) -> Tensor:
    """[B, D, N] -> [B * N, D]."""
    return frames.transpose(1, 2).flatten(0, 1)


def _adam(module: nn.Module, rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), lr=rate, betas=(0.5, 0.9))


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

    hops = [size // 4 for size in ADVERSARY_SIZES]
    hearing = MultiScaleSTFTDiscriminator(
        plan.adversary_width,
        n_ffts=list(ADVERSARY_SIZES),
        hop_lengths=hops,
        win_lengths=list(ADVERSARY_SIZES),
    ).to(device)
    return AdversarialLoss(
        hearing,
        _adam(hearing, plan.adversary_rate),
        loss=get_adv_criterion("hinge"),
        loss_real=get_real_criterion("hinge"),
        loss_fake=get_fake_criterion("hinge"),
        loss_feat=FeatureMatchingLoss(),
    )
