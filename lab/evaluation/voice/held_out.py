"""Score pages that no part of the synthetic-voice score was trained on, and write their section of the page.

    python -m lab.evaluation.voice.held_out docs/benchmarks/voice-held-out.json [--clips clips.csv]

`clips.csv` lists `file`, `page` and `synthetic` (0 or 1) of the held-out clips; with it, the product's score
is measured again. Results go into the section, which holds the protocol with its amendments, and the card.
"""

import argparse
import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from core.cards import load, write
from core.decode import decode
from detector.voice import synthesis
from detector.voice.frontend import mono
from detector.voice.synthesis import SyntheticVoice
from lab.evaluation.voice import held_out_page
from lab.evaluation.voice.held_out_page import FUSED
from lab.metrics import auc, cllr, eer, min_cllr

LONGEST_S = 5
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


def scored(clips: Path) -> Scores:
    """Score the clips of a table as the product does, at most 5 s of each."""
    voice = SyntheticVoice.load()
    with clips.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    found = []
    for row in rows:
        sound = decode(clips.parent / row["file"])
        wav = mono(sound.wav[:, : LONGEST_S * sound.sample_rate], sound.sample_rate)
        found.append(voice.listen(wav).logits.mean())
    score = torch.stack(found)
    return Scores(
        np.array([row["page"] for row in rows]),
        np.array([row["synthetic"] == "1" for row in rows]),
        score.double().numpy(),
        voice.llr(score).double().numpy(),
    )


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


def record(results: dict[str, Any]) -> None:
    """Write the figures of the shipped score, of each system and of open weights into the card."""
    path = Path(synthesis.__file__).with_name("synthesis.toml")
    card, tensors = load(path)
    numbers = {f"held_out_{k}": value for k, value in results["shipped"].items() if isinstance(value, float)}
    numbers["auc_weights_from_open_recordings_only"] = results["weights_from_open_recordings_only"][FUSED][
        "auc"
    ]
    systems = results["without_copy_synthesis"][FUSED]["systems"]
    numbers |= {f"auc {name}": area for name, area in systems.items()}
    write(replace(card, metrics=numbers), tensors, path)


def main() -> None:
    """Measure where clips are given, and write the section."""
    parser = argparse.ArgumentParser(description="write the held-out section of the voice benchmark")
    parser.add_argument("results", type=Path)
    parser.add_argument("--clips", type=Path)
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks/voice.md"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = json.loads(options.results.read_text())
    if options.clips:
        results["shipped"] = measures(scored(options.clips))
        options.results.write_text(json.dumps(results, indent=1) + "\n")
    record(results)
    text = held_out_page.inserted(options.page.read_text(), held_out_page.section(results))
    options.page.write_text(text)


if __name__ == "__main__":
    main()
