"""Measure the texture network alone and joined with the comb, and write its page.

The network learned from human music and lab renderings alone, so every generated recording is one of a
generator that it never saw. Human recordings that it learned from are left out of every figure, for the comb
as well; the others come from collections that it never saw. How the score joins the comb was fixed before
anything was measured: what exceeds the human median, in units of the distance from there to what nine in ten
human recordings stay below, enters the same norm of order 3; median and quantile leave out the recording's
own collection or page. The ridge-logistic regression beside it is fitted on the other pages and collections.

Run with: python -m lab.evaluation.music_network DATA_FOLDER (after lab.training.music_network)
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import TrackmarkError
from core.resample import resample
from detector.calibration import GroupedReference, LogisticCalibration
from detector.music.detector import FALSE_ALARMS
from detector.music.features import ORDER
from lab.datasets import Recording
from lab.evaluation import metrics
from lab.evaluation.music import Scored, figures, score_all
from lab.training.decoders_music import trains
from lab.training.music import FEW, TRAINING, load_features, suspect, usable
from lab.training.music_data import delivered, few_of_each, music, path_of
from lab.training.music_fit import fold_names, importance
from lab.training.music_network import CROP, HELD_OUT, SNAPSHOT, load, read, validate
from lab.training.music_network_data import FOLDER
from lab.training.music_network_model import RATE, TextureNetwork

DELIVERIES = ("native", "chain-1", "matched", "speed_0.95", "hybrid_0", "native:5s")
MOST_CROPS = 12
LEAST_SPREAD = 0.2
TRACK_S = 180.0
MOST_LOST = 0.02
"""What joining may cost any one generator, in AUC."""
QUANTILE = 0.9
PAGE = Path("docs/benchmarks/ai-music-network.md")
AUDIO = Path("runs/music-network/audio")
Row = NDArray[np.float64]


@dataclass(frozen=True)
class Ways:
    """One delivery scored in four ways, on the same recordings.

    Attributes:
        comb: as the product scores today.
        network: the network alone.
        joined: both in one norm.
        regression: both by ridge-logistic regression.
    """

    comb: Scored
    network: Scored
    joined: Scored
    regression: Scored


def heard(recording: Recording, delivery: str, everything: Sequence[Recording]) -> NDArray[np.int16]:
    """One copy as the network hears it, mono at `RATE`, kept under `runs/` once computed."""
    path = path_of(recording, delivery, AUDIO).with_suffix(".npy")
    if not path.exists():
        wav, rate = delivered(recording, delivery, everything)
        mono = resample(wav.mean(0, keepdim=True), rate, RATE)[0]
        scaled = torch.round(mono * (32000 / mono.abs().max().clamp_min(1e-4))).short().numpy()
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, scaled)
    return np.asarray(np.load(path), np.int16)


@torch.no_grad()
def logits(network: TextureNetwork, audio: NDArray[np.int16]) -> Row:
    """One logit per crop of 2 s, at most `MOST_CROPS` of them, evenly spread."""
    whole = len(audio) // CROP
    chosen = np.unique(np.linspace(0, whole - 1, min(whole, MOST_CROPS)).round().astype(int))
    crops = np.stack([audio[n * CROP : (n + 1) * CROP] for n in chosen])
    return np.asarray(network(torch.from_numpy(crops).float() / 32768).rendered.numpy(), np.float64)


def raw_of(
    network: TextureNetwork, scored: Scored, everything: Sequence[Recording]
) -> tuple[Row, NDArray[np.bool_]]:
    """Median logit of each recording, and which of them could be scored."""
    name, _, part = scored.delivery.partition(":")
    values, found = np.zeros(len(scored.recordings)), np.ones(len(scored.recordings), bool)
    for k, recording in enumerate(scored.recordings):
        try:
            audio = heard(recording, name, everything)
            values[k] = np.median(logits(network, audio[: 5 * RATE] if part else audio))
        except (TrackmarkError, ValueError):
            found[k] = False
    return values, found


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


def regressed(columns: Row, recordings: Sequence[Recording], judged: NDArray[np.bool_]) -> Row:
    """Ridge-logistic scores, [N], of columns, [N, K], each row by weights of other pages and collections."""
    folds = np.array(fold_names(recordings))
    synthetic = np.array([float(r.label == "ai") for r in recordings])
    design = np.concatenate([columns, np.ones((len(columns), 1))], 1)
    ridge = np.diag([*[0.01] * columns.shape[1], 0.0])
    result = np.zeros(len(columns))
    for fold in sorted(set(folds)):
        rows = judged & (folds != fold)
        weight = importance([r for r, keep in zip(recordings, rows, strict=True) if keep])
        x, y, beta = design[rows], synthetic[rows], np.zeros(design.shape[1])
        for _ in range(30):
            p = 1 / (1 + np.exp(-x @ beta))
            slope = x.T @ (weight * (y - p)) - ridge @ beta
            curve = (x * (weight * p * (1 - p))[:, None]).T @ x + ridge + 1e-9 * np.eye(len(beta))
            beta = beta + np.linalg.solve(curve, slope)
        result[folds == fold] = design[folds == fold] @ beta
    return result


def rejudged(parts: Sequence[Scored], raw: Sequence[Row]) -> list[Scored]:
    """The same recordings under other scores: likelihood ratios by fold, p-values by collection."""
    recordings = [r for p in parts for r in p.recordings]
    values, groups = np.concatenate(list(raw)), [g for p in parts for g in p.groups]
    training = np.concatenate([np.full(len(p.recordings), p.delivery in TRAINING) for p in parts])
    judged = usable(recordings) & training
    synthetic = np.array([r.label == "ai" for r in recordings])
    folds, sources = np.array(fold_names(recordings)), np.array([r.source for r in recordings])
    llr, p_value = np.zeros(len(values)), np.zeros(len(values))
    for fold in sorted(set(folds)):
        others = judged & (folds != fold)
        calibration = LogisticCalibration.fit(values[others], synthetic[others])
        for i in np.flatnonzero(folds == fold):
            llr[i] = calibration.llr(float(values[i]))
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


def all_ways(network: TextureNetwork, everything: Sequence[Recording]) -> list[Ways]:
    """Every delivery in every way."""
    few = few_of_each(everything, FEW)
    parts = [(d, load_features(everything if d == "native" else few, d)) for d in DELIVERIES]
    kept, raw = [], []
    for scored in score_all(parts):
        values, found = raw_of(network, scored, everything)
        mask = found & np.array([not trains(r) for r in scored.recordings])
        kept.append(scored.where(mask))
        raw.append(values[mask])
    recordings = [r for s in kept for r in s.recordings]
    training = np.concatenate([np.full(len(s.recordings), s.delivery in TRAINING) for s in kept])
    human = np.array([r.label == "human" for r in recordings])
    judged = usable(recordings) & training
    alone = np.concatenate(raw)
    texture = normalised(alone, recordings, judged & human)
    comb = np.concatenate([s.raw for s in kept])
    both = (comb**ORDER + texture**ORDER) ** (1 / ORDER)
    fitted = regressed(np.stack([np.log1p(comb), alone / 5], 1), recordings, judged)
    edges = np.cumsum([0, *(len(s.recordings) for s in kept)])[1:-1]
    columns = [rejudged(kept, np.split(values, edges)) for values in (comb, alone, both, fitted)]
    return [Ways(*row) for row in zip(*columns, strict=True)]


def generator_aucs(scored: Scored) -> dict[str, float]:
    """AUC of each generator against all human recordings."""
    ai, human = scored.labelled("ai"), scored.labelled("human")
    names = sorted({r.generator for r in ai.recordings})
    return {n: metrics.auc(ai.raw[[r.generator == n for r in ai.recordings]], human.raw) for n in names}


@torch.no_grad()
def cost_s(network: TextureNetwork, seconds: float) -> float:
    """Processor time of one track, resampling included, best of three."""
    wav, best = 0.1 * torch.randn(1, round(44_100 * seconds)), float("inf")
    for _ in range(3):
        started = time.process_time()
        mono = resample(wav, 44_100, RATE)[0]
        logits(network, (32000 * mono.clamp(-1, 1)).short().numpy())
        best = min(best, time.process_time() - started)
    return best


def verdict(way: Ways) -> str:
    """What joining the network changes, against the rule for keeping it."""
    before, after = figures(way.comb), figures(way.joined)
    old, new = generator_aucs(way.comb), generator_aucs(way.joined)
    lost = sorted(name for name in old if old[name] - new[name] > MOST_LOST)
    kept = (
        after["auc"] > before["auc"]
        and after["median_generator_auc"] > before["median_generator_auc"]
        and not lost
        and after["flagged_human"] <= FALSE_ALARMS
    )
    return (
        f"{way.comb.delivery}: pooled {after['auc'] - before['auc']:+.3f}, median "
        f"{after['median_generator_auc'] - before['median_generator_auc']:+.3f}, "
        f"{len(lost)} of {len(old)} generators lose more ({', '.join(lost) or 'none'}), "
        f"{100 * after['flagged_human']:.1f} % of human recordings flagged: {'met' if kept else 'not met'}."
    )


def page(ways: Sequence[Ways], network: TextureNetwork, lab: Mapping[str, float], looked: int) -> str:
    """The page's text.

    Args:
        ways: scores of every delivery.
        network: that was measured.
        lab: its figures on pairs that it did not learn from.
        looked: trained networks that had scored test recordings by then.
    """
    size = sum(p.numel() for p in network.parameters())
    spent = cost_s(network, TRACK_S)
    families = ", ".join(f"{name} {value:.3f}" for name, value in lab.items() if name != "pairs")
    lines = [
        "# AI music: the texture network, tried",
        "",
        "Generated by `python -m lab.evaluation.music_network`; do not edit. See docs/decisions/0203.",
        "",
        f"A network of {size:,} parameters, trained on pairs of open human music and lab renderings of it.",
        "No generated recording took part in its training; human recordings that did are left out here,",
        "for every column, so the figures of the comb differ from those of the main page.",
        f"Trained networks that had scored test recordings when this page was written: {looked}.",
        "",
        f"On lab pairs that it did not see, of music that it did, AUC by kind of rendering: {families};",
        f"the order is right in {100 * lab['pairs']:.0f} % of the pairs. A track of {TRACK_S:.0f} s costs "
        f"{spent:.2f} s of one core, {TRACK_S / spent:.0f} times real time.",
        "",
        f"It was to stay only if `joined` raised the pooled and the median AUC, no generator lost more than "
        f"{MOST_LOST}, and at most 1 % of human recordings were flagged:",
        "",
        *(f"- {verdict(way)}" for way in ways[:2]),
        "",
        "| delivery | AI / human | score | pooled AUC | median generator | lowest | EER % | TPR % at 1 % FPR "
        "| human flagged % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    names = ("comb", "network", "joined", "regression")
    for way in ways:
        for name in names:
            scored: Scored = getattr(way, name)
            f = figures(scored)
            lines.append(
                f"| {scored.delivery} | {f['n_ai']:.0f} / {f['n_human']:.0f} | {name} | {f['auc']:.3f} "
                f"| {f['median_generator_auc']:.3f} | {f['lowest_generator_auc']:.2f} | {100 * f['eer']:.1f} "
                f"| {100 * f['tpr_at_1_percent']:.0f} | {100 * f['flagged_human']:.1f} |"
            )
    for way in ways[:2]:
        delivery = way.comb.delivery
        lines += [
            "",
            f"## Generators, {delivery}",
            "",
            "| generator | comb | network | joined | regression |",
        ]
        lines.append("|---|---|---|---|---|")
        columns = [generator_aucs(getattr(way, name)) for name in names]
        lines += [f"| {g} | " + " | ".join(f"{c[g]:.3f}" for c in columns) + " |" for g in columns[0]]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Score, and write the page; with `--audio-only` just the copies that the network will hear."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--snapshot", type=Path, default=SNAPSHOT)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--looked", type=int, default=1, help="networks that had scored test recordings")
    parser.add_argument("--audio-only", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    everything = music(args.data)
    if args.audio_only:
        few = few_of_each(everything, FEW)
        for delivery in DELIVERIES[:-1]:
            for recording in everything if delivery == "native" else few:
                if path_of(recording, delivery).exists() and not trains(recording) and not suspect(recording):
                    heard(recording, delivery, everything)
            print(delivery, flush=True)
        return
    network = load(args.snapshot)
    lab = validate(network, read(sorted(FOLDER.glob("pairs-*.npz"))[-HELD_OUT:]))
    text = page(all_ways(network, everything), network, lab, args.looked)
    args.page.write_text(text, encoding="utf-8")
    print(args.page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
