"""Score recordings by a texture that never heard their generator, page or collection; write the page.

Run with: python -m lab.music_texture.evaluate MORE (after `planes`, and `train` for every fold)
"""

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from detector.music.adapters.confounds import probe
from lab import metrics
from lab.music_texture.joined import section, with_copies
from lab.music_texture.network import PlaneNetwork, Shape
from lab.music_texture.planes import RENDERINGS, chosen
from lab.music_texture.tables import FOLDS, WITHOUT_DECODER, Table, load
from lab.music_texture.train import SNAPSHOTS, STEPS, logits
from lab.texture_network.head import fit
from lab.training.music.listed import listed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "ai-music-texture.md"
RIDGE, LIMIT = 0.01, 4.0
GIVEN_AWAY = [1, 3, 4]
"""Crest, length and band: planes hold neither level nor width."""
Scores = NDArray[np.float64]


def regression(table: Table, ridge: float = RIDGE) -> Scores:
    """Held-out scores of a ridge-logistic regression on statistics, [N]; copies for the rule never train."""
    values, folds, truth = table.values.astype(np.float64), table.folds, table.synthetic.astype(np.float64)
    scores = np.zeros(len(values))
    for fold in range(len(FOLDS)):
        own = folds == fold
        others = (folds != fold) & (table.rendering < len(RENDERINGS))
        middle, spread = values[others].mean(0), values[others].std(0) + 1e-6
        columns = np.clip((values - middle) / spread, -LIMIT, LIMIT)
        beta = fit(columns[others], truth[others], table.weights(others), ridge)
        scores[own] = columns[own] @ beta[:-1] + beta[-1]
    return scores


def network(table: Table, snapshots: Path = SNAPSHOTS, steps: int = STEPS) -> Scores:
    """Held-out scores of the trained networks, [N]."""
    scores = np.zeros(len(table.recordings))
    for fold in range(len(FOLDS)):
        kept = torch.load(snapshots / f"fold{fold}.pt", weights_only=True)
        if int(kept["step"]) != steps:
            raise ValueError(f"the network of fold {fold} is not trained to its end: run the training again")
        net = PlaneNetwork(Shape())
        net.load_state_dict(kept["network"])
        own = table.folds == fold
        scores[own] = logits(net.eval(), table.planes[own])
    return scores


def standardised(scores: Scores, table: Table) -> Scores:
    """Scores over the mean of people in other folds, in units of their spread, [N]."""
    found = np.zeros(len(scores))
    for fold in range(len(FOLDS)):
        others = (table.folds != fold) & (table.rendering < len(RENDERINGS))
        people = scores[others & ~table.synthetic]
        own = table.folds == fold
        found[own] = (scores[own] - people.mean()) / (people.std() + 1e-9)
    return found


def given_away(table: Table) -> Scores:
    """What crest, length and band alone score, held out, [N]; 0 for copies, of which they are not kept."""
    rendered = table.rendering < len(RENDERINGS)
    facts = table.confounds[rendered][:, GIVEN_AWAY]
    ranks = facts.argsort(0, kind="stable").argsort(0, kind="stable") / len(facts) - 0.5

    def weigh(others: NDArray[np.bool_]) -> Scores:
        rows = rendered.copy()
        rows[rendered] = others
        weight = np.zeros(len(facts))
        weight[others] = table.weights(rows)
        return weight

    found = np.zeros(len(rendered))
    found[rendered] = probe(ranks, table.synthetic[rendered], table.folds[rendered], weigh, 1e-3)
    return found


def by_generator(table: Table, scores: Scores, rendering: int) -> dict[str, float]:
    """AUC of each generator against all people, of one rendering."""
    rows = table.rendering == rendering
    people = scores[rows & ~table.synthetic]
    names = np.array([r.generator for r in table.recordings])
    return {
        name: metrics.auc(scores[rows & table.synthetic & (names == name)], people)
        for name in sorted(set(names[rows & table.synthetic]))
    }


def within_fold(table: Table, scores: Scores, rendering: int) -> float:
    """Mean over folds of the AUC of the generated against the people of that fold."""
    rows = table.rendering == rendering
    found = []
    for fold in range(len(FOLDS)):
        own = rows & (table.folds == fold)
        some, people = scores[own & table.synthetic], scores[own & ~table.synthetic]
        if some.size and people.size:
            found.append(metrics.auc(some, people))
    return float(np.mean(found))


def figures(table: Table, scores: Scores, rendering: int) -> list[float]:
    """Pooled, mean over generators, median, lowest, mean without a decoder, within a fold; TPR at 1 % FPR."""
    per = by_generator(table, scores, rendering)
    rows = table.rendering == rendering
    some, people = scores[rows & table.synthetic], scores[rows & ~table.synthetic]
    bare = [auc for name, auc in per.items() if name in WITHOUT_DECODER]
    values = list(per.values())
    return [
        metrics.auc(some, people),
        float(np.mean(values)),
        float(np.median(values)),
        float(np.min(values)),
        float(np.mean(bare)) if bare else float("nan"),
        within_fold(table, scores, rendering),
        metrics.tpr_at_fpr(some, people, 0.01),
    ]


def page(table: Table, candidates: Mapping[str, Scores]) -> str:
    """The page, in Markdown."""
    once = table.rendering == 0
    lines = [
        "# AI music: texture on log-frequency planes",
        "",
        "Generated by `python -m lab.music_texture.evaluate MORE`; do not edit. Hypothesis, protocol and"
        " rule were written before:"
        " [decision 0225](../decisions/0225-what-a-third-music-network-must-reach.md). Every recording is"
        " scored by weights that saw neither page, relatives of the generator nor collection"
        f" ({int((once & table.synthetic).sum())} generated,"
        f" {int((once & ~table.synthetic).sum())} of people, ten seconds each). *L* is a ridge-logistic"
        " regression on statistics of the plane, *N* the network, *LN* the mean of both, *probe* what crest,"
        " length and band give away without listening. `native` is the file as published, `chain` a random"
        " delivery, `retimed` a random change of tempo (0.8 to 1.25)"
        " or pitch (up to five semitones), half of them delivered as well.",
        "",
        "| rendering | score | pooled AUC | mean generator | median | lowest | without a decoder"
        " | within a fold | TPR % at 1 % FPR |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for number, rendering in enumerate(RENDERINGS):
        for name, scores in candidates.items():
            *aucs, found = figures(table, scores, number)
            cells = " | ".join(f"{value:.3f}" for value in aucs)
            lines.append(f"| {rendering} | {name} | {cells} | {100 * found:.0f} |")
    heard = [name for name in candidates if name != "probe"]
    lines += ["", "## Generators", "", "AUC against all people, native / chain / retimed.", ""]
    lines += [f"| generator | n | {' | '.join(heard)} |", "|---|---:|" + "---|" * len(heard)]
    names = [r.generator for r, keep in zip(table.recordings, once, strict=True) if keep and r.synthetic]
    per = {name: [by_generator(table, candidates[name], k) for k in range(len(RENDERINGS))] for name in heard}
    for generator in sorted(set(names)):
        cells = " | ".join(" / ".join(f"{auc[generator]:.2f}" for auc in per[name]) for name in heard)
        lines.append(f"| {generator} | {names.count(generator)} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Score and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("more", type=Path)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--snapshots", type=Path, default=SNAPSHOTS)
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    table = with_copies(load(chosen(listed(args.more))))
    found = {"L": regression(table), "N": network(table, args.snapshots, args.steps)}
    found["LN"] = (standardised(found["L"], table) + standardised(found["N"], table)) / 2
    text = page(table, {**found, "probe": given_away(table)}) + section(table, found)
    args.page.write_text(text, encoding="utf-8")
    print(args.page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
