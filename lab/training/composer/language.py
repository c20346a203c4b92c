"""Training the language model: what code comes next, over music that the codec has written down once.

Where there is time, each piece is written down at several speeds, as tapes played faster or slower would be:
more keys and tempi than the collection has. The weights that predict held-out music best are kept, since so
small a collection is soon known by heart.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from core.resample import resample
from lab.training.composer.music import Music, Piece, drawn
from lab.training.composer.running import Mean
from provenance.generate import Shape
from provenance.generate.composer import language

SEMITONES = (-4, -3, -2, -1, 0, 1, 2, 3, 4)
LOOKED_EVERY = 200
WARM_UP = 200


@dataclass(frozen=True)
class Plan:
    """How a language model is trained.

    Attributes:
        batch: windows of a step.
        learning_rate: after the warm-up.
        dropout: share of activations left out.
        decay: of the weights.
        made: share of windows that come from the lab's tunes.
        looked_at: held-out windows on which it is judged.
        unheard: of so many held-out pieces at most.
        semitones: speeds at which music is written down.
    """

    batch: int = 4
    learning_rate: float = 1e-3
    dropout: float = 0.0
    decay: float = 0.1
    made: float = 0.85
    looked_at: int = 16
    unheard: int = 16
    semitones: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Written:
    """Music as codes.

    Attributes:
        codes: all pieces end to end, [K, N].
        pieces: where each lies, in frames.
    """

    codes: Tensor
    pieces: tuple[Piece, ...]


@torch.no_grad()
def write_down(
    music: Music, pieces: Sequence[Piece], codec: Any, device: torch.device, semitones: Sequence[int]
) -> Written:
    """What a codec makes of pieces at several speeds."""
    all_codes: list[Tensor] = []
    written: list[Piece] = []
    frames = 0
    for steps in semitones:
        played = round(music.rate * 2.0 ** (-steps / 12))
        for piece in pieces:
            wav = music.of(piece)[None]
            wav = wav if steps == 0 else resample(wav, music.rate, played)
            codes = codec.encode(wav[None].to(device))[0][0]
            written.append(Piece(piece.source, frames, codes.shape[-1], piece.held_out))
            all_codes.append(codes.to(torch.int16))
            frames += codes.shape[-1]
    return Written(torch.cat(all_codes, -1), tuple(written))


class LanguageTraining:
    """One language model and what its training remembers."""

    def __init__(self, music: Music, shape: Shape, codec: Any, plan: Plan, device: torch.device) -> None:
        torch.manual_seed(0)
        self.shape, self.plan, self.device = shape, plan, device
        self.length = shape.longest_s * shape.frame_rate
        self.music = write_down(music, music.chosen(held_out=False), codec, device, plan.semitones)
        unheard = music.chosen(held_out=True)
        apart = unheard[:: max(1, -(-len(unheard) // plan.unheard))]
        self.unheard = write_down(music, apart, codec, device, (0,))
        self.language = language(shape, plan.dropout).to(device).train()
        self.mean = Mean(self.language)
        self.optimiser = torch.optim.AdamW(
            self.language.parameters(), lr=plan.learning_rate, betas=(0.9, 0.95), weight_decay=plan.decay
        )
        self.best: dict[str, Any] = {"loss": math.inf, "weights": {}}

    def step(self, number: int) -> dict[str, float]:
        """One step, and a look at held-out music now and then."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.learning_rate * min(1.0, (number + 1) / WARM_UP)
        loss = self._loss(self._windows(self.music, number, self.plan.batch))
        self.optimiser.zero_grad()
        torch.autograd.backward([loss])
        torch.nn.utils.clip_grad_norm_(self.language.parameters(), 1.0)
        self.optimiser.step()
        self.mean.follow(self.language)
        if (number + 1) % LOOKED_EVERY == 0:
            self._look()
        return {"loss": float(loss.detach()), "best": self.best["loss"]}

    def state(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "language": self.language.state_dict(),
            "mean": self.mean.state(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.language.load_state_dict(state["language"])
        self.mean.restore(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.best = state["best"]

    def _windows(self, written: Written, number: int, size: int) -> Tensor:
        """Codes of as many frames as the model hears at once, [B, K, N]."""
        starts = drawn(written.pieces, size, self.length, self.plan.made, np.random.default_rng(number))
        at = (starts[:, None] + torch.arange(self.length)).to(self.device)
        return written.codes[:, at].transpose(0, 1).long()

    def _loss(self, codes: Tensor) -> Tensor:
        """Mean cross-entropy of each code given those before, in nats."""
        told = self.language.compute_predictions(codes, [])
        return F.cross_entropy(told.logits[told.mask], codes[told.mask])

    @torch.no_grad()
    def _look(self) -> None:
        """Judge weights on held-out windows, always the same, and keep them if they are the best.

        Those of the moment as well as their mean, which lags far behind where a run is short.
        """
        now = {name: value.clone() for name, value in self.language.state_dict().items()}
        self.language.eval()
        for weights in (now, {name: value.clone() for name, value in self.mean.kept.items()}):
            self.language.load_state_dict(weights)
            loss = self._unheard_loss()
            if loss < self.best["loss"]:
                self.best = {"loss": loss, "weights": weights}
        self.language.train()
        self.language.load_state_dict(now)

    def _unheard_loss(self) -> float:
        """Mean cross-entropy of held-out windows, in nats."""
        numbers = range(self.plan.looked_at)
        return sum(float(self._loss(self._windows(self.unheard, n, 1))) for n in numbers) / len(numbers)
