"""The effective number of clusters and its interval."""

import numpy as np
import pytest

from detector.originality import effective, similarity
from detector.originality.diversity import vendi


def clusters(count: int, tracks: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Similarities of tracks that each belong to one of some clusters, with nothing between these."""
    of = np.random.default_rng(seed).integers(0, count, tracks)
    return similarity(np.where(of[:, None] == of[None], 0.0, 10.0), 1.0)


def test_copies_count_once_and_strangers_each() -> None:
    assert vendi(similarity(np.zeros((5, 5)), 1.0)) == pytest.approx(1.0)
    assert vendi(similarity(10.0 * (1 - np.eye(5)), 1.0)) == pytest.approx(5.0)
    assert vendi(clusters(4, 400, 0)) == pytest.approx(4.0, rel=0.05)


def test_the_interval_holds_the_number_of_another_draw_of_the_same_source() -> None:
    # nominally 95 of 100; 40 and fewer of 50 happen by luck once in 15,000
    whole = np.mean([effective(clusters(6, 400, 1000 + k), 20).number for k in range(5)])
    held = [one.low <= whole <= one.high for one in (effective(clusters(6, 40, k), 20) for k in range(50))]
    assert sum(held) > 40


def test_fewer_kinds_of_tracks_are_told_apart_from_more() -> None:
    few, many = effective(clusters(3, 60, 1), 30), effective(clusters(25, 60, 1), 30)
    assert few.high < many.low
    assert few.number <= few.of == 30


def test_the_same_tracks_give_the_same_numbers() -> None:
    assert effective(clusters(3, 30, 1), 15) == effective(clusters(3, 30, 1), 15)


def test_too_few_tracks_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 20 tracks"):
        effective(clusters(3, 19, 0), 10)
