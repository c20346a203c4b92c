"""What the shipped detector makes of the lab's diffusion on waveforms (decision 0252).

Both classes are ten seconds, mono, 16 kHz, with one low-pass and level, judged so and after one random
delivery drawn by one law. Beside the verdicts stands whether what is played is anything like music.

Run with: python -m lab.evaluation.music.diffusion DATA_FOLDER (after lab.training.diffusion train)
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from core.clip import Clip
from detector.music import MusicDetector
from detector.music.adapters.confounds import confounds, probe
from detector.music.features import BEST_FLUTTER, BEST_LINES, comb_vector
from lab import metrics
from lab.datasets import fold_of, read_manifest
from lab.evaluation.composer.judge import WITHIN, inside
from lab.evaluation.composer.statistics import NAMES, statistics, table
from lab.evaluation.music.excerpts import (
    LENGTH_S,
    RATE,
    Excerpt,
    narrowed,
    of,
    people,
    re_encoded,
    read,
    untouched,
)
from lab.training.diffusion.pieces import FOLDER, Played, play_all

PAGE = Path(__file__).resolve().parents[3] / "docs" / "benchmarks" / "ai-music-diffusion.md"
NUMBER = 24
NOISES = 8
FOLDS = 5
NEAR_CHANCE = (0.35, 0.65)
"""The first hypothesis: where the detector's area lies."""
CONFOUNDS = ("rate", "level", "crest", "width", "length", "band")
DELIVERIES = ("as played", "re-encoded")
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """What was measured of one copy.

    Attributes:
        excerpt: what it is a copy of.
        verdict: of the shipped detector.
        llr: its log10 likelihood ratio; None where it could not measure.
        comb: the largest comb score, untrained.
        confounds: rate, level, crest, width, length and band.
    """

    excerpt: Excerpt
    verdict: str
    llr: float | None
    comb: float
    confounds: tuple[float, ...]


def said(detector: MusicDetector, excerpt: Excerpt, clip: Clip) -> Said:
    """Ask the detector about a copy."""
    found = detector.score(clip)
    heard = detector.measure(clip)
    comb = 0.0
    if not isinstance(heard, str):
        vector = comb_vector(heard.combs)
        comb = float(max(vector[BEST_LINES].max(), vector[BEST_FLUTTER].max()))
    return Said(excerpt, found.verdict, found.llr, comb, confounds(clip))


def probed(rows: Sequence[Said]) -> Matrix:
    """What the confounds alone score, out of fold, [N]."""
    values = np.array([row.confounds for row in rows])
    # ties share a rank: the order of the rows is that of the classes
    ranks = stats.rankdata(values, axis=0) / len(rows) - 0.5
    synthetic = np.array([row.excerpt.synthetic for row in rows])
    folds = np.array([_fold(row.excerpt) for row in rows])

    def weigh(others: NDArray[np.bool_]) -> Matrix:
        weight = np.zeros(len(rows))
        for truth in (True, False):
            mine = others & (synthetic == truth)
            weight[mine] = 1 / max(int(mine.sum()), 1)
        return weight

    return probe(ranks, synthetic, folds, weigh, 1e-3)


def _fold(excerpt: Excerpt) -> int:
    """Collections of people stay together; pieces of one model cannot."""
    return fold_of(excerpt.name if excerpt.synthetic else excerpt.group, FOLDS)


def area(values: Matrix, synthetic: NDArray[np.bool_]) -> str:
    """An area with its interval."""
    low, high = metrics.bootstrap(metrics.auc, values[synthetic], values[~synthetic])
    return f"{metrics.auc(values[synthetic], values[~synthetic]):.3f} ({low:.2f} to {high:.2f})"


def page(played: Played, by_delivery: dict[str, list[Said]], noise: Sequence[Excerpt]) -> str:
    """The page, in Markdown."""
    first = by_delivery[DELIVERIES[0]]
    made = [row.excerpt for row in first if row.excerpt.synthetic]
    real = [row.excerpt for row in first if not row.excerpt.synthetic]
    collections = len({excerpt.group for excerpt in real})
    lines = [
        "# AI music: diffusion on waveforms",
        "",
        "Written by `python -m lab.evaluation.music.diffusion`; do not edit. Hypothesis and rule, written"
        " before: [decision 252](../decisions/0252-a-diffusion-model-of-the-lab-leaves-no-clock.md). The"
        f" lab's own diffusion model ({played.parameters / 1e6:.1f} million parameters, {played.trained}"
        f" steps of training on open music, {played.steps} calls to play a piece) played {len(made)} pieces"
        f" of {LENGTH_S:.0f} s, seeds 0 and up, chosen by nobody. Beside them {len(real)} recordings of"
        f" people from {collections} collections. Both classes are mono, {RATE / 1000:.0f} kHz, through one"
        " low-pass, at one level; *re-encoded* has been through one random delivery drawn by one law (speed"
        " in a quarter, 44.1 kHz in half, MP3, AAC, Opus or none). *Probe* is what rate, level, crest,"
        " width, length and band reach without listening. The people's recordings stand in the reference"
        " that they rank in, which can only make them look more human.",
        "",
        "## What the shipped detector says",
        "",
        "| copy | pieces / people | AUC (95 %) | comb alone | probe |",
        "|---|---|---|---|---|",
    ]
    lines += [_areas(name, rows) for name, rows in by_delivery.items()]
    lines += [
        "",
        *(_given_away(name, rows) for name, rows in by_delivery.items()),
        "| copy | class | n | called synthetic | told *no trace* | undecided | not measured |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for name, rows in by_delivery.items():
        for synthetic, word in ((True, "played"), (False, "people")):
            lines.append(_verdicts(name, word, [r for r in rows if r.excerpt.synthetic == synthetic]))
    lines += [
        "",
        "*No trace* is said as such: no trace of a neural decoder was found, which does not show that people"
        " made the recording. No verdict calls a recording human.",
        "",
        "## How near to music the pieces are",
        "",
        "The six statistics that a composer is judged by (decision 353), of the copies as played.",
        "",
        f"| median | people ({len(real)}), {WITHIN[0]:.0f} to {WITHIN[1]:.0f} % | played ({len(made)})"
        f" | noise ({len(noise)}) |",
        "|---|---|---|---|",
        *_statistics(real, made, noise),
        "",
        "## The first hypothesis",
        "",
        _ruled(by_delivery),
    ]
    return "\n".join(lines) + "\n"


def _areas(name: str, rows: Sequence[Said]) -> str:
    measured = [row for row in rows if row.llr is not None]
    truth = np.array([row.excerpt.synthetic for row in measured])
    llr = np.array([row.llr for row in measured], float)
    comb = np.array([row.comb for row in measured])
    counts = f"{int(truth.sum())} / {int((~truth).sum())}"
    return (
        f"| {name} | {counts} | {area(llr, truth)} | {area(comb, truth)} | {area(probed(measured), truth)} |"
    )


def _given_away(name: str, rows: Sequence[Said]) -> str:
    """What each confound alone gives away; a constant gives 0.5."""
    truth = np.array([row.excerpt.synthetic for row in rows])
    values = np.array([row.confounds for row in rows])
    areas = [metrics.auc(column[truth], column[~truth]) for column in values.T]
    told = ", ".join(f"{word} {value:.2f}" for word, value in zip(CONFOUNDS, areas, strict=True))
    return f"Areas of the confounds one by one, {name}: {told}.\n"


def _verdicts(name: str, word: str, rows: Sequence[Said]) -> str:
    unmeasured = sum(row.llr is None for row in rows)
    verdicts = [row.verdict for row in rows if row.llr is not None]
    cells = [_share(verdicts.count(v), len(rows)) for v in ("synthetic", "no_trace", "uncertain")]
    return f"| {name} | {word} | {len(rows)} | {' | '.join(cells)} | {unmeasured} |"


def _share(number: int, of_all: int) -> str:
    low, high = metrics.wilson(number, of_all)
    return f"{number} ({100 * low:.0f} to {100 * high:.0f} %)"


def _statistics(real: Sequence[Excerpt], made: Sequence[Excerpt], noise: Sequence[Excerpt]) -> list[str]:
    rows = [table([statistics(e.wav, RATE) for e in some]) for some in (real, made, noise)]
    low, high = np.percentile(rows[0], WITHIN, axis=0)
    medians = [np.median(some, axis=0) for some in rows[1:]]
    lines = [
        f"| {name} | {low[k]:.2f} to {high[k]:.2f} | " + " | ".join(f"{m[k]:.2f}" for m in medians) + " |"
        for k, name in enumerate(NAMES)
    ]
    shares = [f"{100 * inside(rows[0], some):.0f} %" for some in rows]
    outside = [
        name for k, name in enumerate(NAMES) if not low[k] <= float(np.median(rows[1][:, k])) <= high[k]
    ]
    return [
        *lines,
        "",
        f"Within the range of 98 of 100 people's recordings in all six at once: people {shares[0]}, played"
        f" {shares[1]}, noise {shares[2]}. Medians of what is played outside the range above:"
        f" {', '.join(outside) or 'none'}.",
    ]


def _ruled(by_delivery: dict[str, list[Said]]) -> str:
    found = {}
    for name, rows in by_delivery.items():
        some = [(row.llr, row.excerpt.synthetic) for row in rows if row.llr is not None]
        ours, theirs = ([llr for llr, truth in some if truth == wanted] for wanted in (True, False))
        found[name] = metrics.auc(ours, theirs)
    met = all(NEAR_CHANCE[0] <= value <= NEAR_CHANCE[1] for value in found.values())
    values = ", ".join(f"{value:.3f} {name}" for name, value in found.items())
    return (
        f"{'Met' if met else 'Not met'}: the detector's area lies between {NEAR_CHANCE[0]} and"
        f" {NEAR_CHANCE[1]} in both copies ({values})."
    )


def noises(number: int = NOISES) -> list[Excerpt]:
    """White noise in the same form."""
    found = []
    for seed in range(number):
        wav = narrowed(
            torch.randn(1, round(LENGTH_S * RATE), generator=torch.Generator().manual_seed(seed)), RATE
        )
        if wav is not None:
            found.append(Excerpt(f"noise-{seed}", "noise", True, wav))
    return found


def main() -> None:
    """Play what is not played yet, judge and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the trained network")
    parser.add_argument("--number", type=int, default=NUMBER, help="of pieces")
    args = parser.parse_args()
    torch.set_num_threads(1)
    played = play_all(args.folder, args.number, LENGTH_S)
    excerpts = [*read(played.paths, "the lab's diffusion"), *of(people(read_manifest(args.data)))]
    detector = MusicDetector.load()
    by_delivery = {
        DELIVERIES[0]: [said(detector, e, untouched(e)) for e in excerpts],
        DELIVERIES[1]: [said(detector, e, re_encoded(e)) for e in excerpts],
    }
    PAGE.write_text(page(played, by_delivery, noises()), encoding="utf-8")


if __name__ == "__main__":
    main()
