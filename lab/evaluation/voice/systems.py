"""The shipped score by system and by condition: `python -m lab.evaluation.voice.systems RESULTS`.

From the tables of `lab.training.voice.measured`: the pages that judge, their human clips and the clips of
systems that no weights were trained on. `RESULTS` is docs/benchmarks/voice-held-out.json, whose entry
`listed` is made again.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.cards import load, write
from detector.voice import fusion, synthesis
from detector.voice.detector import SUSPECTED
from detector.voice.synthesis import SyntheticVoice
from lab.evaluation.voice.artists import synthetic_llr
from lab.evaluation.voice.held_out import Scores, measures
from lab.metrics import auc, eer, upper_bound
from lab.training.voice import conditions
from lab.training.voice.fusing import WEIGHT
from lab.training.voice.listed import TEST_PAGES
from lab.training.voice.listening import GAIN, LISTENERS, facts, judging, lines, logits, trained
from lab.training.voice.measured import Measured, kept, read
from lab.training.voice.synthesis import training


def scores(rows: Measured) -> Scores:
    """What the shipped score says of them, bounded as told."""
    voice = SyntheticVoice.load()
    llr = voice.llr(voice.scores(torch.tensor(rows.inputs))).double().numpy()
    most = SyntheticVoice.most_llr
    return Scores(rows.page, rows.synthetic, llr, np.clip(llr, -most, most))


def by_system(rows: Measured, found: Scores) -> dict[str, dict[str, float]]:
    """Area and EER of each system's clips against all human clips, and how many there are."""
    human = found.score[~rows.synthetic]
    told = {}
    for name in sorted(set(rows.system[rows.synthetic].tolist())):
        own = found.score[rows.system == name]
        told[name] = {
            "clips": len(own),
            "auc": round(auc(own, human), 3),
            "eer": round(eer(own, human), 3),
        }
    return told


def open_only(known: Measured, rows: Measured) -> dict[str, Any]:
    """The same sum of networks that were trained on open recordings alone, not calibrated."""
    free = known.only(known.open)
    columns = [lines(rows)]
    columns += [logits(trained(free, view, GAIN[name]), rows, view) for name, view in LISTENERS.items()]
    standard = [(column - column.mean()) / column.std() for column in columns]
    score = standard[0] + WEIGHT * np.sum(standard[1:], axis=0)
    found = measures(Scores(rows.page, rows.synthetic, score, score))
    return {name: found[name] for name in ("auc", "auc95", "eer", "within")} | {"clips": len(free.page)}


def measured() -> dict[str, Any]:
    """Every figure, of the conditions that were measured."""
    told: dict[str, Any] = {"conditions": {}}
    known = training()
    for name in filter(kept, ("as published", *conditions.CARRIERS)):
        rows = read(name, TEST_PAGES)
        rows = rows.only(judging(rows, known))
        found = scores(rows)
        told["conditions"][name] = measures(found)
        if name == "as published":
            told |= {"systems": by_system(rows, found), "pages": sorted(set(rows.page.tolist()))}
            told["open_recordings_only"] = open_only(known, rows)
            told["facts_only_auc"] = facts_only(known, rows)
            told["clips"] = [int(rows.synthetic.sum()), int((~rows.synthetic).sum())]
    told["effects"] = effects(known)
    return told


def effects(known: Measured) -> dict[str, list[float]]:
    """Of human clips after each effect that was measured: called, all, and the bound of the share."""
    told = {}
    for name in filter(kept, (*conditions.EFFECTS, conditions.ENHANCED)):
        rows = read(name, TEST_PAGES)
        llr = synthetic_llr(rows.only(judging(rows, known)))
        called = int((llr >= fusion.suspicious_llr(SUSPECTED)).sum())
        told[name] = [called, len(llr), round(upper_bound(called, len(llr)), 4)]
    return told


def facts_only(known: Measured, rows: Measured) -> float:
    """Area of a network that hears no voice: level, energy above 7 kHz, floor and seconds alone."""
    found = logits(trained(known, facts), rows, facts)
    return round(auc(found[rows.synthetic], found[~rows.synthetic]), 3)


def counted(found: Mapping[str, Any]) -> dict[str, float]:
    """Of how many clips the shares above even are."""
    synthetic, human = found["clips"]
    return {"held_out_n_synthetic": synthetic, "held_out_n_human": human}


def record(found: Mapping[str, Any]) -> None:
    """Write the figures of the shipped score into its card."""
    path = Path(synthesis.__file__).with_name("synthesis.toml")
    card, tensors = load(path)
    plain = found["conditions"]["as published"]
    numbers = {f"held_out_{name}": value for name, value in plain.items() if isinstance(value, float)}
    numbers |= counted(found)
    numbers["auc_weights_from_open_recordings_only"] = found["open_recordings_only"]["auc"]
    numbers |= {f"auc {name}": row["auc"] for name, row in found["systems"].items()}
    write(replace(card, metrics=numbers), tensors, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the entry."""
    parser = argparse.ArgumentParser(description="measure the shipped score by system and condition")
    parser.add_argument("results", type=Path)
    parser.add_argument("--effects", action="store_true", help="count what is called after effects only")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    results = json.loads(options.results.read_text())
    if options.effects:
        results["listed"]["effects"] = effects(training())
    else:
        results["listed"] = measured()
        record(results["listed"])
    options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results["listed"], indent=1))


if __name__ == "__main__":
    main()
