"""The synthetic-voice score: lines of decoders, and three small networks over what fixed listeners measure.

`F = z(C) + 0.5 (z(K) + z(M) + z(T))`. C is the line countermeasure. The networks have one hidden layer each
and were trained to rank synthetic above recorded clips of the same page: K over statistics of how a voice is
produced (`detector.voice.production`), M and T over the convolutions and the transformer of a speech-quality
network (`detector.voice.quality`). Weight, standardisations and the calibration to a likelihood ratio come
from pages that none was trained on. They err on different systems: see docs/benchmarks/voice.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.cards import load
from core.errors import WeightsError
from detector.voice.countermeasure import FEW, Countermeasure, Synthesis, stretches
from detector.voice.frontend import SAMPLE_RATE
from detector.voice.lines import COUNT, contrasts_of_lines, strongest
from detector.voice.production import PRODUCTION, production_statistics
from detector.voice.quality import COURSE, TEXTURE, SpeechQuality
from detector.voice.tidy import level, tidy

_CARD = Path(__file__).with_name("synthesis.toml")
_LEAST = 8000
"""Samples that the statistics of production need; a shorter window is heard twice."""
VIEWS = {
    "production": slice(COUNT, COUNT + PRODUCTION),
    "texture": slice(COUNT + PRODUCTION, COUNT + PRODUCTION + TEXTURE),
    "course": slice(COUNT + PRODUCTION + TEXTURE, COUNT + PRODUCTION + TEXTURE + COURSE),
}
"""Where each network finds its inputs in what `measure` gives; before them stand the lines of C."""


@dataclass(frozen=True)
class ScoreConfig:
    """Sizes of the network.

    Attributes:
        inputs: measured values per window.
        hidden: units of the hidden layer.
        members: networks trained from different seeds, whose logits are averaged.
    """

    inputs: int
    hidden: int = 32
    members: int = 3


class VoiceNetwork(nn.Module):
    """Measured values, [B, inputs], to one logit each, high for synthetic, [B].

    Args:
        config: see `ScoreConfig`.
    """

    low: Tensor
    high: Tensor
    mean: Tensor
    spread: Tensor

    def __init__(self, config: ScoreConfig) -> None:
        super().__init__()
        for name in ("low", "high", "mean"):
            self.register_buffer(name, torch.zeros(config.inputs))
        self.register_buffer("spread", torch.ones(config.inputs))
        self.first = nn.Parameter(torch.zeros(config.members, config.inputs, config.hidden))
        self.first_bias = nn.Parameter(torch.zeros(config.members, 1, config.hidden))
        self.second = nn.Parameter(torch.zeros(config.members, config.hidden, 1))
        self.second_bias = nn.Parameter(torch.zeros(config.members, 1, 1))

    def standard(self, measured: Tensor) -> Tensor:
        """Clip to what training saw and standardise, [B, inputs] -> [B, inputs]."""
        known = torch.minimum(torch.maximum(measured, self.low), self.high)
        return (known - self.mean) / self.spread

    def forward(self, measured: Tensor) -> Tensor:
        """Standardise, classify by every member, average."""
        hidden = functional.silu(self.standard(measured)[None] @ self.first + self.first_bias)
        logits: Tensor = hidden @ self.second + self.second_bias
        return logits[..., 0].mean(0)


@dataclass(frozen=True)
class Fusion:
    """How the logits of C and of the networks become one score and a likelihood ratio.

    Attributes:
        means: of C and of each network on pages left out of training, [1 + networks].
        spreads: standard deviations of the same, [1 + networks].
        weight: of each standardised network beside the standardised C, [1].
        calibration: slope and offset from the score to the natural log-likelihood ratio that is told, [2].
        accusing: the same for the ratio that enters the clone decision, flatter, [2].
    """

    means: Tensor
    spreads: Tensor
    weight: Tensor
    calibration: Tensor
    accusing: Tensor

    def __post_init__(self) -> None:
        sizes = [part.numel() for part in (self.means, self.spreads, self.weight)]
        sizes += [self.calibration.numel(), self.accusing.numel()]
        if sizes != [1 + len(VIEWS), 1 + len(VIEWS), 1, 2, 2]:
            raise ValueError("the numbers of another fusion")

    def score(self, logits: Tensor) -> Tensor:
        """`z(C)` plus the weighted sum over networks, [..., 1 + networks] -> [...]."""
        standard = (logits - self.means) / self.spreads
        return standard[..., 0] + self.weight * standard[..., 1:].sum(-1)

    def llr(self, score: Tensor) -> Tensor:
        """Natural log-likelihood ratio synthetic against human, before its bound, any shape."""
        return score * self.calibration[0] + self.calibration[1]

    def accusing_llr(self, score: Tensor) -> Tensor:
        """The same for the clone decision, any shape."""
        return score * self.accusing[0] + self.accusing[1]


@torch.inference_mode()
def measure(quality: SpeechQuality, wav: Tensor) -> Tensor:
    """What the score is made of.

    Args:
        quality: the fixed listener.
        wav: windows, [W, T] at 16 kHz, T > 4096.

    Returns:
        Strongest line contrasts, then the networks' inputs as `VIEWS` cuts them, [W, inputs].
    """
    if wav.shape[1] < _LEAST:
        wav = wav.repeat(1, 2)
    lines = strongest(contrasts_of_lines(torch.stack([level(part) for part in wav])))
    produced = [torch.from_numpy(production_statistics(tidy(part).numpy())) for part in wav]
    return torch.cat([lines, torch.stack(produced), quality.layers(wav)], dim=1)


class SyntheticVoice:
    """The fused score of a voice.

    Its ratio supports about 20 to 1: recordings left out of training reach the highest scores too, most of
    them from one page.

    Args:
        countermeasure: C.
        networks: by name of their view, all of `VIEWS`.
        quality: whose layers two of them read.
        fusion: of all.
    """

    most_llr = 3.0

    def __init__(
        self,
        countermeasure: Countermeasure,
        networks: Mapping[str, VoiceNetwork],
        quality: SpeechQuality,
        fusion: Fusion,
    ) -> None:
        self._countermeasure, self._networks = countermeasure, networks
        self._quality, self._fusion = quality, fusion

    @classmethod
    def load(cls, card: Path = _CARD) -> "SyntheticVoice":
        """Read the weights beside `card`, the countermeasure's and the listener's.

        Raises:
            WeightsError: a card and its weights do not agree, or the tensors are not these networks'.
        """
        tensors = dict(load(card)[1])
        networks = {}
        try:
            fusion = Fusion(**{name: tensors.pop(name) for name in Fusion.__dataclass_fields__})
            for view, place in VIEWS.items():
                own = {name: tensors.pop(name) for name in list(tensors) if name.startswith(view + ".")}
                networks[view] = VoiceNetwork(ScoreConfig(place.stop - place.start)).eval()
                networks[view].load_state_dict({n.removeprefix(view + "."): t for n, t in own.items()})
            if tensors:
                raise ValueError("more tensors than the networks have")
        except (KeyError, ValueError, RuntimeError) as error:
            raise WeightsError(f"{card.name}: not the weights of this network: restore the file") from error
        return cls(Countermeasure.load(), networks, SpeechQuality.load(), fusion)

    @torch.inference_mode()
    def listen(self, wav: Tensor, voiced: Tensor | None = None) -> Synthesis:
        """Score windows of a clip, see `Listener`; the weighted mean of the fused `logits` is the clip's."""
        cut = stretches(wav, voiced)
        scores = torch.cat([self.scores(measure(self._quality, some)) for some in cut.batches(FEW)])
        ends = cut.starts_s + cut.size / SAMPLE_RATE
        return Synthesis(cut.starts_s, ends, scores, self._fusion.llr(scores))

    @torch.inference_mode()
    def scores(self, measured: Tensor) -> Tensor:
        """Fused scores of what `measure` found, [W, inputs] -> [W]."""
        logits = [self._countermeasure.logits(measured[:, :COUNT])]
        logits += [self._networks[view](measured[:, place]) for view, place in VIEWS.items()]
        return self._fusion.score(torch.stack(logits, -1))

    def llr(self, logit: Tensor) -> Tensor:
        """Calibrate (mean) fused scores to natural log-likelihood ratios, before the bound, any shape."""
        return self._fusion.llr(logit)

    def accusing_llr(self, logit: Tensor) -> Tensor:
        """The same by the flatter map of the clone decision, see `Listener`, any shape."""
        return self._fusion.accusing_llr(logit)
