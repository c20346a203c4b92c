"""Measure the music detector and write its benchmark page and the metrics in its card.

Every generated recording is scored by weights that saw neither its generator nor its demo page, every human
one by weights that did not see its collection; the p-value of a human recording leaves its own collection out
of the reference. Human music in hybrids and splices is drawn from all open collections, training ones too.
Beside each row stand the comb score alone, without any training, and what the confounds (rate, level, crest,
width, length, band) reach without listening.

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
from detector.calibration import GroupedReference, probability
from detector.music.adapters.confounds import probe
from detector.music.detector import CARD
from detector.music.evidence import CLEAR_Z
from detector.music.features import BEST_FLUTTER, BEST_LINES, SETTINGS, limit
from detector.music.verdict import accuses, clears
from lab import metrics
from lab.datasets import Recording
from lab.evaluation.music import attribution, calibration, cost, gallery, page, strata, tippett
from lab.training.music import playing
from lab.training.music.__main__ import BAND, FEW, TRAINING, Features, load_features, stack, suspect, usable
from lab.training.music.copies import MOST_S, few_of_each, music, path_of, read
from lab.training.music.folds import Matrix, fold_names, importance, out_of_fold

CHANGED_TIME = (
    "pitched-vocoder_-2",
    "pitched-vocoder_2",
    "pitched-wsola_-2",
    "pitched-wsola_2",
    "pitched-atempo_-2",
    "pitched-atempo_2",
    "paced-vocoder_0.90",
    "paced-vocoder_1.10",
    "tempo_0.90",
    "tempo_1.10",
    "paced-atempo_0.90",
    "paced-atempo_1.10",
)
"""Pitch by two semitones, tempo by a tenth: by a phase vocoder, by WSOLA and by FFmpeg's `atempo`."""
ATTACKS = (
    "mp3_128",
    "mp3_64",
    "aac_128",
    "opus_96",
    "resample_22050",
    "speed_0.95",
    "speed_1.05",
    *CHANGED_TIME,
    "native:5s",
    "hybrid_-6",
    "hybrid_0",
    "watermarked",
)


COLUMNS = ("raw", "llr", "llr_by_band", "p_value", "comb", "clear", "probe", "bands")


@dataclass(frozen=True)
class Scored:
    """Held-out scores of one delivery.

    Attributes:
        delivery: its name.
        recordings: one per row.
        raw: fused score before calibration, [N].
        llr: log10 likelihood ratio, [N].
        llr_by_band: the same by a curve of the recording's band, [N].
        p_value: conformal p-value, [N].
        comb: highest comb score, untrained, [N].
        clear: whether a known comb stands out, which forbids the verdict `no_trace`, [N].
        probe: score of the confounds alone, [N].
        bands: where content ends, in Hz, [N].
        groups: group of each recording's p-value, [N].
    """

    delivery: str
    recordings: tuple[Recording, ...]
    raw: Matrix
    llr: Matrix
    llr_by_band: Matrix
    p_value: Matrix
    comb: Matrix
    clear: NDArray[np.bool_]
    probe: Matrix
    bands: Matrix
    groups: tuple[str, ...]

    def where(self, mask: NDArray[np.bool_]) -> "Scored":
        """The rows of a mask."""
        kept = tuple(r for r, m in zip(self.recordings, mask, strict=True) if m)
        columns = {n: getattr(self, n)[mask] for n in COLUMNS}
        groups = tuple(g for g, m in zip(self.groups, mask, strict=True) if m)
        return Scored(self.delivery, kept, **columns, groups=groups)

    def only(self, recordings: Sequence[Recording]) -> "Scored":
        """The rows of these recordings."""
        wanted = {r.path for r in recordings}
        return self.where(np.array([r.path in wanted for r in self.recordings]))

    def labelled(self, label: str) -> "Scored":
        """The rows of a label, without suspects."""
        return self.where(np.array([r.label == label and not suspect(r) for r in self.recordings]))

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Rows for which the detector would say `synthetic`."""
        return np.array([accuses(*pair) for pair in zip(self.llr, self.p_value, strict=True)], bool)

    @property
    def no_trace(self) -> NDArray[np.bool_]:
        """Rows for which it would say `no_trace`."""
        return np.array([clears(r, clear=c) for r, c in zip(self.llr, self.clear, strict=True)], bool)


def score_all(parts: Sequence[tuple[str, Features]], *, open_only: bool = False) -> list[Scored]:
    """Held-out scores of every delivery; only those in `TRAINING` train."""
    everything = stack([f for _, f in parts])
    names = np.array([name for name, f in parts for _ in f.recordings])
    recordings = everything.recordings
    trains = usable(recordings, open_only=open_only) & np.isin(names, TRAINING)
    raw = out_of_fold(everything.rows, recordings, trains)
    probe = _probe(everything, trains)
    synthetic = np.array([r.label == "ai" for r in recordings])
    judged = usable(recordings) & np.isin(names, TRAINING)
    folds = np.array(fold_names(recordings))
    sources = np.array([r.source for r in recordings])
    groups = everything.groups
    llr = calibration.ratios(raw, synthetic, judged, folds)
    bands = [group.partition("/")[0] for group in groups]
    llr_by_band = calibration.ratios(raw, synthetic, judged, folds, bands)
    p_value = np.zeros(len(recordings))
    for source in sorted(set(sources)):
        human = np.flatnonzero(judged & ~synthetic & (sources != source))
        reference = GroupedReference.of(raw[human], [groups[i] for i in human])
        for i in np.flatnonzero(sources == source):
            p_value[i] = reference.rank(float(raw[i]), groups[i]).p_value
    comb = np.maximum(everything.rows[:, BEST_LINES], everything.rows[:, BEST_FLUTTER]).max(1)
    clear = np.maximum(comb, everything.rows[:, SETTINGS].max(1)) >= CLEAR_Z
    scored = []
    for name, _ in parts:
        rows = names == name
        kept = tuple(r for r, m in zip(recordings, rows, strict=True) if m)
        named = tuple(g for g, m in zip(groups, rows, strict=True) if m)
        ends = everything.confounds[rows, BAND]
        columns = (
            raw[rows],
            llr[rows],
            llr_by_band[rows],
            p_value[rows],
            comb[rows],
            clear[rows],
            probe[rows],
            ends,
        )
        scored.append(Scored(name, kept, *columns, named))
    return scored


def _probe(features: Features, trains: NDArray[np.bool_]) -> Matrix:
    """What confounds alone score out of fold, both classes and all groups weighing alike."""
    order = features.confounds.argsort(0, kind="stable").argsort(0, kind="stable")
    synthetic = np.array([r.label == "ai" for r in features.recordings])

    def weigh(others: NDArray[np.bool_]) -> Matrix:
        rows, weight = trains & others, np.zeros(len(trains))
        weight[rows] = importance([r for r, t in zip(features.recordings, rows, strict=True) if t])
        return weight

    folds = np.array(fold_names(features.recordings))
    return probe(order / len(order) - 0.5, synthetic, folds, weigh, 1e-3)


def figures(scored: Scored) -> dict[str, float]:
    """Pooled figures of a delivery."""
    ai, human = scored.labelled("ai"), scored.labelled("human")
    generators = sorted({r.generator for r in ai.recordings})
    per = [metrics.auc(ai.raw[[r.generator == g for r in ai.recordings]], human.raw) for g in generators]
    posterior = [probability(float(v)) for v in np.concatenate([ai.llr, human.llr])]
    by_band = [probability(float(v)) for v in np.concatenate([ai.llr_by_band, human.llr_by_band])]
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
        "ai_no_trace": float(ai.no_trace.mean()),
        "flagged_human": float(human.flagged.mean()),
        "flagged_human_upper": metrics.upper_bound(int(human.flagged.sum()), human.raw.size),
        "cllr": metrics.cllr(ai.llr, human.llr),
        "min_cllr": metrics.min_cllr(ai.raw, human.raw),
        "cllr_by_band": metrics.cllr(ai.llr_by_band, human.llr_by_band),
        "ece_by_band": metrics.ece(by_band, truth),
        "ece": metrics.ece(posterior, truth),
        "tpr_at_0.1_percent": metrics.tpr_at_fpr(ai.raw, human.raw, 0.001),
        "comb_auc": metrics.auc(ai.comb, human.comb),
        "probe_auc": metrics.auc(ai.probe, human.probe),
    }


def drift(native: Scored, other: Scored) -> tuple[float, float]:
    """Native AUC on the recordings of another delivery, and the mean change of their probability."""
    same = native.only(other.recordings)
    at = {r.path: k for k, r in enumerate(same.recordings)}
    pairs = [(at[r.path], k) for k, r in enumerate(other.recordings) if r.path in at]
    change = [abs(probability(float(same.llr[a])) - probability(float(other.llr[b]))) for a, b in pairs]
    return metrics.auc(same.labelled("ai").raw, same.labelled("human").raw), float(np.mean(change))


def _playing(recordings: Sequence[Recording]) -> tuple[Matrix, tuple[Recording, ...]]:
    """Held-out scores of the weak measure of playing, and the recordings."""
    data = playing.played([r for r in recordings if not suspect(r)])
    return playing.out_of_fold(data), data.recordings


@dataclass(frozen=True)
class Located:
    """Held-out scores of the stretches of spliced recordings.

    Attributes:
        raw: one score per stretch, [N].
        inside: which stretches are generated, [N].
        recording: number of the recording that each belongs to, [N].
    """

    raw: Matrix
    inside: NDArray[np.bool_]
    recording: NDArray[np.int64]


def splices(recordings: Sequence[Recording]) -> Located:
    """Score the stretches of every spliced recording in the cache."""
    generated = [r for r in recordings if r.label == "ai"]
    base = load_features(recordings, "native")
    found = [(r, read(path_of(r, "splice")).segments) for r in generated if path_of(r, "splice").exists()]
    kept = tuple(r for r, rows in found for _ in rows)
    times = np.concatenate([rows[:, :2] for _, rows in found])
    rows = np.concatenate([base.rows, limit(np.concatenate([rows[:, 2:] for _, rows in found]))])
    trains = np.concatenate([usable(base.recordings), np.zeros(len(kept), bool)])
    raw = out_of_fold(rows, [*base.recordings, *kept], trains)[len(base.recordings) :]
    inside = (times[:, 0] > MOST_S - 1) & (times[:, 1] < 2 * MOST_S + 1)
    return Located(raw, inside, np.repeat(np.arange(len(found)), [len(rows) for _, rows in found]))


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
    parts = [
        (d, load_features(recordings if d == "native" else few, d))
        for d in (*TRAINING, "retimed-1", *ATTACKS)
    ]
    parts = [(d, f) for d, f in parts if _enough(f)]
    scored = score_all(parts)
    open_only = score_all(parts, open_only=True)
    results = {s.delivery: figures(s) for s in scored}
    drifts = {s.delivery: drift(scored[0], s) for s in scored}
    args.page.parent.mkdir(parents=True, exist_ok=True)
    picture = args.page.with_name(f"{args.page.stem}-tippett.png")
    tippett.draw({s.delivery: (s.labelled("ai").llr, s.labelled("human").llr) for s in scored[:3]}, picture)
    spliced = any(path_of(r, "splice").exists() for r in recordings)
    located = splices(recordings) if spliced else None
    text = page.page(
        scored, results, {s.delivery: figures(s) for s in open_only}, drifts, picture.name, located
    )
    text += calibration.section(results)
    text += strata.sections(scored, recordings)
    if located is not None:
        text += page.located(located)
    text += page.playing(*_playing(recordings))
    text += attribution.section(recordings)
    text += gallery.section(scored[0], args.page)
    text += cost.table([r for r in recordings if r.label == "human" and r.use == "open"])
    args.page.write_text(text, encoding="utf-8")
    card, tensors = cards.load(args.card)
    kept = {f"{d}_{k}": round(v, 4) for d in TRAINING for k, v in results[d].items()}
    kept |= {f"{d}_ai_no_trace": round(found["ai_no_trace"], 4) for d, found in results.items()}
    kept |= {f"{d}_n_ai": found["n_ai"] for d, found in results.items()}
    cards.write(replace(card, metrics=kept), tensors, args.card)
    print(args.page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
