"""The shipped score by system and by condition: `python -m lab.evaluation.voice.systems RESULTS`.

From the tables of `lab.training.voice.measured`: the pages that judge, their human clips and the clips of
systems that no weights were trained on. `RESULTS` is docs/benchmarks/voice-held-out.json, whose entry
`listed` is made again.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from detector.voice import fusion
from detector.voice.synthesis import SyntheticVoice
from lab.evaluation.voice.artists import synthetic_llr
from lab.evaluation.voice.held_out import Scores, measures
from lab.metrics import eer, upper_bound
from lab.training.voice import conditions
from lab.training.voice.listed import TEST_PAGES
from lab.training.voice.listening import judging
from lab.training.voice.measured import Measured, kept, read
from lab.training.voice.synthesis import training


def scores(rows: Measured) -> Scores:
    """What the shipped score says of them, bounded as told."""
    llr = synthetic_llr(rows)
    most = SyntheticVoice.most_llr
    return Scores(rows.page, rows.synthetic, llr, np.clip(llr, -most, most))


def by_system(rows: Measured, found: Scores) -> dict[str, dict[str, float]]:
    """EER of each system's clips against all human clips, and how many there are."""
    human = found.score[~rows.synthetic]
    told = {}
    for name in sorted(set(rows.system[rows.synthetic].tolist())):
        own = found.score[rows.system == name]
        told[name] = {"clips": len(own), "eer": round(eer(own, human), 3)}
    return told


def measured() -> dict[str, Any]:
    """Every figure, of the conditions that were measured."""
    told: dict[str, Any] = {"conditions": {}, "effects": {}}
    known = training()
    for name in filter(kept, ("as published", *conditions.CARRIERS, *conditions.EFFECTS)):
        rows = read(name, TEST_PAGES)
        rows = rows.only(judging(rows, known))
        found = scores(rows)
        if name in conditions.EFFECTS:
            called = int((found.llr >= fusion.suspicious_llr(0.8)).sum())
            told["effects"][name] = [called, len(found.llr), round(upper_bound(called, len(found.llr)), 4)]
        elif rows.synthetic.any():
            told["conditions"][name] = measures(found)
        if name == "as published":
            told |= {"systems": by_system(rows, found), "pages": sorted(set(rows.page.tolist()))}
            told["clips"] = [int(rows.synthetic.sum()), int((~rows.synthetic).sum())]
    return told


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the entry."""
    parser = argparse.ArgumentParser(description="measure the shipped score by system and condition")
    parser.add_argument("results", type=Path)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    results = json.loads(options.results.read_text())
    results["listed"] = measured()
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results["listed"], indent=1))


if __name__ == "__main__":
    main()
