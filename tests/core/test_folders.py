"""Folders that cannot be listed are told, and none is passed over."""

from pathlib import Path

import pytest

from core.folders import RECOVERED, every_file_under, files_under
from tests.closed import closed


def _filled(folder: Path) -> Path:
    for name in ("a.wav", "deep/b.wav", "locked/c.wav", f"{RECOVERED}/d"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_files_and_what_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(_filled(tmp_path))
    names = ("a.wav", "deep/b.wav", "locked/c.wav", f"{RECOVERED}/d")
    assert sorted(every_file_under(folder)) == [f"{folder}/{name}" for name in names]
    closed(monkeypatch, tmp_path / RECOVERED)
    assert len(every_file_under(folder)) == 3, "what the system keeps for itself is nobody's"
    closed(monkeypatch, tmp_path / "locked", tmp_path / RECOVERED)
    files, shut = files_under(folder)
    assert sorted(files) == [f"{folder}/a.wav", f"{folder}/deep/b.wav"]
    assert shut == {f"{folder}/locked", f"{folder}/{RECOVERED}"}
    with pytest.raises(PermissionError, match="cannot be listed") as caught:
        every_file_under(folder)
    assert caught.value.filename == f"{folder}/locked"
    with pytest.raises(PermissionError):
        files_under(f"{folder}/locked")
