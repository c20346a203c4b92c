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

from core.cards import write
from detector.voice import synthesis
from detector.voice.synthesis import Fusion
from lab.training.voice.fusing import calibrate, card, cautious, fusion
from lab.training.voice.listed import CHOOSING_PAGES
from lab.training.voice.listening import GAIN, LISTENERS, columns, few, left_out, trained, training_pages
from lab.training.voice.measured import IN_TRAINING, Measured, joined, read


def training(conditions: Sequence[str] = IN_TRAINING) -> Measured:
    """All rows of training pages."""
    tables = [read(condition) for condition in conditions]
    return joined([table.only(training_pages(table)) for table in tables])


def main(arguments: Sequence[str] | None = None) -> None:
    """Train on all training pages, score what was left out, write weights and card."""
    parser = argparse.ArgumentParser(description="train the synthetic-voice score")
    parser.add_argument("--card", type=Path, default=Path(synthesis.__file__).with_name("synthesis.toml"))
    parser.add_argument("--commit", default="uncommitted")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    known, choosing = training(), read("as published", CHOOSING_PAGES)
    networks = {name: trained(known, view, GAIN[name]) for name, view in LISTENERS.items()}
    tensors = {f"{n}.{key}": value for n, net in networks.items() for key, value in net.state_dict().items()}
    own = fusion(columns(networks, choosing))
    heard, judged = few(training(IN_TRAINING[:1])), own.score(torch.tensor(columns(networks, choosing)))
    rows = joined([heard, choosing])
    score = np.concatenate([left_out(heard, choosing, sorted(set(heard.page.tolist()))), judged.numpy()])
    told = {
        "calibration": calibrate(score, rows.synthetic, rows.page),
        "accusing": cautious(score, rows.synthetic, rows.page, rows.sung),
    }
    numbers = {name: getattr(own, name) for name in Fusion.__dataclass_fields__}
    numbers |= {name: torch.tensor(pair) for name, pair in told.items()}
    written = write(card(options.commit, len(known.page)), tensors | numbers, options.card)
    print({name: value.tolist() for name, value in numbers.items()}, written)


if __name__ == "__main__":
    main()
