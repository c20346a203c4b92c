"""Ways to let the texture network vote beside the comb, and the rules that decide (docs/decisions/0204)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.calibration import GroupedReference, LogisticCalibration
from detector.music.features import ORDER
from detector.music.verdict import FALSE_ALARMS
from lab import metrics
from lab.datasets import Recording
from lab.evaluation.music.__main__ import Scored, figures
from lab.texture_network.head import held_out
from lab.texture_network.heard import Opinions, stacked
from lab.training.music.__main__ import TRAINING, usable
from lab.training.music.folds import Matrix, fold_names

WAYS = (
    "comb",
    "network",
    "head",
    "network, norm",
    "network, regression",
    "network, where silent",
    "head, norm",
    "head, regression",
    "head, where silent",
)
ASKED = ("chain-1", "speed_0.95", "pitch_0.89", "pitch_1.12", "tempo_0.90", "tempo_1.10", "hybrid_0")
"""Deliveries in which a gain is asked for."""
RIDGE, RIDGE_OF_SCORES = 0.03, 0.01
QUANTILE, LEAST_SPREAD = 0.9, 0.2
SILENT_LLR, MOST_VOTE = 0.5, 1.0
POOLED_LOST, CHAIN_LOST, GENERATOR_LOST, OTHER_LOST, GAIN, GAINS = 0.002, 0.005, 0.02, 0.02, 0.02, 2
LEAST_OF_GENERATOR = 3
SCALED_QUANTILE = 0.99
Row = Matrix


@dataclass(frozen=True)
class Verdict:
    """Whether a way meets the rule for a vote.

    Attributes:
        native: change of the pooled AUC.
        lost: generators with three or more native recordings that lose more than they may.
        flagged: share of native human recordings flagged.
        changes: change of the pooled AUC in every other delivery.
        met: whether all of it holds.
    """

    native: float
    lost: tuple[str, ...]
    flagged: float
    changes: Mapping[str, float]
    met: bool


def normalised(raw: Row, recordings: Sequence[Recording], reference: NDArray[np.bool_]) -> Row:
    """Scores against human music of other collections: 0 at its median, 1 at its 90 % quantile, never less.

    Args:
        raw: logits, [N].
        recordings: one per row.
        reference: human rows that may set median and quantile.
    """
    folds = np.array(fold_names(recordings))
    result = np.zeros(len(raw))
    for fold in sorted(set(folds)):
        human = raw[reference & (folds != fold)]
        middle, high = np.quantile(human, [0.5, QUANTILE])
        rows = folds == fold
        result[rows] = np.maximum(0.0, (raw[rows] - middle) / max(high - middle, LEAST_SPREAD))
    return result


def ratios(raw: Row, recordings: Sequence[Recording], judged: NDArray[np.bool_]) -> Row:
    """Calibrated log10 likelihood ratios, [N], each by a curve of other folds; 0 where those mislead."""
    synthetic = np.array([r.label == "ai" for r in recordings])
    folds, llr = np.array(fold_names(recordings)), np.zeros(len(raw))
    for fold in sorted(set(folds)):
        others = judged & (folds != fold)
        try:
            calibration = LogisticCalibration.fit(raw[others], synthetic[others])
        except ValueError:
            continue
        for i in np.flatnonzero(folds == fold):
            llr[i] = calibration.llr(float(raw[i]))
    return llr


def where_silent(comb: Row, other: Row) -> Row:
    """Likelihood ratios of the comb, with the other's where the comb has found nothing, [N]."""
    return comb + np.where(comb < SILENT_LLR, np.clip(other, -MOST_VOTE, MOST_VOTE), 0.0)


def rejudged(parts: Sequence[Scored], values: Row) -> list[Scored]:
    """The same recordings under other scores: likelihood ratios by fold, p-values by collection."""
    recordings = [r for p in parts for r in p.recordings]
    groups, judged = [g for p in parts for g in p.groups], judging(parts)
    synthetic = np.array([r.label == "ai" for r in recordings])
    sources, p_value = np.array([r.source for r in recordings]), np.zeros(len(values))
    llr = ratios(values, recordings, judged)
    for source in sorted(set(sources)):
        human = np.flatnonzero(judged & ~synthetic & (sources != source))
        reference = GroupedReference.of(values[human], [groups[i] for i in human])
        for i in np.flatnonzero(sources == source):
            p_value[i] = reference.rank(float(values[i]), groups[i]).p_value
    edges = np.cumsum([0, *(len(p.recordings) for p in parts)])
    return [
        replace(p, raw=values[a:b], llr=llr[a:b], p_value=p_value[a:b])
        for p, a, b in zip(parts, edges[:-1], edges[1:], strict=True)
    ]


def judging(parts: Sequence[Scored]) -> NDArray[np.bool_]:
    """Rows of the deliveries that may set calibrations and references, of all parts in a row."""
    training = np.concatenate([np.full(len(p.recordings), p.delivery in TRAINING) for p in parts])
    return np.asarray(usable([r for p in parts for r in p.recordings]) & training)


def all_ways(parts: Sequence[Scored], said: Sequence[Opinions]) -> list[dict[str, Scored]]:
    """Every delivery in every one of `WAYS`, on the same recordings."""
    recordings = [r for p in parts for r in p.recordings]
    judged, opinions = judging(parts), stacked(said)
    human = judged & np.array([r.label == "human" for r in recordings])
    whole = np.concatenate([np.full(len(p.recordings), ":" not in p.delivery) for p in parts])
    comb = np.concatenate([p.raw for p in parts])
    columns = np.concatenate([opinions.pooled, opinions.rendered[:, None], opinions.scaled[:, None]], axis=1)
    # the head may learn from every whole copy: changed tempo and pitch are what it is for
    head = held_out(columns, recordings, usable(recordings) & whole, RIDGE)
    comb_llr = ratios(comb, recordings, judged)
    values = [comb, opinions.rendered, head]
    for branch in (opinions.rendered, head):
        excess = normalised(branch, recordings, human)
        scores = np.stack([np.log1p(comb), branch], 1)
        values += [
            (comb**ORDER + excess**ORDER) ** (1 / ORDER),
            held_out(scores, recordings, judged, RIDGE_OF_SCORES),
            where_silent(comb_llr, ratios(branch, recordings, judged)),
        ]
    by_way = [rejudged(parts, row) for row in values]
    return [dict(zip(WAYS, row, strict=True)) for row in zip(*by_way, strict=True)]


def generator_aucs(scored: Scored) -> dict[str, float]:
    """AUC of each generator against all human recordings."""
    ai, human = scored.labelled("ai"), scored.labelled("human")
    names = sorted({r.generator for r in ai.recordings})
    return {n: metrics.auc(ai.raw[[r.generator == n for r in ai.recordings]], human.raw) for n in names}


def judge(deliveries: Mapping[str, Mapping[str, Scored]], way: str) -> Verdict:
    """Hold a way against the rule for a vote.

    Args:
        deliveries: ways by delivery, `native` and `chain-1` among them.
        way: one of `WAYS`.
    """
    before = {d: figures(ways["comb"])["auc"] for d, ways in deliveries.items()}
    changes = {d: figures(ways[way])["auc"] - before[d] for d, ways in deliveries.items()}
    old, new = (generator_aucs(deliveries["native"][name]) for name in ("comb", way))
    size = [r.generator for r in deliveries["native"]["comb"].labelled("ai").recordings]
    lost = tuple(
        name
        for name in sorted(old)
        if size.count(name) >= LEAST_OF_GENERATOR and old[name] - new[name] > GENERATOR_LOST
    )
    flagged = figures(deliveries["native"][way])["flagged_human"]
    native = changes.pop("native")
    gains = sum(changes.get(d, 0.0) >= GAIN for d in ASKED)
    met = (
        native >= -POOLED_LOST
        and changes["chain-1"] >= -CHAIN_LOST
        and not lost
        and flagged <= FALSE_ALARMS
        and min(changes.values()) >= -OTHER_LOST
        and gains >= GAINS
    )
    return Verdict(native, lost, flagged, changes, met)


def scaled_limits(parts: Sequence[Scored], said: Sequence[Opinions]) -> dict[Path, float]:
    """What 99 % of unscaled human recordings of other folds stay below, for each recording."""
    recordings = [r for p in parts for r in p.recordings]
    human = judging(parts) & np.array([r.label == "human" for r in recordings])
    logit, folds = stacked(said).scaled, np.array(fold_names(recordings))
    limits = {f: float(np.quantile(logit[human & (folds != f)], SCALED_QUANTILE)) for f in sorted(set(folds))}
    return {r.path: limits[fold] for r, fold in zip(recordings, folds, strict=True)}


def no_trace(scored: Scored, scaled: NDArray[np.bool_]) -> tuple[float, float]:
    """Share of generated recordings without a trace: by the comb, and where scaled ones are left open."""
    generated = np.array([r.label == "ai" for r in scored.recordings])
    low = scored.no_trace
    return float(low[generated].mean()), float((low & ~scaled)[generated].mean())
