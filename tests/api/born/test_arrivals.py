"""Which files of a folder are finished."""

import os
from pathlib import Path

import pytest

from api.born.arrivals import SET_ASIDE, is_being_written, look


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sound")


def test_audio_is_found_in_order_and_everything_else_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "b.wav", "a.MP3", "stems/drums.flac", ".hidden.wav", ".part/c.wav", "notes.txt")
    put(tmp_path, f"{SET_ASIDE}/old.wav")
    (tmp_path / "link.wav").symlink_to("/etc/passwd")
    found = look(tmp_path, 0.0).audio
    assert [arrival.name for arrival in found] == ["a.MP3", "b.wav", "stems/drums.flac"]


def test_a_score_goes_with_the_rendering_of_its_name_in_its_folder(tmp_path: Path) -> None:
    put(
        tmp_path,
        "song.wav",
        "song.mid",
        "other.midi",
        "deep/song.mp3",
        "deep/more.v2.flac",
        "deep/more.v2.mid",
    )
    seen = look(tmp_path, 0.0)
    scores = {arrival.name: arrival.score and arrival.score.name for arrival in seen.audio}
    assert scores == {"song.wav": "song.mid", "deep/song.mp3": None, "deep/more.v2.flac": "more.v2.mid"}
    assert seen.lone == ["other.midi"]


def test_how_long_a_file_has_rested_is_not_what_its_writer_says(tmp_path: Path) -> None:
    put(tmp_path, "old.wav", "new.wav")
    os.utime(tmp_path / "old.wav", (0, 0))
    os.utime(tmp_path / "new.wav", (9e9, 9e9))
    changed_s = (tmp_path / "old.wav").stat().st_ctime
    found = look(tmp_path, changed_s + 7.0).audio
    assert [arrival.quiet_s for arrival in found] == pytest.approx([7.0, 7.0], abs=1.0)


def test_a_file_that_somebody_writes_is_not_finished(tmp_path: Path) -> None:
    put(tmp_path, "a.wav")
    path = tmp_path / "a.wav"
    assert not is_being_written(path)
    with path.open("ab"):
        assert is_being_written(path)
    assert not is_being_written(path)
    with path.open("rb"):
        assert not is_being_written(path)
    with path.open("ab"):
        pass  # the lease was given back, or this would hang
