"""Of how many recordings the rates of the cards are: `python -m lab.evaluation.counts`.

The evaluations write these counts beside the rates. For cards that they wrote before they did, this reads the
counts from the pages and results that the same runs left, and writes none that its rate does not fit.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.cards import load, write
from detector.voice import identity, synthesis
from lab.evaluation.voice.systems import counted
from lab.evaluation.watermark.page import PAGE
from provenance.watermark import model

BENCHMARKS = PAGE.parent
TRIALS = {
    "genuine": "genuine X against other people",
    "clones": "clone of X against clones of others",
}
"""The rows of the voice page on comparisons, by the rate that each belongs to."""
ROUNDED = 5e-5


def marks(page: str, rates: Mapping[str, float]) -> dict[str, float]:
    """Clips for each rate of reading marks, from the table of the watermark's page.

    Raises:
        ValueError: a rate is none of so many clips; the page belongs to another card.
    """
    told: dict[str, float] = {}
    for name, count in re.findall(r"^\| (\w\S*) \| (\d+) \| \d", page, re.MULTILINE):
        for length in ("5s", "30s"):
            rate = f"message_accuracy_{length}_{name}"
            if rate in rates and f"{rate}_n" not in told:
                told[f"{rate}_n"] = _fitting(rate, rates[rate], int(count))
    return told


def comparisons(page: str) -> dict[str, float]:
    """Comparisons of voices for each rate of equal errors, from the voice page."""
    return dict(_comparisons(page))


def _comparisons(page: str) -> Iterator[tuple[str, float]]:
    for kind, row in TRIALS.items():
        found = re.search(rf"^\| {row} \| (\d+) / (\d+) \|", page, re.MULTILINE)
        if found is None:
            raise ValueError(f"the voice page has no row {row!r}")
        yield f"eer_{kind}_n_same", int(found[1])
        yield f"eer_{kind}_n_others", int(found[2])


def _fitting(name: str, rate: float, count: int) -> int:
    if abs(round(rate * count) / count - rate) > ROUNDED:
        raise ValueError(f"{name} = {rate} is no rate of {count} clips: measure it again")
    return count


def main() -> None:
    """Write the counts into the cards of this tree."""
    held_out: dict[str, Any] = json.loads((BENCHMARKS / "voice-held-out.json").read_text())["listed"]
    _add(model.CARD, marks(PAGE.read_text(), load(model.CARD)[0].metrics))
    _add(identity.CARD, comparisons((BENCHMARKS / "voice.md").read_text()))
    _add(Path(synthesis.__file__).with_name("synthesis.toml"), counted(held_out))


def _add(path: Path, counts: Mapping[str, float]) -> None:
    card, tensors = load(path)
    write(replace(card, metrics={**card.metrics, **counts}), tensors, path)


if __name__ == "__main__":
    main()
