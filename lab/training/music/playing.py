"""Fit the weak measure of how music is played on symbolic generators rendered with samples.

Whole demo pages are held out, and a share of the human collections with each. The features of every recording
are computed once and kept under `runs/`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.decode import decode
from detector.calibration import LogisticCalibration
from detector.music.performance import FEATURES, SHORTEST_S, PerformanceModel, describe
from lab.datasets import Recording

Matrix = NDArray[np.float64]

CACHE = Path("runs/music/performance")
RIDGE = 0.1
SYMBOLIC = "ai-symbolic"


@dataclass(frozen=True)
class Played:
    """Features of symbolic and human recordings.

    Attributes:
        recordings: one per row.
        rows: `performance.describe` of each, [N, F].
    """

    recordings: tuple[Recording, ...]
    rows: Matrix

    @property
    def symbolic(self) -> NDArray[np.bool_]:
        """Which rows a machine composed."""
        return np.array([r.label == SYMBOLIC for r in self.recordings])


def played(recordings: Sequence[Recording], cache: Path = CACHE) -> Played:
    """Features of every symbolic and human recording that is long and loud enough."""
    kept, rows = [], []
    for recording in recordings:
        if recording.label not in (SYMBOLIC, "human"):
            continue
        path = cache / recording.path.parent.name / f"{recording.path.stem}.npy"
        if not path.exists():
            clip = decode(recording.path)
            usable = clip.duration_s >= SHORTEST_S and float(clip.wav.abs().max()) > 1e-4
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, describe(clip.wav, clip.sample_rate) if usable else np.zeros(0))
        row = np.load(path)
        if row.size == len(FEATURES):
            kept.append(recording)
            rows.append(row)
    return Played(tuple(kept), np.array(rows))


def fit(rows: Matrix, symbolic: NDArray[np.bool_]) -> PerformanceModel:
    """Ridge logistic regression (Newton's method), both classes with the same weight; not yet calibrated."""
    mean, spread = rows.mean(0), rows.std(0) + 1e-6
    design = np.clip((rows - mean) / spread, -3.0, 3.0)
    design = np.concatenate([design, np.ones((len(design), 1))], 1)
    share = np.where(symbolic, 0.5 / symbolic.sum(), 0.5 / (~symbolic).sum())
    penalty = RIDGE * np.diag([*[1.0] * rows.shape[1], 0.0])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (share * (symbolic - p)) - penalty @ beta
        curvature = (design.T * (share * p * (1 - p))) @ design + penalty
        step = np.linalg.solve(curvature, gradient)
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    return PerformanceModel(mean, spread, beta[:-1], LogisticCalibration(1.0, float(beta[-1])))


def out_of_fold(data: Played) -> Matrix:
    """Scores of every row by a model that saw neither its page nor its collection."""
    pages = sorted({r.source for r in data.recordings if r.label == SYMBOLIC})
    folds = np.array([_fold(r.source, pages) for r in data.recordings])
    scores = np.zeros(len(folds))
    for fold in range(len(pages)):
        train = folds != fold
        scores[~train] = fit(data.rows[train], data.symbolic[train]).raw(data.rows[~train])
    return scores


def trained(data: Played) -> PerformanceModel:
    """The model to ship: fitted on everything, calibrated on held-out scores."""
    model = fit(data.rows, data.symbolic)
    calibration = LogisticCalibration.fit(out_of_fold(data), data.symbolic)
    return PerformanceModel(model.mean, model.spread, model.weights, calibration)


def _fold(source: str, pages: Sequence[str]) -> int:
    if source in pages:
        return pages.index(source)
    return int.from_bytes(hashlib.sha256(source.encode()).digest()[:4], "big") % len(pages)
