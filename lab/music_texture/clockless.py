"""Whether a listener that learned from the lab's diffusion alone hears published diffusion (decision 0252).

Ridge-logistic regression on the statistics of log-frequency planes. Pieces of the lab's model train against
people of half of the collections; generators of others and the other half are judged.

Run with: python -m lab.music_texture.clockless DATA_FOLDER (after lab.training.diffusion train)
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.resample import resample
from lab import metrics
from lab.datasets import fold_of, read_manifest
from lab.evaluation.music.diffusion import NUMBER
from lab.evaluation.music.excerpts import LENGTH_S, RATE, Excerpt, of, people, read
from lab.music_texture.evaluate import LIMIT, RIDGE
from lab.music_texture.planes import FRAMES, WORK_RATE, chained, fitted, plane
from lab.music_texture.statistics import statistics
from lab.texture_network.head import fit
from lab.training.diffusion.pieces import FOLDER, play_all
from lab.training.music.copies import few_of_each

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "ai-music-diffusion-listener.md"
COPIES = 3
OF_EACH, MOST, OTHERS = 2, 10, 3
"""Recordings of a human collection, of a generator that the rule asks about, and of any other."""
CLOCKLESS = ("tiny-audio-diffusion(drums)", "Noise2Music-wave", "Noise2Music-spec")
WANTED = 0.70
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """An excerpt in several random deliveries.

    Attributes:
        excerpt: what was delivered.
        values: statistics of each, [COPIES, F].
    """

    excerpt: Excerpt
    values: Matrix


def heard(excerpt: Excerpt) -> Heard:
    """Deliver an excerpt and measure it."""
    work = resample(excerpt.wav, RATE, WORK_RATE)[0]
    rows = []
    for number in range(COPIES):
        rng = np.random.default_rng(fold_of(f"{excerpt.group}/{excerpt.name}:{number}", 2**62))
        rows.append(statistics(fitted(plane(chained(work, rng), WORK_RATE), FRAMES)))
    return Heard(excerpt, np.array(rows, np.float64))


def trains(excerpt: Excerpt) -> bool:
    """Whether the regression may see a recording of people: half of the collections."""
    return fold_of(excerpt.group, 2) == 0


@dataclass(frozen=True)
class Listener:
    """The regression.

    Attributes:
        middle: of each statistic, [F].
        spread: likewise.
        beta: weights and constant, [F + 1].
    """

    middle: Matrix
    spread: Matrix
    beta: Matrix

    @classmethod
    def of(cls, made: Sequence[Heard], real: Sequence[Heard]) -> "Listener":
        """Learn both classes apart; collections weigh as the root of their size."""
        rows = np.concatenate([one.values for one in (*made, *real)])
        truth = np.repeat([1.0, 0.0], [COPIES * len(made), COPIES * len(real)])
        groups = [one.excerpt.group for one in real]
        weight = np.array([1.0] * len(made) + [1 / np.sqrt(groups.count(g)) for g in groups]).repeat(COPIES)
        for label in (0.0, 1.0):
            weight[truth == label] /= weight[truth == label].sum()
        middle, spread = rows.mean(0), rows.std(0) + 1e-6
        columns = np.clip((rows - middle) / spread, -LIMIT, LIMIT)
        return cls(middle, spread, fit(columns, truth, weight, RIDGE))

    def scores(self, some: Sequence[Heard]) -> Matrix:
        """Mean over the deliveries of each, [N]; higher: as the lab's diffusion."""
        rows = np.array([one.values for one in some])
        columns = np.clip((rows - self.middle) / self.spread, -LIMIT, LIMIT)
        return np.asarray((columns @ self.beta[:-1] + self.beta[-1]).mean(1))


def page(made: Sequence[Heard], real: Sequence[Heard], published: Sequence[Heard]) -> str:
    """Learn, judge and say it in Markdown."""
    known = [one for one in real if trains(one.excerpt)]
    unknown = [one for one in real if not trains(one.excerpt)]
    listener = Listener.of(made, known)
    own = Listener.of(made[::2], known).scores(made[1::2])
    people_ = listener.scores(unknown)
    scores = listener.scores(published)
    groups = np.array([one.excerpt.group for one in published])
    counted = np.isin(groups, CLOCKLESS)
    value, low, high = _area(scores[counted], people_)
    met = value >= WANTED and low > 0.5
    collections = [len({one.excerpt.group for one in some}) for some in (known, unknown)]
    lines = [
        "# AI music: a listener that learned from the lab's diffusion",
        "",
        "Written by `python -m lab.music_texture.clockless`; do not edit. Hypothesis and rule, written"
        " before: [decision 252](../decisions/0252-a-diffusion-model-of-the-lab-leaves-no-clock.md)."
        f" A ridge-logistic regression on {made[0].values.shape[1]} statistics of log-frequency planes"
        f" learned {len(made)} pieces of [the lab's diffusion](ai-music-diffusion.md) against {len(known)}"
        f" recordings of people from {collections[0]} collections, and nothing else. It is judged on"
        f" {len(unknown)}"
        f" recordings from {collections[1]} other collections. All are ten seconds, mono, 16 kHz, with one"
        f" low-pass, in {COPIES} random deliveries each, whose scores are averaged. Nothing of it ships.",
        "",
        f"**{'Met' if met else 'Not met'}**: published diffusion without a clock"
        f" ({', '.join(CLOCKLESS)}; {int(counted.sum())} recordings) {value:.3f} ({low:.2f} to {high:.2f}),"
        f" wanted {WANTED:.2f} and an interval above 0.5.",
        "",
        "| generator | n | AUC (95 %) |",
        "|---|---:|---|",
        f"| *the lab's own, the half that did not train* | {len(own)} | {_told(own, people_)} |",
    ]
    for group in sorted(set(groups.tolist()), key=lambda name: (name not in CLOCKLESS, name)):
        mine = scores[groups == group]
        lines.append(f"| {group} | {len(mine)} | {_told(mine, people_)} |")
    return "\n".join(lines) + "\n"


def _area(made: Matrix, real: Matrix) -> tuple[float, float, float]:
    return (metrics.auc(made, real), *metrics.bootstrap(metrics.auc, made, real))


def _told(made: Matrix, real: Matrix) -> str:
    value, low, high = _area(made, real)
    return f"{value:.3f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the trained network")
    args = parser.parse_args()
    torch.set_num_threads(1)
    recordings = read_manifest(args.data)
    generated = [r for r in recordings if r.label == "ai" and r.use != "avoid"]
    published = [
        *few_of_each([r for r in generated if r.generator in CLOCKLESS], MOST),
        *few_of_each([r for r in generated if r.generator not in CLOCKLESS], OTHERS),
    ]
    made = read(play_all(args.folder, NUMBER, LENGTH_S).paths, "the lab's diffusion")
    parts = [[heard(e) for e in some] for some in (made, of(people(recordings, OF_EACH)), of(published))]
    PAGE.write_text(page(*parts), encoding="utf-8")


if __name__ == "__main__":
    main()
