"""Paths through recurrence plots: found by rows of many plots at once, as a plain search finds them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from detector.originality import alignment
from detector.originality.alignment import GAP, MARK, STACK, lengths, passage
from detector.originality.frames import Array


def classes(seed: int, rows: int) -> Array:
    """Pitch classes that wander, rows of length 1, [rows, 12]."""
    rng = np.random.default_rng(seed)
    made = np.abs(np.cumsum(rng.normal(size=(rows, 12)), axis=0))
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


def longest(marks: NDArray[np.bool_]) -> float:
    """Cell by cell, as the paper has it."""
    found = np.zeros(marks.shape)
    for i, j in np.ndindex(*marks.shape):
        ways = ((i - 1, j - 1), (i - 2, j - 1), (i - 1, j - 2))
        best = max((found[way] for way in ways if min(way) >= 0), default=0.0)
        found[i, j] = best + MARK if marks[i, j] else max(best - GAP, 0)
    return float(found.max()) / MARK


def marked(one: Array, other: Array) -> NDArray[np.bool_]:
    flat = [np.lib.stride_tricks.sliding_window_view(rows, STACK, axis=0) for rows in (one, other)]
    left, right = (rows.reshape(len(rows), -1) for rows in flat)
    apart = np.square(left[:, None] - right[None]).sum(2)
    rows, columns = (max(1, round(0.1 * size)) - 1 for size in apart.shape)
    by_row = np.sort(apart, axis=1)[:, columns, None]
    return np.asarray((apart <= by_row) & (apart <= np.sort(apart, axis=0)[None, rows]), np.bool_)


def test_many_are_measured_at_once_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    one, others = classes(0, 50), [classes(k, 20 + 9 * k) for k in range(1, 6)]
    alone = [passage(one, other) for other in others]
    assert lengths(one, others).tolist() == [found.length for found in alone]
    monkeypatch.setattr(alignment, "CELLS_AT_ONCE", 1)
    assert lengths(one, others).tolist() == [found.length for found in alone]
    for other, found in zip(others, alone, strict=True):
        turned = np.roll(other, -found.turn, axis=1)
        assert found.length == longest(marked(one, turned))
        assert found.first[1] <= len(one)
        assert found.second[1] <= len(other)


def test_a_passage_is_told_where_it_lies() -> None:
    one = classes(0, 60)
    other = np.concatenate([classes(1, 15), np.roll(one[20:50], 3, axis=1), classes(2, 10)])
    found = passage(one, other)
    assert found.turn == 3
    assert found.first == pytest.approx((20, 50), abs=3)
    assert found.second == pytest.approx((15, 45), abs=3)


def test_what_is_shorter_than_a_stack_shares_nothing() -> None:
    assert passage(classes(0, STACK - 1), classes(1, 40)).length == 0.0
