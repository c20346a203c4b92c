"""The verdict on hard negatives and lab decoders, with and without the guards.

Human recordings and what was made of them are scored by weights that did not see their collection, and ranked
among human recordings of other collections, as in `lab.evaluation.music`; synthesised sounds by the weights
that ship. The map from score to likelihood ratio is the shipped one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detector.calibration import GroupedReference
from detector.music import guards
from detector.music.detector import MusicDetector
from detector.music.evidence import CLEAR_Z
from detector.music.features import OPEN, SETTINGS, joined
from detector.music.verdict import accuses, clears
from lab.datasets import Recording
from lab.evaluation.music_hard.scores import Copy, Scores
from lab.training.music.__main__ import FEW, TRAINING, load_features, stack, usable
from lab.training.music.copies import few_of_each
from lab.training.music.folds import fit, fold_names, importance, out_of_fold

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What would be said of one copy.

    Attributes:
        copy: which.
        raw: joined score; NaN where nothing could be measured.
        llr: log10 likelihood ratio, NaN likewise.
        accused: `synthetic` by the score alone.
        flagged: `synthetic` after the guards.
        reason: of the guard that spoke; empty for none.
        lines: largest share of the sound on the lines of a comb that its score comes from; NaN if not asked.
    """

    copy: Copy
    raw: float
    llr: float
    accused: bool
    flagged: bool
    reason: str
    lines: float = float("nan")
    clear: bool = False

    @property
    def measured(self) -> bool:
        """Whether there was enough to measure."""
        return bool(np.isfinite(self.raw))

    @property
    def no_trace(self) -> bool:
        """Whether the verdict would be `no_trace`."""
        return self.measured and clears(self.llr, clear=self.clear)


class Judge:
    """Scores copies as the detector does, the original's collection held out."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        """Fit the weights of every fold on the cached features of the recordings."""
        self.detector = MusicDetector.load()
        few = few_of_each(recordings, FEW)
        parts = [load_features(recordings if d == "native" else few, d) for d in TRAINING]
        features = stack(parts)
        trains = usable(features.recordings)
        human = trains & np.array([r.label == "human" for r in features.recordings])
        self.raw = out_of_fold(features.rows, features.recordings, trains)[human]
        self.groups = [g for g, h in zip(features.groups, human, strict=True) if h]
        self.people = [r for r, h in zip(features.recordings, human, strict=True) if h]
        rows = features.rows[human]
        self.folds = dict(
            zip((r.source for r in features.recordings), fold_names(features.recordings), strict=True)
        )
        folds = np.array([self.folds[r.source] for r in self.people])
        self.weights: dict[str, Vector] = {}
        for fold in sorted(set(self.folds.values())):
            kept = folds != fold
            chosen = [r for r, k in zip(self.people, kept, strict=True) if k]
            self.weights[fold] = fit(rows[kept], importance(chosen))
        self.references: dict[str, GroupedReference] = {"": self.detector.reference}

    def by_score(self, copy: Copy, vector: Vector, group: str) -> Judged:
        """What the score alone would say, guards not asked.

        Args:
            copy: which.
            vector: its scores, [F]; empty where nothing could be measured.
            group: of its p-value.
        """
        if not vector.size:
            return Judged(copy, float("nan"), float("nan"), False, False, "")
        source = copy.recording.source if copy.recording is not None else ""
        raw = float(joined(vector, self._weights(source)))
        llr = self.detector.calibration.llr(raw)
        p_value = self._reference(source).rank(raw, group).p_value
        accused = accuses(llr, p_value)
        known = max(vector[:OPEN].max(), vector[SETTINGS].max())
        return Judged(copy, raw, llr, accused, accused, "", clear=bool(known >= CLEAR_Z))

    def judge(self, copy: Copy, scores: Scores) -> Judged:
        """Say what the detector would."""
        quick = self.by_score(copy, scores.vector, scores.group)
        if quick.measured:
            quick = replace(quick, lines=float(scores.lines.max()))
        if not quick.accused:
            return quick
        reason = guards.objection(guards.Shares(scores.lines, scores.flutter), bank=bool(scores.bank[0]))
        return replace(quick, flagged=reason is None, reason=reason or "")

    def _weights(self, source: str) -> Vector:
        fold = self.folds.get(source, "")
        return self.weights[fold] if fold else self.detector.weights

    def _reference(self, source: str) -> GroupedReference:
        if source not in self.references:
            kept = [k for k, r in enumerate(self.people) if r.source != source]
            self.references[source] = GroupedReference.of(self.raw[kept], [self.groups[k] for k in kept])
        return self.references[source]


def sets_thresholds(name: str) -> bool:
    """Whether a kind or generator belongs to the half on which the guards' thresholds were set."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0
