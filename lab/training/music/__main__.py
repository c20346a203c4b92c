"""Fit the music detector's weights, calibrations and references, and write them with their card.

The features need no training; what is fitted is one weight for each, from human music alone, two calibrations
and the scores of human and generated recordings. Calibrations and references rest on out-of-fold scores only.

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
from detector.calibration import LogisticCalibration
from detector.music.detector import CARD
from detector.music.features import COMB_FEATURES, limit, steady
from detector.music.groups import group_of
from lab.datasets import Recording
from lab.training.music.copies import CACHE, few_of_each, music, path_of, read
from lab.training.music.folds import Matrix, fit, importance, out_of_fold
from lab.training.music.playing import played, trained

LENGTH, BAND = 4, 5
"""Columns of the confounds that also name a recording's group."""
TRAINING = ("native", "chain-1", "matched")
FEW = 3
"""Recordings per collection and generator that were sent through a random delivery."""
SUSPECT_SOURCES = frozenset({"airgen-demo", "mt-musicldm-demo"})
"""Pages whose recordings labelled human carry the comb of the page's own codec: left out, and reported."""


@dataclass(frozen=True)
class Features:
    """Features of delivered copies.

    Attributes:
        recordings: where each row comes from.
        rows: comb features of the copy, [N, F].
        confounds: rate, level, crest, width, length and band, [N, 6].
    """

    recordings: tuple[Recording, ...]
    rows: Matrix
    confounds: Matrix

    @property
    def groups(self) -> list[str]:
        """Group of each copy, as the detector names it."""
        return [group_of(float(c[BAND]), float(c[LENGTH])) for c in self.confounds]

    def where(self, mask: NDArray[np.bool_]) -> "Features":
        """The rows of a mask."""
        kept = tuple(r for r, m in zip(self.recordings, mask, strict=True) if m)
        return Features(kept, self.rows[mask], self.confounds[mask])


def load_features(recordings: Sequence[Recording], delivery: str, cache: Path = CACHE) -> Features:
    """Features of every loud recording of one delivery that is in the cache.

    Args:
        recordings: which to load.
        delivery: its name; with the ending `:5s` only the first stretch of about five seconds, with
            `:segments` every stretch as a row of its own.
        cache: folder of the scores.
    """
    name, _, part = delivery.partition(":")
    kept, rows, confounds = [], [], []
    for recording in recordings:
        path = path_of(recording, name, cache)
        if not path.exists():
            continue
        analysed = read(path)
        if not analysed.whole.size:
            continue
        stretches = analysed.segments[:, 2:]
        found = stretches if part else steady(analysed.whole, list(stretches))[None]
        for row in found[:1] if part == "5s" else found:
            kept.append(recording)
            rows.append(limit(row))
            confounds.append(analysed.confounds)
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

    def load(ending: str) -> Features:
        return stack(
            [load_features(recordings if d == "native" else few, d + ending) for d in args.deliveries]
        )

    features, parts = load(""), load(":segments")
    train = usable(features.recordings, open_only=args.open_only)
    both = stack([features, parts])
    trains = np.concatenate([train, np.zeros(len(parts.recordings), bool)])
    scores = out_of_fold(both.rows, both.recordings, trains)
    judged = usable(both.recordings)
    synthetic = np.array([r.label == "ai" for r in both.recordings])
    whole = np.arange(len(judged)) < len(train)
    calibration, by_segment = (
        LogisticCalibration.fit(scores[judged & rows], synthetic[judged & rows]) for rows in (whole, ~whole)
    )
    chosen = features.where(train)
    people = features.where(train & np.array([r.label == "human" for r in features.recordings]))
    weights = fit(people.rows, importance(people.recordings))
    human = judged & whole & ~synthetic
    groups = [g for g, keep in zip(both.groups, human, strict=True) if keep]
    names = sorted(set(groups))
    playing = trained(played([r for r in recordings if not suspect(r)]))
    tensors = {
        "performance": torch.from_numpy(np.stack([playing.mean, playing.spread, playing.weights])),
        "performance_calibration": torch.tensor(
            [playing.calibration.slope, playing.calibration.intercept], dtype=torch.float64
        ),
        "weights": torch.from_numpy(weights),
        "calibration": torch.tensor([calibration.slope, calibration.intercept], dtype=torch.float64),
        "segment_calibration": torch.tensor([by_segment.slope, by_segment.intercept], dtype=torch.float64),
        "reference": torch.from_numpy(scores[human]),
        "reference_group": torch.tensor([names.index(g) for g in groups]),
        "generated": torch.from_numpy(scores[judged & whole & synthetic]),
    }
    data = describe(chosen.recordings, args.deliveries, open_only=args.open_only)
    card = Card(
        name="music-decoder-clock",
        version="4",
        file="",
        sha256="",
        licence="MIT",
        data=data,
        commit=commit(),
        trained_at=datetime.now(UTC).date().isoformat(),
        config={"groups": names},
        notes="See docs/models/music.md.",
    )
    cards.write(card, tensors, args.card)
    print(data)
    print("weights", np.round(weights, 3).tolist())


def describe(recordings: Sequence[Recording], deliveries: Sequence[str], *, open_only: bool) -> str:
    """What the weights rest on, in words, for the card."""
    generated = len({r.path for r in recordings if r.label == "ai"})
    human = len({r.path for r in recordings if r.label == "human"})
    terms = "openly licensed recordings only" if open_only else "open and research-only recordings"
    return (
        f"{generated} generated and {human} human recordings ({terms}), copies: {', '.join(deliveries)}; "
        f"{COMB_FEATURES} weights (from the human ones) and two calibrations fitted; no audio is contained"
    )


def commit() -> str:
    """Hash of the commit that the script runs from."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return found.stdout.strip()


if __name__ == "__main__":
    main()
