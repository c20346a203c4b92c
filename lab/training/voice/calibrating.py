"""Calibrate the shipped synthetic-voice score again, from pages left out in turn.

    python -m lab.training.voice.calibrating

Reads the tables of `lab.training.voice.measured`, training pages and those for choosing as published; the
pages of `TEST_PAGES` take no part. At most fifteen clips of a page and class are heard. Only the ratio that
is told is fitted; weights, standardisations and the ratio that accuses stay.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from core.cards import load, write
from detector.voice import synthesis
from detector.voice.synthesis import SyntheticVoice
from lab.training.voice.fusing import CALIBRATED, calibrate
from lab.training.voice.listed import CHOOSING_PAGES
from lab.training.voice.listening import few, left_out, two_sided
from lab.training.voice.measured import IN_TRAINING, joined, read
from lab.training.voice.synthesis import training


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, and write the numbers into the card."""
    parser = argparse.ArgumentParser(description="calibrate the shipped synthetic-voice score again")
    parser.add_argument("--card", type=Path, default=Path(synthesis.__file__).with_name("synthesis.toml"))
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    heard, choosing = few(training(IN_TRAINING[:1])), read("as published", CHOOSING_PAGES)
    judged = SyntheticVoice.load(options.card).scores(torch.tensor(choosing.inputs)).double().numpy()
    score = np.concatenate([left_out(heard, choosing, two_sided(heard)), judged])
    rows, known = joined([heard, choosing]), np.isfinite(score)
    fitted = calibrate(score[known], rows.synthetic[known], rows.page[known])
    card, tensors = load(options.card)
    data = card.data.partition(" Fusion")[0] + f" {CALIBRATED} Nothing from the 11 test pages"
    write(replace(card, data=data), {**tensors, "calibration": torch.tensor(fitted)}, options.card)
    print(f"slope {fitted[0]:.3f}, offset {fitted[1]:.3f}, of {int(known.sum())} clips")


if __name__ == "__main__":
    main()
