"""How close two melodies are, and where: the longest passage shared once the tempi are made equal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.originality.alignment import STACK, lengths, passage
from detector.originality.chroma import CLASSES
from detector.originality.frames import Array
from detector.originality.sketch import ROW_S, Parts

STEP_S = 0.5
"""Time between two rows that are aligned, were both tracks played at the mean of their tempi."""
COARSE = 2
"""So many times as far apart are the rows by which many tracks are looked through: a quarter of the cells."""

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


def shared(one: Parts, other: Parts, tempi: Sequence[float] = TEMPI) -> Shared:
    """The longest passage that two tracks share, at whichever tempo it is longest."""
    return min((_at(one, other, slower) for slower in tempi), key=lambda found: found.distance)


def distances(one: Parts, others: Sequence[Parts], coarse: int = 1) -> Array:
    """Distances as those of `shared`, of a track to many at once, at each of `TEMPI`, [tempi, K].

    Args:
        one: a track in which a melody is measurable, as in the others.
        others: at least one.
        coarse: how many times as far apart the rows lie: `COARSE` says nearly the same for a fourth of the
            work.
    """
    apart = np.full((len(TEMPI), len(others)), np.inf, np.float32)
    for tempo, slower in enumerate(TEMPI):
        mine, theirs = _steps(slower, coarse)
        rows, stack = _every(one.rows, mine), STACK // coarse
        played = [_every(other.rows, theirs) for other in others]
        long = [place for place, other in enumerate(played) if len(other) >= stack]
        if len(rows) < stack or not long:
            continue
        found = lengths(rows, [played[place] for place in long], stack)
        shorter = np.array([min(len(rows), len(played[place])) - stack + 1 for place in long])
        apart[tempo, long] = np.sqrt(shorter / coarse) / np.maximum(found, 0.5)
    return apart


def cells(one: int, other: int) -> int:
    """How much there is to compare of two tracks that have so many rows, in pairs of rows."""
    return one * other // round(STEP_S / ROW_S) ** 2


def _steps(slower: float, coarse: int = 1) -> tuple[float, float]:
    """Time between rows of either track if the second plays slower by about some factor."""
    return coarse * STEP_S / slower**0.5, coarse * STEP_S * slower**0.5


def _at(one: Parts, other: Parts, slower: float) -> Shared:
    steps = _steps(slower)
    rows = [_every(s.rows, step) for s, step in zip((one, other), steps, strict=True)]
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
    whole = np.minimum(edges.astype(np.int64), len(rows) - 1) if len(rows) else np.zeros(1, np.int64)
    part = (edges - whole)[:, None]
    at = total[whole] * (1 - part) + total[np.minimum(whole + 1, len(rows))] * part
    means = np.diff(at, axis=0)
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6), np.float32)
