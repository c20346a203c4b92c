"""From a raw score to what a court or a policy can use: a likelihood ratio, a probability, a p-value.

Three different statements, never mixed up. The likelihood ratio says how much more likely the evidence is if
the audio is synthetic than if it is not; the probability adds a prior that the reader must choose; the
conformal p-value says how rare such a score is among human recordings, and needs no model of synthetic audio.
A p-value over all human music is right on average only; ranked within a group of recordings alike in band and
length (`GroupedReference`, Mondrian conformal prediction), it is right within each group.

Sources: N. Brümmer and J. du Preez, Application-independent evaluation of speaker detection, Computer Speech
and Language 20 (2006); V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World, 2005
(conformal p-values).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.counted import counted

LARGEST_LLR = 4.0
"""Cap on |log10 LR|: no calibration set here is large enough to support stronger statements."""


@dataclass(frozen=True)
class LogisticCalibration:
    """An affine map from a raw score to a natural-log likelihood ratio.

    Attributes:
        slope: must be positive, so that the order of scores is kept.
        intercept: added after the slope; the prior of the training data is already taken out.
    """

    slope: float
    intercept: float

    def llr(self, score: float) -> float:
        """Log10 likelihood ratio, synthetic over human, capped at `LARGEST_LLR` either way.

        >>> LogisticCalibration(1.0, 0.0).llr(0.0)
        0.0
        """
        log10_ratio = (self.slope * score + self.intercept) / math.log(10)
        return max(-LARGEST_LLR, min(LARGEST_LLR, log10_ratio))

    def probability(self, score: float, prior: float = 0.5) -> float:
        """Posterior probability of synthetic audio for a prior between 0 and 1, exclusive."""
        return probability(self.llr(score), prior)

    @classmethod
    def fit(cls, scores: ArrayLike, synthetic: ArrayLike, *, ridge: float = 1e-3) -> "LogisticCalibration":
        """Fit by logistic regression with both classes given the same weight (Newton's method).

        Args:
            scores: raw scores of recordings that did not train the model, [N].
            synthetic: 1 or 0 per score, [N]; both must occur.
            ridge: penalty that keeps the slope finite where the classes do not overlap.

        Raises:
            ValueError: a class is missing, or higher scores do not mean synthetic.
        """
        x, y = np.asarray(scores, np.float64), np.asarray(synthetic, np.float64)
        if not 0 < y.sum() < y.size:
            raise ValueError("calibration needs scores of both classes")
        weight = np.where(y > 0, 0.5 / y.sum(), 0.5 / (y.size - y.sum()))
        centre, width = float(x.mean()), float(x.std()) or 1.0
        design = np.stack([(x - centre) / width, np.ones_like(x)], 1)
        beta = np.zeros(2)
        for _ in range(100):
            p = 1 / (1 + np.exp(-np.clip(design @ beta, -40, 40)))
            gradient = design.T @ (weight * (y - p)) - ridge * beta * np.array([1.0, 0.0])
            curvature = (design.T * (weight * p * (1 - p))) @ design + ridge * np.diag([1.0, 1e-6])
            step = np.linalg.solve(curvature, gradient)
            beta += step * min(1.0, 4.0 / (np.abs(step).max() + 1e-12))
            if np.abs(step).max() < 1e-10:
                break
        if beta[0] <= 0:
            raise ValueError("higher scores do not mean synthetic: the labels may be swapped")
        slope = float(beta[0] / width)
        return cls(slope, float(beta[1] - slope * centre))


def probability(llr: float, prior: float = 0.5) -> float:
    """Posterior probability from a log10 likelihood ratio and a prior between 0 and 1, exclusive."""
    log_odds = llr * math.log(10) + math.log(prior / (1 - prior))
    if log_odds < 0:
        return math.exp(log_odds) / (1 + math.exp(log_odds))
    return 1 / (1 + math.exp(-log_odds))


@dataclass(frozen=True)
class HumanReference:
    """Scores of human recordings, against which a new score is ranked.

    Attributes:
        scores: ascending; each from a model that had not seen the recording's source, [N].
    """

    scores: NDArray[np.float64]

    @classmethod
    def of(cls, scores: Sequence[float] | ArrayLike) -> "HumanReference":
        """Keep the scores of a calibration set, in any order.

        Raises:
            ValueError: no scores.
        """
        ordered = np.sort(np.asarray(scores, np.float64))
        if ordered.size == 0:
            raise ValueError("a reference needs at least one human recording")
        return cls(ordered)

    def p_value(self, score: float) -> float:
        """Share of human recordings that look at least as synthetic, never below 1 / (N + 1).

        If the recording is exchangeable with the reference, the p-value is at most alpha with probability at
        most alpha. It says nothing about recordings from elsewhere.

        >>> HumanReference.of([0.0, 1.0, 2.0]).p_value(1.5)
        0.5
        """
        as_high = self.scores.size - int(np.searchsorted(self.scores, score, side="left"))
        return (1 + as_high) / (1 + self.scores.size)

    def threshold(self, alpha: float) -> float:
        """Smallest score whose p-value is at most `alpha`; infinity where the reference is too small."""
        allowed = math.floor(alpha * (self.scores.size + 1)) - 1
        if allowed < 0:
            return math.inf
        return float(np.nextafter(self.scores[self.scores.size - 1 - allowed], math.inf))


LEAST_GROUP = 99
"""A group smaller than this cannot give a p-value of 0.01: its recordings are ranked in a wider group."""


@dataclass(frozen=True)
class Rank:
    """Where a score stands among human recordings.

    Attributes:
        p_value: share of the group that looks at least as synthetic, times the number of looks.
        group: name of the group; empty for all human recordings.
        size: recordings in the group.
    """

    p_value: float
    group: str
    size: int


@dataclass(frozen=True)
class GroupedReference:
    """Human scores by group; names have levels, the widest first, such as `wide/long`.

    Attributes:
        scores: of human recordings, as in `HumanReference`, [N].
        groups: finest group of each, [N].
    """

    scores: NDArray[np.float64]
    groups: tuple[str, ...]

    @classmethod
    def of(cls, scores: ArrayLike, groups: Sequence[str]) -> "GroupedReference":
        """Keep scores and the groups that they belong to.

        Raises:
            ValueError: no scores, or not one group for each.
        """
        values = np.asarray(scores, np.float64)
        if values.size == 0:
            raise ValueError("a reference needs at least one human recording")
        if values.size != len(groups):
            raise ValueError(f"{counted(values.size, 'score')}, but {counted(len(groups), 'group')}")
        return cls(values, tuple(groups))

    def within(self, group: str, looks: int = 1) -> tuple[str, HumanReference]:
        """The narrowest group around this one that is large enough, and its scores.

        Args:
            group: finest one of the recording.
            looks: so many p-values will be paid for, each of which takes `LEAST_GROUP` + 1 more recordings.
        """
        least = looks * (LEAST_GROUP + 1) - 1
        levels = group.split("/") if group else []
        for depth in range(len(levels), 0, -1):
            name = "/".join(levels[:depth])
            members = np.array([g == name or g.startswith(name + "/") for g in self.groups])
            if int(members.sum()) >= least:
                return name, HumanReference.of(self.scores[members])
        return "", HumanReference.of(self.scores)

    def rank(self, score: float, group: str = "", looks: int = 1) -> Rank:
        """Rank the highest of some scores within its group (see `within`).

        Args:
            score: the highest of `looks`.
            group: finest one of the recording.
            looks: how often it was looked; the p-value is multiplied by it (Bonferroni).

        >>> GroupedReference.of([0.0, 1.0, 2.0], ["a", "a", "b"]).rank(1.5, "a")
        Rank(p_value=0.5, group='', size=3)
        """
        name, reference = self.within(group, looks)
        return Rank(min(1.0, looks * reference.p_value(score)), name, reference.scores.size)

    def sizes(self) -> Mapping[str, int]:
        """Recordings per finest group."""
        return {name: self.groups.count(name) for name in sorted(set(self.groups))}


def thin(scores: ArrayLike, size: int) -> NDArray[np.float64]:
    """At most `size` evenly spaced order statistics, both ends kept: a reference small enough to ship."""
    ordered = np.sort(np.asarray(scores, np.float64))
    if ordered.size <= size:
        return ordered
    return ordered[np.rint(np.linspace(0, ordered.size - 1, size)).astype(np.int64)]
