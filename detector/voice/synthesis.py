"""The synthetic-voice score: lines of decoders, fused with a small network over statistics of the sound.

`F = z(C) + 0.5 z(J)`. C is the line countermeasure. J is a network with one hidden layer, trained to rank
synthetic above recorded clips of the same page, over three views of a window: the strongest line contrasts,
the band statistics (`detector.voice.statistics`), and mean and spread of the speaker encoder's first two
layers. The weight, both standardisations and the calibration to a likelihood ratio come from pages
that neither was trained on. J alone is no better than C; they err on different systems.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.cards import load
from core.errors import WeightsError
from detector.voice.countermeasure import FEW, Countermeasure, Synthesis, stretches
from detector.voice.encoder import Ge2eEncoder
from detector.voice.frontend import SAMPLE_RATE
from detector.voice.lines import COUNT, contrasts_of_lines
from detector.voice.statistics import STATISTICS, band_statistics, level, tidy

_CARD = Path(__file__).with_name("synthesis.toml")
LINES = 8
LAYERS = 1024


@dataclass(frozen=True)
class ScoreConfig:
    """Sizes of the network.

    Attributes:
        inputs: measured values per window.
        hidden: units of the hidden layer.
        members: networks trained from different seeds, whose logits are averaged.
    """

    inputs: int = LINES + STATISTICS + LAYERS
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
    """How the two logits become one score and a likelihood ratio.

    Attributes:
        lines: mean and standard deviation of C on pages left out of training, [2].
        network: the same of J, [2].
        weight: of the standardised J beside the standardised C, [1].
        calibration: slope and offset from the score to the natural log-likelihood ratio, [2].
    """

    lines: Tensor
    network: Tensor
    weight: Tensor
    calibration: Tensor

    def __post_init__(self) -> None:
        if [part.numel() for part in (self.lines, self.network, self.weight, self.calibration)] != [
            2,
            2,
            1,
            2,
        ]:
            raise ValueError("seven numbers make a fusion")

    def score(self, lines: Tensor, network: Tensor) -> Tensor:
        """`z(C) + weight z(J)`, any shape."""
        standard = (lines - self.lines[0]) / self.lines[1]
        return standard + self.weight * (network - self.network[0]) / self.network[1]

    def llr(self, score: Tensor) -> Tensor:
        """Natural log-likelihood ratio synthetic against human, before its bound, any shape."""
        return score * self.calibration[0] + self.calibration[1]


def measure(encoder: Ge2eEncoder, wav: Tensor) -> Tensor:
    """What the network sees of windows.

    Args:
        encoder: the speaker encoder, as a fixed listener.
        wav: windows, [W, T] at 16 kHz, T > 4096.

    Returns:
        Strongest line contrasts, band statistics, layer statistics: [W, LINES + STATISTICS + LAYERS].
    """
    lines = contrasts_of_lines(torch.stack([level(part) for part in wav])).topk(LINES).values
    clean = torch.stack([tidy(part) for part in wav])
    statistics = torch.stack([band_statistics(part) for part in clean])
    return torch.cat([lines, statistics, encoder.layers(clean)], dim=1)


class SyntheticVoice:
    """The fused score of a voice.

    Its ratio supports about 20 to 1: recordings left out of training reach the highest scores too, most of
    them from one page.

    Args:
        countermeasure: C.
        network: J.
        encoder: whose layers J reads.
        fusion: of the two.
    """

    most_llr = 3.0

    def __init__(
        self, countermeasure: Countermeasure, network: VoiceNetwork, encoder: Ge2eEncoder, fusion: Fusion
    ) -> None:
        self._countermeasure, self._network = countermeasure, network.eval()
        self._encoder, self._fusion = encoder, fusion

    @classmethod
    def load(cls, encoder: Ge2eEncoder, card: Path = _CARD) -> "SyntheticVoice":
        """Read the weights beside `card`, and the countermeasure's.

        Raises:
            WeightsError: a card and its weights do not agree, or the tensors are not this network's.
        """
        tensors = dict(load(card)[1])
        network = VoiceNetwork(ScoreConfig())
        try:
            fusion = Fusion(**{name: tensors.pop(name) for name in Fusion.__dataclass_fields__})
            network.load_state_dict(tensors, strict=True)
        except (KeyError, ValueError, RuntimeError) as error:
            raise WeightsError(f"{card.name}: not the weights of this network: restore the file") from error
        return cls(Countermeasure.load(), network, encoder, fusion)

    @torch.inference_mode()
    def listen(self, wav: Tensor, voiced: Tensor | None = None) -> Synthesis:
        """Score windows of a clip, see `Listener`; the weighted mean of the fused `logits` is the clip's."""
        cut = stretches(wav, voiced)
        scores = torch.cat([self.scores(measure(self._encoder, some)) for some in cut.batches(FEW)])
        ends = cut.starts_s + cut.size / SAMPLE_RATE
        return Synthesis(cut.starts_s, ends, scores, self._fusion.llr(scores))

    @torch.inference_mode()
    def scores(self, measured: Tensor) -> Tensor:
        """Fused scores of what `measure` found, [W, inputs] -> [W]; the strongest lines come first there."""
        return self._fusion.score(self._countermeasure.logits(measured[:, :COUNT]), self._network(measured))

    def llr(self, logit: Tensor) -> Tensor:
        """Calibrate (mean) fused scores to natural log-likelihood ratios, before the bound, any shape."""
        return self._fusion.llr(logit)
