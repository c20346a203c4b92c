"""What a checkpoint must show on the user's own recordings before it may vote.

Three questions, each with its own answer. Does a high score mean what the manifest says (published detectors
disagree on the polarity, and one used the wrong way round looks like a strong detector)? Does anything remain
when both classes are sent through one delivery (mono, one rate, one length, one level, AAC): many detectors
tell the pages apart that the training data came from? And is what remains more than the copies' level, crest
and band alone would give? Then the scores are calibrated, and out of fold must be worth more
than nothing. Where an answer is no, the checkpoint still gives its rank among human recordings, no vote.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from detector.calibration import LogisticCalibration
from detector.music.adapters.confounds import probe
from detector.separation import auc

Scores = NDArray[np.float64]

LEAST = 20
"""Recordings of either class without which nothing is fitted."""
FOLDS = 5
MOST_CLLR = 0.9
RIDGE = 1e-2
ROUNDS = 400


@dataclass(frozen=True)
class Heard:
    """One recording whose origin is known, and what the checkpoint made of it.

    Attributes:
        sha256: of the file.
        synthetic: whether it was generated.
        score: of the recording as it is.
        matched: of its matched copy.
        confounds: of the matched copy, from `confounds`, [6]: rate, length and width are equal by then, but
            where content ends and how peaked it is may still differ.
    """

    sha256: str
    synthetic: bool
    score: float
    matched: float
    confounds: tuple[float, ...]


@dataclass(frozen=True)
class Trial:
    """The answers.

    Attributes:
        human: recordings made by people.
        generated: generated recordings.
        auc: with its 95 % interval, as (value, low, high); below 0.5 the polarity is wrong.
        matched_auc: the same for the matched copies.
        probe_auc: what the copies' confounds reach without the checkpoint, out of fold.
        cllr: of out-of-fold likelihood ratios, bits; None where they could not be fitted.
        problems: why it may not vote; empty where it may.
    """

    human: int
    generated: int
    auc: tuple[float, float, float]
    matched_auc: tuple[float, float, float]
    probe_auc: float
    cllr: float | None
    problems: tuple[str, ...]


def judge(heard: Sequence[Heard]) -> Trial:
    """Put a checkpoint on trial.

    Args:
        heard: recordings of both classes.

    Raises:
        ValueError: a class has no recording.
    """
    truth = np.array([h.synthetic for h in heard])
    generated, human = int(truth.sum()), int((~truth).sum())
    if not generated or not human:
        raise ValueError("a trial needs recordings of both classes")
    plain = _auc_interval(np.array([h.score for h in heard]), truth)
    alike = _auc_interval(np.array([h.matched for h in heard]), truth)
    folds = np.array([int(hashlib.sha256(h.sha256.encode()).hexdigest()[:8], 16) % FOLDS for h in heard])
    alone = _probe(np.array([h.confounds for h in heard]), truth, folds)
    cllr = _cllr(np.array([h.score for h in heard]), truth, folds)
    problems = []
    if min(generated, human) < LEAST:
        problems.append(f"at least {LEAST} recordings of either class are needed")
    if plain[2] < 0.5:
        problems.append("high scores mean the opposite of what the manifest says: correct `high` in it")
    elif plain[1] <= 0.5:
        problems.append("its scores do not tell the two folders apart")
    elif alike[1] <= 0.5:
        problems.append(
            "what it tells apart is how the recordings were delivered: nothing is left of it after one"
        )
    elif alike[0] <= alone:
        problems.append("level, crest and band alone tell the copies apart as well")
    if cllr is None or cllr > MOST_CLLR:
        problems.append("its likelihood ratios are worth next to nothing on recordings that did not fit them")
    return Trial(human, generated, plain, alike, alone, cllr, tuple(problems))


def _auc_interval(scores: Scores, truth: NDArray[np.bool_]) -> tuple[float, float, float]:
    rng = np.random.default_rng(0)
    first, second = np.flatnonzero(truth), np.flatnonzero(~truth)
    drawn = []
    for _ in range(ROUNDS):
        drawn.append(auc(scores[rng.choice(first, first.size)], scores[rng.choice(second, second.size)]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return auc(scores[truth], scores[~truth]), float(low), float(high)


def _probe(values: Scores, truth: NDArray[np.bool_], folds: NDArray[np.int64]) -> float:
    """AUC that confounds reach out of fold, both classes weighing the same."""

    def weigh(rows: NDArray[np.bool_]) -> Scores:
        generated, human = rows & truth, rows & ~truth
        weight: Scores = 0.5 * generated / max(1, generated.sum()) + 0.5 * human / max(1, human.sum())
        return weight

    ranks = np.stack([stats.rankdata(c) for c in values.T], 1) / len(values) - 0.5
    scores = probe(ranks, truth, folds, weigh, RIDGE)
    return auc(scores[truth], scores[~truth])


def _cllr(scores: Scores, truth: NDArray[np.bool_], folds: NDArray[np.int64]) -> float | None:
    """Cost of out-of-fold likelihood ratios, in bits; None where a fold cannot be fitted."""
    ratios = np.zeros(scores.size)
    for fold in sorted(set(folds.tolist())):
        rest = folds != fold
        try:
            calibration = LogisticCalibration.fit(scores[rest], truth[rest])
        except ValueError:
            return None
        ratios[~rest] = [calibration.llr(float(s)) for s in scores[~rest]]
    cost = np.logaddexp(0, np.where(truth, -1, 1) * ratios * np.log(10)) / np.log(2)
    return float((cost[truth].mean() + cost[~truth].mean()) / 2)
