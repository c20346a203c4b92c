import os
from pathlib import Path

import pytest

from core.files import replacing, replacing_folder, write_whole


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


def filled(path: Path, text: str) -> None:
    with replacing_folder(path) as part:
        (part / "a.txt").write_text(text)


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "adapter"
    filled(path, "old")
    (path / "only-in-the-old").write_text("x")
    filled(path, "new")
    assert [(one.name, one.read_text()) for one in path.iterdir()] == [("a.txt", "new")]
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_half_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "adapter"
    filled(path, "old")
    with pytest.raises(RuntimeError), replacing_folder(path) as part:
        (part / "a.txt").write_text("half")
        raise RuntimeError
    assert (path / "a.txt").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_moved_into_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "adapter"
    filled(path, "old")
    rename = Path.rename

    def refuse(one: Path, target: Path) -> Path:
        if one.name.endswith(".part"):
            raise OSError("no")
        return rename(one, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="no"):
        filled(path, "new")
    assert (path / "a.txt").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_attempt_left_of_a_folder_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "adapter"
    (tmp_path / ".adapter.part").mkdir()
    (tmp_path / ".adapter.part" / "junk").write_text("x")
    filled(tmp_path / ".adapter.former", "old")
    with pytest.raises(RuntimeError), replacing_folder(path):
        raise RuntimeError
    assert (path / "a.txt").read_text() == "old", "it was killed between its two moves"
    filled(path, "new")
    assert [one.name for one in path.iterdir()] == ["a.txt"]
    assert list(tmp_path.iterdir()) == [path]
