"""Whether a voice came out of a synthesiser, vocoder or conversion.

A logistic regression over the strongest spectral lines that neural decoders leave (see `lines`): a
small network and richer traits knew the training corpora better and unseen systems no better, or worse.
Windows are averaged
over the parts in which somebody is heard; an affine calibration, fitted on systems that were left
out of training, gives a natural log-likelihood ratio.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from core.cards import load
from detector.voice.frontend import SAMPLE_RATE, Windows, windows
from detector.voice.linear import Linear
from detector.voice.lines import contrasts_of_lines, strongest

_CARD = Path(__file__).with_name("countermeasure.toml")
WINDOW_S = 5.0
HOP_S = 2.5
OVERLAPPING_S = 60.0
"""Windows of longer clips follow each other without overlap: all is still heard, at half the cost."""
FEW = 8
"""Windows measured at once: enough to keep the processor busy, few enough for memory that stays flat."""


@dataclass(frozen=True)
class Synthesis:
    """Evidence for a synthetic voice over time.

    Attributes:
        starts_s: start of each window, [W].
        ends_s: end of each window, [W].
        logits: score per window before calibration, whose mean over windows is the clip's, [W].
        llr: natural log-likelihood ratio per window, synthetic against human, before its bound, [W].
    """

    starts_s: Tensor
    ends_s: Tensor
    logits: Tensor
    llr: Tensor


def stretches(wav: Tensor, voiced: Tensor | None = None) -> Windows:
    """The windows to score: all, or those in which somebody is heard.

    Args:
        wav: [T] at 16 kHz; one shorter than `WINDOW_S` is one window.
        voiced: samples that are vocals, [T] bool.
    """
    seconds = wav.numel() / SAMPLE_RATE
    every = windows(wav, min(WINDOW_S, seconds), HOP_S if seconds <= OVERLAPPING_S else WINDOW_S)
    return every if voiced is None else every.touching(voiced)


class Listener(Protocol):
    """What the voice detector asks of a synthetic-voice score."""

    @property
    def most_llr(self) -> float:
        """The strongest natural log-likelihood ratio, either way, that the recordings behind it support."""

    def listen(self, wav: Tensor, voiced: Tensor | None = None) -> Synthesis:
        """Score windows of a clip, [T] at 16 kHz from `frontend.mono`, T > 4096.

        Every window, or those that hold a sample marked in `voiced`, [T] bool, with at least one.
        """

    def llr(self, logit: Tensor) -> Tensor:
        """Calibrate (mean) logits to natural log-likelihood ratios, before the bound, any shape."""

    def accusing_llr(self, logit: Tensor) -> Tensor:
        """The same for the decision that a voice is an artist's clone, which may ask for more."""


@dataclass(frozen=True)
class Weights(Linear):
    """A linear classifier over line contrasts.

    Attributes:
        calibration: slope and offset from logit to natural log-likelihood ratio, [2].
    """

    calibration: Tensor


class Countermeasure:
    """The synthetic-voice classifier with its calibration.

    A few hundred clips support no stronger statement than about 50 to 1 in either direction.
    """

    most_llr = 4.0

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    @classmethod
    def load(cls, card: Path = _CARD) -> "Countermeasure":
        """Read the weights beside `card`.

        Raises:
            WeightsError: card and weights do not agree.
        """
        return cls(Weights(**load(card)[1]))

    def listen(self, wav: Tensor, voiced: Tensor | None = None) -> Synthesis:
        """Score windows of a clip, see `Listener`."""
        cut = stretches(wav, voiced)
        logits = torch.cat([self.logits(strongest(contrasts_of_lines(some))) for some in cut.batches(FEW)])
        return Synthesis(cut.starts_s, cut.starts_s + cut.size / SAMPLE_RATE, logits, self.llr(logits))

    def logits(self, measured: Tensor) -> Tensor:
        """Classify the strongest contrasts, [W, COUNT] -> [W]."""
        return self._weights.of(measured)

    def llr(self, logit: Tensor) -> Tensor:
        """Calibrate (mean) logits to natural log-likelihood ratios, before the bound, any shape."""
        slope, offset = self._weights.calibration
        llr: Tensor = logit * slope + offset
        return llr

    def accusing_llr(self, logit: Tensor) -> Tensor:
        """One map for both, any shape."""
        return self.llr(logit)
