"""Lines that are whole or not there, however the process that wrote them ended."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from core import lines


def written(path: Path) -> list[dict[str, Any]]:
    with lines.opened(path) as file:
        return [value for _place, value in file.read()]


def test_what_is_cut_anywhere_loses_one_line_and_hides_none(tmp_path: Path) -> None:
    path, values = tmp_path / "log", [{"n": n, "text": "é\n"} for n in range(3)]
    whole = b"".join(json.dumps(value).encode() + b"\n" for value in values)
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        with lines.opened(path) as file:
            there = [value for _place, value in file.read()]
            assert there == values[: whole[:cut].count(b"\n")]
            place = file.add({"n": "next"})
            assert file.at(place) == {"n": "next"}
        assert written(path) == [*there, {"n": "next"}]


def test_a_line_that_is_none_of_ours_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b'{"ha{"n": 1}\n7\n\xff\n{"n": 2}\n')
    assert written(tmp_path / "log") == [{"n": 2}]


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    with lines.opened(tmp_path / "log"), pytest.raises(lines.Taken), lines.opened(tmp_path / "log"):
        pass


def test_a_line_that_the_disk_has_no_room_for_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write

    def full(file: int, data: bytes) -> int:
        if len(data) < 9:
            raise OSError(28, "No space left on device")
        return write(file, data[:4])

    with lines.opened(tmp_path / "log") as file:
        file.add({"n": 1})
        with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
            patch.setattr(os, "write", full)
            file.add({"n": 2})
        file.add({"n": 3})
    assert written(tmp_path / "log") == [{"n": 1}, {"n": 3}]
