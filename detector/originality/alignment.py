"""Where two tracks follow the same pitch classes: the longest passage of a cross recurrence plot.

Short stacks of pitch classes that are each other's nearest are marked, and the longest path of marks is
sought that may bend and have gaps. Source: J. Serrà, X. Serra and R. Andrzejak, Cross recurrence
quantification for cover song identification, New Journal of Physics 11, 2009 (Qmax, transposition index).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.originality.frames import Array

STACK = 8
"""Rows in a stack: four seconds of half-second rows."""
NEAREST = 0.1
"""Share of the rows of the other track that count as near."""
GAP = 0.5
"""What each row without a mark takes off a path's length."""
TURNS = 12
TURNS_TRIED = 2


@dataclass(frozen=True)
class Passage:
    """The longest passage that two tracks share, in rows.

    Attributes:
        length: rows that agree, less what gaps cost.
        turn: semitones by which the second lies above the first, 0 to 11.
        first: begin and end in the first track.
        second: begin and end in the second.
    """

    length: float
    turn: int
    first: tuple[int, int]
    second: tuple[int, int]


def passage(one: Array, other: Array) -> Passage:
    """The longest shared passage of two sequences of pitch classes, [N, 12] and [M, 12]."""
    if min(len(one), len(other)) < STACK:
        return Passage(0.0, 0, (0, 0), (0, 0))
    best: Passage | None = None
    for turn in _turns(one, other):
        found = _longest(_recurrence(one, np.roll(other, -turn, axis=1)))
        if best is None or found[0] > best.length:
            length, (begin, end) = found
            best = Passage(length, turn, (begin[0], end[0] + STACK), (begin[1], end[1] + STACK))
    assert best is not None  # noqa: S101 - two turns are always tried
    return best


def _turns(one: Array, other: Array) -> list[int]:
    """The transpositions that bring the mean pitch classes closest, best first."""
    profile, rows = one.mean(0), other.mean(0)
    scores = [float(profile @ np.roll(rows, -turn)) for turn in range(TURNS)]
    return sorted(range(TURNS), key=lambda turn: -scores[turn])[:TURNS_TRIED]


def _recurrence(one: Array, other: Array) -> NDArray[np.bool_]:
    """Where a stack of each is among the nearest of the other, [N', M']."""
    stacks = [np.lib.stride_tricks.sliding_window_view(rows, STACK, axis=0) for rows in (one, other)]
    flat = [np.ascontiguousarray(s).reshape(len(s), -1) for s in stacks]
    squares = [np.square(rows).sum(1) for rows in flat]
    apart = squares[0][:, None] + squares[1][None] - 2 * flat[0] @ flat[1].T
    wide, high = (max(1, round(NEAREST * size)) - 1 for size in (apart.shape[1], apart.shape[0]))
    by_row = np.partition(apart, wide, axis=1)[:, wide, None]
    by_column = np.partition(apart, high, axis=0)[None, high]
    return np.asarray((apart <= by_row) & (apart <= by_column), np.bool_)


def _longest(marks: NDArray[np.bool_]) -> tuple[float, tuple[tuple[int, int], tuple[int, int]]]:
    """Length, first and last cell of the longest path, steps of one or of one and two, gaps paid for."""
    height, width = marks.shape
    length = np.zeros((height + 2, width + 2), np.float32)
    origin = np.zeros((height + 2, width + 2), np.int64)
    cells = np.arange(height * width).reshape(height, width)
    for row in range(height):
        # two rows and columns of nothing lie before the first; a step goes one down and one right, or two
        # down, or two right
        before = ((row + 1, slice(1, -1)), (row, slice(1, -1)), (row + 1, slice(0, -2)))
        values = np.stack([length[place] for place in before])
        chosen = values.argmax(0)[None]
        best = np.take_along_axis(values, chosen, 0)[0]
        came = np.take_along_axis(np.stack([origin[place] for place in before]), chosen, 0)[0]
        length[row + 2, 2:] = np.where(marks[row], best + 1, np.maximum(best - GAP, 0))
        origin[row + 2, 2:] = np.where(best > 0, came, cells[row])
    inside = length[2:, 2:]
    last = int(inside.argmax())
    end = (last // width, last % width)
    start = int(origin[2:, 2:][end])
    return float(inside[end]), ((start // width, start % width), end)
