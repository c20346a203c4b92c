"""Where two tracks follow the same pitch classes: the longest passage of a cross recurrence plot.

Short stacks of pitch classes that are each other's nearest are marked, and the longest path of marks is
sought that may bend and have gaps. Source: J. Serrà, X. Serra and R. Andrzejak, Cross recurrence
quantification for cover song identification, New Journal of Physics 11, 2009 (Qmax, transposition index).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.originality.frames import Array

STACK = 8
"""Rows in a stack: four seconds of half-second rows."""
NEAREST = 0.1
"""Share of the rows of the other track that count as near."""
MARK, GAP = 2, 1
"""What a row with a mark adds to a path's length and one without takes off it, in half rows."""
TURNS = 12
TURNS_TRIED = 2
BESIDE = 2
"""Columns without marks before each plot: a step reaches so far back."""
CELLS_AT_ONCE = 1 << 21
"""Cells of plots that are looked at together, to hold no more of them in memory."""
_WALL = -(1 << 14)
_TURNED = (np.arange(TURNS)[None] - np.arange(TURNS)[:, None]) % TURNS

Steps = NDArray[np.int16]


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
    turns = _turns(one, other)
    steps = _steps(one, [np.roll(other, -turn, axis=1) for turn in turns], STACK)
    lengths = np.stack([row.copy() for row in _lengths(steps)])
    width = len(other) - STACK + 1 + BESIDE
    tops = lengths.reshape(len(lengths), len(turns), width).max((0, 2))
    best = int(tops.argmax())
    begin, end = _path(lengths[:, best * width : (best + 1) * width])
    return Passage(
        float(tops[best]) / MARK,
        turns[best],
        (begin[0], end[0] + STACK),
        (begin[1] - BESIDE, end[1] - BESIDE + STACK),
    )


def lengths(one: Array, others: Sequence[Array], stack: int = STACK) -> Array:
    """Lengths of the longest passages that a sequence shares with each of many, in rows, [K].

    Args:
        one: pitch classes, [N, 12].
        others: pitch classes, at least `stack` rows each.
        stack: rows that are compared at a time; `one` has at least as many.
    """
    found = []
    for some in _portions(len(one), others):
        turned = [np.roll(other, -turn, axis=1) for other in some for turn in _turns(one, other)]
        steps = _steps(one, turned, stack)
        top = np.zeros(steps.shape[1], np.int16)
        for row in _lengths(steps):
            np.maximum(top, row, out=top)
        starts = np.cumsum([0] + [len(other) - stack + 1 + BESIDE for other in turned[:-1]])
        found.append(np.maximum.reduceat(top, starts).reshape(len(some), TURNS_TRIED).max(1))
    return np.asarray(np.concatenate(found) / np.float32(MARK), np.float32)


def _portions(rows: int, others: Sequence[Array]) -> Iterator[Sequence[Array]]:
    """So many of the others at a time as `CELLS_AT_ONCE` allow, at least one."""
    start = cells = 0
    for place, other in enumerate(others):
        more = rows * len(other) * TURNS_TRIED
        if place > start and cells + more > CELLS_AT_ONCE:
            yield others[start:place]
            start, cells = place, 0
        cells += more
    if start < len(others):
        yield others[start:]


def _turns(one: Array, other: Array) -> list[int]:
    """The transpositions that bring the mean pitch classes closest, best first."""
    scores = one.mean(0)[_TURNED] @ other.mean(0)
    return [int(turn) for turn in np.argsort(-scores, kind="stable")[:TURNS_TRIED]]


def _steps(one: Array, others: Sequence[Array], stack: int) -> Steps:
    """What each cell adds to a path that comes there, plots side by side with walls before each, [N', sum].

    A cell is marked where a stack of each is among the nearest of the other.
    """
    left, squares = _stacks(one, stack)
    rights = [_stacks(other, stack) for other in others]
    apart = squares[:, None] - 2 * left @ np.concatenate([rows for rows, _ in rights]).T
    apart += np.concatenate([square for _, square in rights])
    high = max(1, round(NEAREST * len(left))) - 1
    by_column = np.partition(apart.T, high, axis=1)[:, high]
    steps = np.full((len(left), apart.shape[1] + BESIDE * len(others)), _WALL, np.int16)
    start = 0
    for number, (rows, _) in enumerate(rights):
        plot = apart[:, start : start + len(rows)]
        wide = max(1, round(NEAREST * len(rows))) - 1
        near = plot <= np.partition(plot, wide, axis=1)[:, wide, None]
        near &= plot <= by_column[start : start + len(rows)]
        at = start + BESIDE * (number + 1)
        np.subtract(near * np.int16(MARK + GAP), np.int16(GAP), out=steps[:, at : at + len(rows)])
        start += len(rows)
    return steps


def _stacks(rows: Array, stack: int) -> tuple[Array, Array]:
    """Each `stack` rows that follow one another as one, [N', 12 * stack], and their squared lengths, [N']."""
    made = np.lib.stride_tricks.sliding_window_view(rows, stack, axis=0)
    flat = np.ascontiguousarray(made).reshape(len(made), -1)
    return flat, np.asarray(np.square(flat).sum(1), np.float32)


def _lengths(steps: Steps) -> Iterator[Steps]:
    """Rows of the lengths of the longest paths that end in each cell, in half rows, [sum] each.

    A step goes one down and one right, or two down and one right, or one down and two right. A row is
    overwritten by the third after it.
    """
    kept = np.zeros((3, steps.shape[1] + BESIDE), np.int16)  # two columns of nothing lie before the first
    for number, row in enumerate(steps):
        before, last, now = (kept[(number + place) % 3] for place in range(3))
        best = now[BESIDE:]
        np.maximum(last[1:-1], before[1:-1], out=best)
        np.maximum(best, last[:-BESIDE], out=best)
        best += row
        np.maximum(best, 0, out=best)
        yield best


def _path(found: Steps) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last cell of the longest path of one plot."""
    end = divmod(int(found.argmax()), found.shape[1])
    cell = (int(end[0]), int(end[1]))
    end = cell
    while True:
        row, column = cell
        ways = ((row - 1, column - 1), (row - 2, column - 1), (row - 1, column - 2))
        reached = [int(found[way]) if min(way) >= 0 else 0 for way in ways]
        best = max(reached)
        if best <= 0:
            return cell, end
        cell = ways[reached.index(best)]
