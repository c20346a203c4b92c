"""Fit the music detector's weights, calibration and human reference, and write them with their card.

The features need no training; what is fitted are eight non-negative weights, two calibration numbers and the
scores of human recordings. Calibration and reference rest on out-of-fold scores only.

Run with: python -m lab.training.music DATA_FOLDER [--open-only]
"""

import argparse
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core import cards
from core.cards import Card
from detector.calibration import LogisticCalibration, thin
from detector.music.detector import CARD
from detector.music.features import best_scores, limit, measure
from detector.music.spectra import join
from lab.datasets import Recording
from lab.training.music_data import CACHE, few_of_each, music, read
from lab.training.music_fit import Matrix, fit, importance, out_of_fold

RIDGE = 3e-2
REFERENCE_SIZE = 2000
CONFOUNDS = 6
TRAINING = ("native", "chain-1")
FEW = 3
"""Recordings per collection and generator that were sent through the random delivery."""
SUSPECT_SOURCES = frozenset({"airgen-demo", "mt-musicldm-demo"})
"""Pages whose recordings labelled human carry the comb of the page's own codec: left out, and reported."""


@dataclass(frozen=True)
class Features:
    """Features of delivered copies.

    Attributes:
        recordings: where each row comes from.
        rows: comb features of the whole copy, [N, F].
        confounds: rate, level, crest, width, length and band, [N, 6].
    """

    recordings: tuple[Recording, ...]
    rows: Matrix
    confounds: Matrix


def load_features(recordings: Sequence[Recording], delivery: str, cache: Path = CACHE) -> Features:
    """Features of every loud recording of one delivery that is in the cache.

    Args:
        recordings: which to load.
        delivery: its name; with the ending `:5s`, only the first block of about five seconds.
        cache: folder of the features.
    """
    name, _, part = delivery.partition(":")
    kept, rows, confounds = [], [], []
    for recording in recordings:
        path = cache / name / recording.path.parent.name / f"{recording.path.stem}.npz"
        if not path.exists():
            continue
        small = path.with_suffix(f".{part or 'whole'}.best.npy")
        if not small.exists():
            analysed = read(path)
            block = analysed.blocks[0] if part else join(analysed.blocks)
            vector = best_scores(measure(block)) if block.loud else np.zeros(0)
            np.save(small, np.concatenate([analysed.confounds, [block.band_hz], vector]))
        stored = np.load(small)
        if stored.size > CONFOUNDS:
            kept.append(recording)
            confounds.append(stored[:CONFOUNDS])
            rows.append(limit(stored[CONFOUNDS:]))
    return Features(tuple(kept), np.array(rows), np.array(confounds))


def usable(recordings: Sequence[Recording], *, open_only: bool = False) -> NDArray[np.bool_]:
    """Which recordings may train: generated audio and human music, suspects left out."""
    return np.array(
        [
            r.label in {"ai", "human"} and not suspect(r) and (r.use == "open" or not open_only)
            for r in recordings
        ]
    )


def suspect(recording: Recording) -> bool:
    """Whether a recording labelled human carries the comb of its page's own codec."""
    return recording.label == "human" and recording.source in SUSPECT_SOURCES


def stack(parts: Sequence[Features]) -> Features:
    """Several deliveries as one set."""
    return Features(
        tuple(r for p in parts for r in p.recordings),
        np.concatenate([p.rows for p in parts]),
        np.concatenate([p.confounds for p in parts]),
    )


def main() -> None:
    """Fit on the cached features and write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--deliveries", nargs="+", default=TRAINING)
    parser.add_argument("--open-only", action="store_true")
    parser.add_argument("--card", type=Path, default=CARD)
    args = parser.parse_args()
    torch.set_num_threads(1)
    recordings = music(args.data)
    few = few_of_each(recordings, FEW)
    features = stack([load_features(recordings if d == "native" else few, d) for d in args.deliveries])
    train = usable(features.recordings, open_only=args.open_only)
    scores = out_of_fold(features.rows, features.recordings, train, ridge=RIDGE)
    synthetic = np.array([r.label == "ai" for r in features.recordings])
    judged = usable(features.recordings)
    calibration = LogisticCalibration.fit(scores[judged], synthetic[judged])
    chosen = [r for r, t in zip(features.recordings, train, strict=True) if t]
    model = fit(features.rows[train], synthetic[train].astype(np.float64), importance(chosen), ridge=RIDGE)
    reference = thin(scores[judged & ~synthetic], REFERENCE_SIZE)
    tensors = {
        "weights": torch.from_numpy(model.weights),
        "bias": torch.tensor([model.bias], dtype=torch.float64),
        "calibration": torch.tensor([calibration.slope, calibration.intercept], dtype=torch.float64),
        "reference": torch.from_numpy(reference),
    }
    data = describe(chosen, args.deliveries, open_only=args.open_only)
    card = Card(
        name="music-decoder-clock",
        version="1",
        file="",
        sha256="",
        licence="MIT",
        data=data,
        commit=commit(),
        trained_at=datetime.now(UTC).date().isoformat(),
        notes="See docs/models/music.md.",
    )
    cards.write(card, tensors, args.card)
    print(data)
    print("weights", np.round(model.weights, 3).tolist(), "bias", round(model.bias, 3))


def describe(recordings: Sequence[Recording], deliveries: Sequence[str], *, open_only: bool) -> str:
    """What the weights rest on, in words, for the card."""
    generated = len({r.path for r in recordings if r.label == "ai"})
    human = len({r.path for r in recordings if r.label == "human"})
    terms = "openly licensed recordings only" if open_only else "open and research-only recordings"
    return (
        f"{generated} generated and {human} human recordings ({terms}), copies: {', '.join(deliveries)}; "
        "eight weights and two calibration numbers are fitted, no audio is contained"
    )


def commit() -> str:
    """Hash of the commit that the script runs from."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return found.stdout.strip()


if __name__ == "__main__":
    main()
