"""Train the networks of the synthetic-voice score, and calibrate their fusion on pages left out.

    python -m lab.training.voice.synthesis [--commit COMMIT]

Reads the tables of `lab.training.voice.measured`. The pages of `TEST_PAGES` take no part; those of
`CHOOSING_PAGES` set standardisations and, with the training pages left out in turn, the calibration.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.cards import write
from detector.voice import synthesis
from detector.voice.countermeasure import Countermeasure
from detector.voice.lines import COUNT
from lab.training.voice.fusing import LeftOut, card, fused
from lab.training.voice.listed import CHOOSING_PAGES
from lab.training.voice.listening import (
    GAIN,
    LISTENERS,
    Scores,
    left_out,
    logits,
    trained,
    training_pages,
)
from lab.training.voice.measured import IN_TRAINING, Measured, joined, read


def lines(rows: Measured) -> Scores:
    """Scores of the line countermeasure."""
    with torch.inference_mode():
        found = Countermeasure.load().logits(torch.tensor(rows.inputs[:, :COUNT]))
    told: Scores = found.double().numpy()
    return told


def training() -> Measured:
    """All rows of training pages."""
    tables = [read(condition) for condition in IN_TRAINING]
    return joined([table.only(training_pages(table)) for table in tables])


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on all training pages, score what was left out, write weights and card."""
    parser = argparse.ArgumentParser(description="train the synthetic-voice score")
    parser.add_argument("--card", type=Path, default=Path(synthesis.__file__).with_name("synthesis.toml"))
    parser.add_argument("--commit", default="uncommitted")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    known, choosing = training(), read("as published", CHOOSING_PAGES)
    pages = sorted(set(known.page.tolist()))
    rows = joined([known, choosing])
    columns: list[Scores] = [lines(rows)]
    tensors: dict[str, Tensor] = {}
    for name, view in LISTENERS.items():
        network = trained(known, view, GAIN[name])
        tensors |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
        apart = left_out(known, view, GAIN[name], pages)
        columns.append(np.concatenate([apart, logits(network, choosing, view)]))
        print(f"{name}: trained", flush=True)
    development = np.isin(rows.page, sorted(CHOOSING_PAGES))
    numbers = fused(LeftOut(np.stack(columns, 1), rows.synthetic, rows.page, rows.sung, development))
    written = write(card(options.commit, len(known.page)), tensors | numbers, options.card)
    print({name: value.tolist() for name, value in numbers.items()}, written)


if __name__ == "__main__":
    main()
