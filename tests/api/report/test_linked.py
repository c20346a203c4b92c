"""The picture of a comparison."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.report.linked import linked
from tests.api.report.compared import FOUND, OUTLINES, found
from tests.api.report.test_sound import packed_quickly


def drawn(aligned: dict[str, Any], path: Path) -> Any:
    from matplotlib.image import imread

    linked(OUTLINES, aligned, path)
    return (255 * imread(path)[..., :3]).astype(int)


def blue(pixels: Any) -> Any:
    """Where a band is: clearly more blue than red."""
    return pixels[..., 2] - pixels[..., 0] > 40


@pytest.mark.parametrize("name", FOUND)
def test_every_comparison_is_drawn_and_the_same_twice(name: str, tmp_path: Path) -> None:
    aligned = found(name)["alignment"]
    once, twice = drawn(aligned, tmp_path / "a.png"), drawn(aligned, tmp_path / "b.png")
    assert once.shape[:2] == (800, 1600) and np.array_equal(once, twice)
    assert packed_quickly((tmp_path / "a.png").read_bytes())
    assert blue(once).any() == bool(aligned["stretches"])


def test_a_band_leads_from_its_place_in_the_original_to_its_place_in_the_copy(tmp_path: Path) -> None:
    pixels = drawn(found("one stretch")["alignment"], tmp_path / "a.png")
    rows = np.flatnonzero(blue(pixels).any(axis=1))
    left, right = 0.09 * 1600, 0.985 * 1600

    def place(row: int) -> tuple[float, float]:
        columns = np.flatnonzero(blue(pixels[row]))
        return tuple((columns[[0, -1]] - left) / (right - left) * 80.0)  # the longer file is 80 s

    assert place(rows[3]) == pytest.approx((42.0, 74.86), abs=1.0)
    assert place(rows[-4]) == pytest.approx((3.0, 34.0), abs=1.0)


def test_what_could_not_be_compared_does_not_look_like_nothing_found(tmp_path: Path) -> None:
    silent = drawn(found("silence")["alignment"], tmp_path / "a.png")
    assert not np.array_equal(silent, drawn(found("nothing")["alignment"], tmp_path / "b.png"))
