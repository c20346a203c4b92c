"""Files that arrive in a watched folder are given on once each, when they rest."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.cli.arriving import arriving
from tests.closed import closed


class Folder:
    """A folder, and the steps between the looks at it; after the last one Ctrl-C is pressed."""

    def __init__(self, path: Path, *steps: Callable[[], object]) -> None:
        self.path, self.steps, self.now = path, iter(steps), 10_000_000_000.0

    def rest(self, seconds: float) -> None:
        step = next(self.steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    def found(self, known: Callable[[Path], bool] = lambda _path: False) -> Iterator[str]:
        for path in arriving(self.path, known, now=lambda: self.now, rest=self.rest):
            yield path.name


def written(path: Path, text: str = "audio") -> Path:
    path.write_text(text)
    return path


def test_what_is_there_and_what_arrives_is_given_once(tmp_path: Path) -> None:
    written(tmp_path / "first.wav")
    written(tmp_path / "notes.txt")
    folder = Folder(tmp_path, lambda: written(tmp_path / "second.mp3"), lambda: None)
    assert list(folder.found()) == ["first.wav", "second.mp3"]


def test_a_file_that_was_changed_is_given_again(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav")
    folder = Folder(tmp_path, lambda: written(path, "another take"), lambda: None)
    assert list(folder.found()) == ["a.wav", "a.wav"]


def test_a_file_that_does_not_rest_yet_waits(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav")
    folder = Folder(tmp_path, lambda: setattr(folder, "now", path.stat().st_ctime + 6))
    folder.now = path.stat().st_ctime + 1
    assert list(folder.found()) == ["a.wav"]


def test_a_file_that_is_being_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    writer = path.open("w")
    folder = Folder(tmp_path, writer.close)
    assert list(folder.found()) == ["a.wav"]


def test_what_is_known_is_passed_over_until_it_changes(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav")
    known = [True, False]
    folder = Folder(tmp_path, lambda: os.utime(path, (1, 1)))
    assert list(folder.found(lambda _path: known.pop(0))) == ["a.wav"]


def test_a_folder_that_cannot_be_listed_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "locked").mkdir()
    written(tmp_path / "a.wav")
    closed(monkeypatch, tmp_path / "locked")
    assert list(Folder(tmp_path, lambda: None, lambda: None).found()) == ["a.wav"]
    told = capsys.readouterr().err.replace("\n", "")
    assert told.count("cannot be listed") == 1 and "locked" in told
