"""Two attempts at one job meet in its folder: the one that ends takes nothing from the one that begins."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.jobs.files import JobFiles
from api.jobs.job import Job
from core.errors import UnreadableAudio


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    return JobFiles(tmp_path / "uploads", tmp_path / "outputs")


def attempt(fence: int) -> Job:
    moment = datetime(2026, 11, 28, tzinfo=UTC)
    values = dict.fromkeys(Job.__dataclass_fields__)
    values |= {"id": "a-job", "tenant": "default", "kind": "audit", "state": "running", "fence": fence}
    return Job(**{**values, "request": {"stored": "a"}, "created_at": moment})  # type: ignore[arg-type]  # rest: None


def test_a_folder_that_vanishes_while_it_is_read_is_empty(
    files: JobFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.fresh_output(attempt(1))
    read = Path.iterdir

    def gone(folder: Path) -> Iterator[Path]:
        monkeypatch.setattr(Path, "iterdir", read)
        files.discard_attempt(attempt(1))
        return read(folder)

    monkeypatch.setattr(Path, "iterdir", gone)
    assert files.fresh_output(attempt(2)).is_dir()


def test_a_folder_that_vanishes_while_one_is_made_in_it_is_made_again(
    files: JobFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Path.mkdir
    vanished: list[Path] = []

    def vanish(folder: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        if folder.name == "2" and not vanished:
            vanished.append(folder)
            raise FileNotFoundError(folder)
        make(folder, mode, parents, exist_ok)

    monkeypatch.setattr(Path, "mkdir", vanish)
    assert files.fresh_output(attempt(2)).is_dir()
    assert vanished


def test_what_is_wrong_with_a_file_is_told_by_its_own_name(files: JobFiles) -> None:
    stored = "5c0ffee5.wav"
    for given, expected in (({"called": "song.wav"}, "song.wav: not a WAV"), ({}, "the file: not a WAV")):
        with pytest.raises(UnreadableAudio) as told, files.upload_at_hand(stored, None, **given) as path:
            raise UnreadableAudio(f"{path.name}: not a WAV")
        assert str(told.value) == expected
