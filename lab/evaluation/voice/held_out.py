"""Figures of scores on pages that no part of a score was trained on, and their section of the page.

    python -m lab.evaluation.voice.held_out docs/benchmarks/voice-held-out.json

The results hold an earlier study as it was judged, and what `lab.evaluation.voice.systems` measures of the
shipped score.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lab.evaluation.voice import held_out_page
from lab.metrics import auc, cllr, eer, min_cllr

LEAST = 4
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """Scored clips.

    Attributes:
        page: each clip's, [N].
        synthetic: [N] bool.
        score: fused, [N].
        llr: natural log-likelihood ratio, [N].
    """

    page: npt.NDArray[np.str_]
    synthetic: npt.NDArray[np.bool_]
    score: Floats
    llr: Floats


def within(rows: Scores) -> float:
    """Mean area over the pages with at least four clips of both classes."""
    areas = []
    for name in sorted(set(rows.page.tolist())):
        here = rows.page == name
        made, real = rows.score[here & rows.synthetic], rows.score[here & ~rows.synthetic]
        if min(made.size, real.size) >= LEAST:
            areas.append(auc(made, real))
    return float(np.mean(areas)) if areas else float("nan")


def by_page(statistic: Callable[[Scores], float], rows: Scores, rounds: int = 1000) -> list[float]:
    """95 % interval of a statistic, pages redrawn with replacement."""
    rng = np.random.default_rng(1)
    names = sorted(set(rows.page.tolist()))
    where = {name: np.flatnonzero(rows.page == name) for name in names}
    values = []
    for _ in range(rounds):
        index = np.concatenate([where[name] for name in rng.choice(names, len(names))])
        drawn = Scores(rows.page[index], rows.synthetic[index], rows.score[index], rows.llr[index])
        if drawn.synthetic.any() and not drawn.synthetic.all():
            values.append(statistic(drawn))
    return [round(float(value), 3) for value in np.nanquantile(values, [0.025, 0.975])]


def area(rows: Scores) -> float:
    """Area under the curve of all clips together."""
    return auc(rows.score[rows.synthetic], rows.score[~rows.synthetic])


def measures(rows: Scores) -> dict[str, Any]:
    """Every figure of one score."""
    made, real = rows.llr[rows.synthetic], rows.llr[~rows.synthetic]
    figures = {
        "auc": area(rows),
        "eer": eer(rows.score[rows.synthetic], rows.score[~rows.synthetic]),
        "within": within(rows),
        "cllr": cllr(made / np.log(10), real / np.log(10)),
        "min_cllr": min_cllr(rows.score[rows.synthetic], rows.score[~rows.synthetic]),
        "human_above_even": float((real > 0).mean()),
        "synthetic_above_even": float((made > 0).mean()),
    }
    rounded = {name: round(value, 3) for name, value in figures.items()}
    return rounded | {"auc95": by_page(area, rows), "within95": by_page(within, rows, 200)}


def main() -> None:
    """Write the section."""
    parser = argparse.ArgumentParser(description="write the held-out section of the voice benchmark")
    parser.add_argument("results", type=Path)
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks/voice.md"))
    options = parser.parse_args()
    results = json.loads(options.results.read_text())
    text = held_out_page.inserted(options.page.read_text(), held_out_page.section(results))
    options.page.write_text(text)


if __name__ == "__main__":
    main()
