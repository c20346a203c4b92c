"""A run that is stopped goes on: rows are kept as they are made, and half a set of them is not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.evaluation.watermark.kept import Kept


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "runs")
    kept.add({"host": name} for name in "ab")
    assert Kept(tmp_path / "runs").rows == kept.rows == [{"host": "a"}, {"host": "b"}]
    assert [path.stem for path in (tmp_path / "runs").iterdir()] == [kept.weights]


def test_rows_of_which_one_fails_are_not_kept(tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield {"host": "a"}
        raise OSError("the codec ended")

    with pytest.raises(OSError, match="ended"):
        Kept(tmp_path).add(rows())
    assert Kept(tmp_path).rows == []
