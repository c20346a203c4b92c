import os
from pathlib import Path

import pytest

from core.files import replacing, write_whole


def test_what_fails_half_way_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_whole(path, b"old")
    with pytest.raises(RuntimeError), replacing(path) as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_at_once_do_not_share_a_part(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    with replacing(path) as first:
        first.write_bytes(b"first")
        write_whole(path, b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127, os.fsdecode(b"caf\xe9.mp3"), "two\nlines"])
def test_any_name_that_the_disk_takes_can_be_replaced(tmp_path: Path, name: str) -> None:
    write_whole(tmp_path / name, b"content")
    assert (tmp_path / name).read_bytes() == b"content"
