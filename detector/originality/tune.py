"""How close two melodies are, and where: the longest passage shared once the tempi are made equal."""

from dataclasses import dataclass

import numpy as np

from detector.originality.alignment import STACK, passage
from detector.originality.chroma import CLASSES
from detector.originality.frames import Array
from detector.originality.sketch import ROW_S, Sketch

STEP_S = 0.5
"""Time between two rows that are aligned, were both tracks played at the mean of their tempi."""

TEMPI = (0.67, 0.82, 1.0, 1.22, 1.5)
"""By what factors the other track may play slower; the alignment bends by a tenth and more."""


@dataclass(frozen=True)
class Shared:
    """A shared passage.

    Attributes:
        distance: 0 to 1 and more: small where the passage is long for tracks of this length.
        start_s, end_s: where it lies in the first track.
        other_start_s, other_end_s: where in the second.
        semitones: by how much the second lies higher, -5 to 6.
        tempo: how much faster the second plays.
    """

    distance: float
    start_s: float
    end_s: float
    other_start_s: float
    other_end_s: float
    semitones: int
    tempo: float


def shared(one: Sketch, other: Sketch) -> Shared:
    """The longest passage that two tracks share, at whichever of `TEMPI` it is longest."""
    return min((_at(one, other, slower) for slower in TEMPI), key=lambda found: found.distance)


def cells(one: Sketch, other: Sketch) -> int:
    """How much there is to compare of two tracks, in pairs of rows."""
    return len(one.rows) * len(other.rows) // round(STEP_S / ROW_S) ** 2


def _at(one: Sketch, other: Sketch, slower: float) -> Shared:
    """The longest passage if the other plays slower by some factor, or somewhat more or less."""
    steps = (STEP_S / slower**0.5, STEP_S * slower**0.5)
    rows = [_every(np.asarray(s.rows, np.float32), step) for s, step in zip((one, other), steps, strict=True)]
    found = passage(*rows)
    shorter = max(1, min(len(r) for r in rows) - STACK + 1)
    here, there = (
        (step * side[0], step * side[1])
        for step, side in zip(steps, (found.first, found.second), strict=True)
    )
    quicker = (here[1] - here[0]) / (there[1] - there[0]) if there[1] > there[0] else 1.0
    return Shared(
        float(np.sqrt(shorter) / max(found.length, 0.5)),
        *here,
        *there,
        (found.turn + 5) % CLASSES - 5,
        quicker,
    )


def _every(rows: Array, step_s: float) -> Array:
    """Rows of length 1 at another pace, each the mean of what lies in it, [N, 12]."""
    count = int(len(rows) * ROW_S / step_s)
    edges = np.arange(count + 1) * step_s / ROW_S
    total = np.concatenate([np.zeros((1, CLASSES)), np.cumsum(rows, 0, dtype=np.float64)])
    at = np.stack([np.interp(edges, np.arange(len(total)), column) for column in total.T], axis=1)
    means = np.diff(at, axis=0)
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6), np.float32)
