"""Measure the music detector and write its benchmark page and the metrics in its card.

Every generated recording is scored by weights that saw neither its generator nor its demo page, every human
one by weights that did not see its collection; the p-value of a human recording leaves its own collection out
of the reference. Beside each row stand the comb score alone, without any training, and what the confounds
(rate, level, crest, width, length, band) reach without listening.

Run with: python -m lab.evaluation.music DATA_FOLDER (after lab.training.music_data)
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core import cards
from detector.calibration import HumanReference, LogisticCalibration, probability
from detector.music.detector import CARD, FALSE_ALARMS, LEAST_LLR
from lab.datasets import Recording
from lab.evaluation import metrics, music_page
from lab.training.music import FEW, RIDGE, TRAINING, Features, load_features, stack, suspect, usable
from lab.training.music_data import few_of_each, music
from lab.training.music_fit import Matrix, fold_names, importance, out_of_fold

ATTACKS = ("mp3_128", "mp3_64", "opus_64", "resample_22050", "speed_0.95", "speed_1.05", "native:5s")


@dataclass(frozen=True)
class Scored:
    """Held-out scores of one delivery.

    Attributes:
        delivery: its name.
        recordings: one per row.
        raw: fused score before calibration, [N].
        llr: log10 likelihood ratio, [N].
        p_value: conformal p-value, [N].
        comb: highest comb score, untrained, [N].
        probe: score of the confounds alone, [N].
    """

    delivery: str
    recordings: tuple[Recording, ...]
    raw: Matrix
    llr: Matrix
    p_value: Matrix
    comb: Matrix
    probe: Matrix

    def where(self, mask: NDArray[np.bool_]) -> "Scored":
        """The rows of a mask."""
        kept = tuple(r for r, m in zip(self.recordings, mask, strict=True) if m)
        columns = {n: getattr(self, n)[mask] for n in ("raw", "llr", "p_value", "comb", "probe")}
        return Scored(self.delivery, kept, **columns)

    def labelled(self, label: str) -> "Scored":
        """The rows of a label, without suspects."""
        return self.where(np.array([r.label == label and not suspect(r) for r in self.recordings]))

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Rows for which the detector would say `synthetic`."""
        return (self.p_value <= FALSE_ALARMS) & (self.llr >= LEAST_LLR)


def score_all(parts: Sequence[tuple[str, Features]], *, open_only: bool = False) -> list[Scored]:
    """Held-out scores of every delivery; only those in `TRAINING` train."""
    everything = stack([f for _, f in parts])
    names = np.array([name for name, f in parts for _ in f.recordings])
    recordings = everything.recordings
    trains = usable(recordings, open_only=open_only) & np.isin(names, TRAINING)
    raw = out_of_fold(everything.rows, recordings, trains, ridge=RIDGE)
    probe = _probe(everything, trains)
    synthetic = np.array([r.label == "ai" for r in recordings])
    judged = usable(recordings) & np.isin(names, TRAINING)
    folds = np.array(fold_names(recordings))
    sources = np.array([r.source for r in recordings])
    llr, p_value = np.zeros(len(recordings)), np.zeros(len(recordings))
    for fold in sorted(set(folds)):
        others = judged & (folds != fold)
        calibration = LogisticCalibration.fit(raw[others], synthetic[others])
        for i in np.flatnonzero(folds == fold):
            llr[i] = calibration.llr(float(raw[i]))
    for source in sorted(set(sources)):
        reference = HumanReference.of(raw[judged & ~synthetic & (sources != source)])
        for i in np.flatnonzero(sources == source):
            p_value[i] = reference.p_value(float(raw[i]))
    comb = everything.rows.max(1)
    scored = []
    for name, _ in parts:
        rows = names == name
        kept = tuple(r for r, m in zip(recordings, rows, strict=True) if m)
        scored.append(Scored(name, kept, raw[rows], llr[rows], p_value[rows], comb[rows], probe[rows]))
    return scored


def _probe(features: Features, trains: NDArray[np.bool_]) -> Matrix:
    """Out-of-fold scores of confounds alone: ridge regression on their ranks, so that scale is no matter."""
    order = features.confounds.argsort(0, kind="stable").argsort(0, kind="stable")
    ranks = order / len(order) - 0.5
    design = np.concatenate([ranks, ranks**2, np.ones((len(ranks), 1))], 1)
    synthetic = np.array([r.label == "ai" for r in features.recordings]).astype(np.float64)
    folds = np.array(fold_names(features.recordings))
    scores = np.zeros(len(ranks))
    for fold in sorted(set(folds)):
        rows = trains & (folds != fold)
        weight = importance([r for r, t in zip(features.recordings, rows, strict=True) if t])[:, None]
        x = design[rows]
        target = x.T @ (weight[:, 0] * synthetic[rows])
        beta = np.linalg.solve(x.T @ (weight * x) + 1e-3 * np.eye(x.shape[1]), target)
        scores[folds == fold] = design[folds == fold] @ beta
    return scores


def figures(scored: Scored) -> dict[str, float]:
    """Pooled figures of a delivery."""
    ai, human = scored.labelled("ai"), scored.labelled("human")
    generators = sorted({r.generator for r in ai.recordings})
    per = [metrics.auc(ai.raw[[r.generator == g for r in ai.recordings]], human.raw) for g in generators]
    posterior = [probability(float(v)) for v in np.concatenate([ai.llr, human.llr])]
    truth = np.concatenate([np.ones(ai.llr.size), np.zeros(human.llr.size)])
    return {
        "n_ai": float(ai.raw.size),
        "n_human": float(human.raw.size),
        "auc": metrics.auc(ai.raw, human.raw),
        "median_generator_auc": float(np.median(per)),
        "lowest_generator_auc": float(np.min(per)),
        "eer": metrics.eer(ai.raw, human.raw),
        "tpr_at_1_percent": metrics.tpr_at_fpr(ai.raw, human.raw, 0.01),
        "flagged_ai": float(ai.flagged.mean()),
        "flagged_human": float(human.flagged.mean()),
        "flagged_human_upper": metrics.upper_bound(int(human.flagged.sum()), human.raw.size),
        "cllr": metrics.cllr(ai.llr, human.llr),
        "ece": metrics.ece(posterior, truth),
        "comb_auc": metrics.auc(ai.comb, human.comb),
        "probe_auc": metrics.auc(ai.probe, human.probe),
    }


def _enough(features: Features) -> bool:
    """Whether a delivery has at least twenty recordings of either class in the cache."""
    labels = [r.label for r in features.recordings]
    return min(labels.count("ai"), labels.count("human")) >= 20


def main() -> None:
    """Score, write the page, put the main figures into the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks/ai-music.md"))
    parser.add_argument("--card", type=Path, default=CARD)
    args = parser.parse_args()
    torch.set_num_threads(1)
    recordings = music(args.data)
    few = few_of_each(recordings, FEW)
    parts = [(d, load_features(recordings if d == "native" else few, d)) for d in (*TRAINING, *ATTACKS)]
    parts = [(d, f) for d, f in parts if _enough(f)]
    scored = score_all(parts)
    open_only = score_all(parts, open_only=True)
    results = {s.delivery: figures(s) for s in scored}
    args.page.parent.mkdir(parents=True, exist_ok=True)
    args.page.write_text(
        music_page.page(scored, results, {s.delivery: figures(s) for s in open_only}), encoding="utf-8"
    )
    card, tensors = cards.load(args.card)
    kept = {f"{d}_{k}": round(v, 4) for d in TRAINING for k, v in results[d].items()}
    cards.write(replace(card, metrics=kept), tensors, args.card)
    print(args.page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
