"""Whose voice it is: similarity to a voice print, made comparable and turned into evidence.

A raw cosine means nothing ("everything above 0.9" is what users of the encoder complain about). It
is first expressed in standard deviations of what a stored cohort of other people scores (adaptive
symmetric normalisation, Matejka et al. 2017), then mapped to a likelihood ratio by two affine
calibrations: one from trials with the artist's own recordings, one from trials with clones, which
score lower. The second feeds the clone decision.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.cards import load

CARD = Path(__file__).with_name("identity.toml")
_NEAREST = 30
MOST_LLR = 6.0
"""A few hundred trials support no stronger statement than about 400 to 1 in either direction."""


@dataclass(frozen=True)
class Identity:
    """Cohort and calibration of the speaker verifier.

    Attributes:
        cohort: unit vectors of other speakers, [K, D].
        genuine: slope and offset from normalised similarity to the natural log-likelihood ratio
            "X sings" against "somebody else", [2].
        imitation: the same for "X or an imitation of X", fitted on clones, [2].
        encoder: name of the encoder that the cohort was embedded with.
    """

    cohort: Tensor
    genuine: Tensor
    imitation: Tensor
    encoder: str

    @classmethod
    def load(cls, encoder: str, card: Path = CARD) -> "Identity":
        """Read the cohort beside `card`.

        Raises:
            WeightsError: card and weights do not agree.
        """
        tensors = load(card)[1]
        return cls(tensors["cohort"], tensors["genuine"], tensors["imitation"], encoder)

    @property
    def common(self) -> Tensor:
        """What all voices have in common: the mean of the cohort, [D]."""
        return self.cohort.mean(0)

    def gallery(self, centres: Tensor) -> "Gallery":
        """Voice prints as one matrix, with what the cohort scores against each.

        Args:
            centres: of the voice prints, unit vectors [N, D].
        """
        return Gallery(centres, *self._cohort(centres))

    def similarities(self, gallery: "Gallery", heard: Tensor) -> Tensor:
        """Adaptively normalised cosine of a clip to every voice print: one product, however many there are.

        Args:
            gallery: whom to compare with.
            heard: centre of the clip's embeddings, [D].

        Returns:
            Standard deviations above the cohort's nearest members, the mean of both directions, [N].
        """
        score = gallery.centres @ heard
        mean, spread = self._cohort(heard[None])
        return ((score - gallery.mean) / gallery.spread + (score - mean) / spread) / 2

    def similarity(self, enrolled: Tensor, heard: Tensor) -> float:
        """The same for one voice print, [D] each."""
        return float(self.similarities(self.gallery(enrolled[None]), heard)[0])

    def _cohort(self, sides: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and spread of the nearest cohort members' cosines, [N, D] -> [N] each."""
        against = sides @ self.cohort.T
        # A cohort member that is the same recording or person would spoil the statistics.
        against = against.masked_fill(against >= 0.995, -torch.inf)
        nearest = _largest(against, min(_NEAREST, against.shape[1]))
        known = nearest.isfinite()
        count = known.sum(1)
        mean = nearest.where(known, 0.0).sum(1) / count
        squares = (nearest - mean[:, None]).where(known, 0.0).square().sum(1)
        return mean, (squares / (count - 1)).sqrt().clamp(min=1e-3)

    def llr_imitation(self, similarity: float) -> float:
        """Natural log-likelihood ratio that the artist or an imitation is heard, before its bound."""
        return float(self.imitation[0]) * similarity + float(self.imitation[1])


def _largest(values: Tensor, count: int) -> Tensor:
    """The so many largest of each row, the largest first, [N, K] -> [N, count]; in a third of topk's time."""
    chosen = np.partition(values.numpy(), -count, axis=1)[:, -count:]
    return torch.from_numpy(np.sort(chosen, axis=1)).flip(1)


@dataclass(frozen=True)
class Gallery:
    """Voice prints to search in one pass.

    Attributes:
        centres: unit vectors, [N, D].
        mean: of the nearest cohort members' cosines to each, [N].
        spread: their standard deviation, [N].
    """

    centres: Tensor
    mean: Tensor
    spread: Tensor


def centre(embeddings: Tensor) -> Tensor:
    """Mean direction of unit vectors, [P, D] -> [D]."""
    return functional.normalize(embeddings.mean(0), dim=0)
