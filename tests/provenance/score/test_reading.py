"""MIDI files: what is in them, and what becomes of those that are damaged or none."""

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UnreadableScore
from provenance.score import midi
from provenance.score.midi import MidiError
from provenance.score.reading import MAX_BYTES, read_score
from tests import scores

TUNE = scores.tune(3)


@pytest.mark.parametrize(("tracks", "tempo_bpm"), [(1, 120.0), (3, 90.0)])
def test_notes_are_counted_and_timed_in_every_track(tracks: int, tempo_bpm: float) -> None:
    found = midi.read(scores.midi(TUNE, tempo_bpm=tempo_bpm, tracks=tracks))
    assert (found.tracks, found.notes) == (tracks, len(TUNE))
    assert found.duration_s == pytest.approx(32 * 60.0 / tempo_bpm, abs=0.01)


def test_changes_of_tempo_and_running_status_are_followed() -> None:
    slow, fast = (b"\xff\x51\x03" + us.to_bytes(3, "big") for us in (1_000_000, 250_000))
    track = (
        b"\x00\xc0\x05"  # a program, of one byte
        b"\x00\xf0\x03abc"  # an exclusive message
        b"\x00" + slow + b"\x00\x90\x3c\x40"  # a note
        b"\x83\x60\x3c\x00"  # its end after 480 ticks by running status
        b"\x00" + fast + b"\x00\x90\x3e\x40\x83\x60\x80\x3e\x00\x00\xff\x2f\x00"
    )
    found = midi.read(scores.midi([])[:14] + b"XFIH\0\0\0\2hi" + scores._chunk(track))
    assert (found.tracks, found.notes) == (1, 2)
    assert found.duration_s == pytest.approx(1.25)


def test_frames_of_film_count_as_time() -> None:
    head = b"MThd\0\0\0\6\0\0\0\1" + bytes((256 - 25, 40))
    track = b"\x00\x90\x3c\x40\x87\x68\x3c\x00\x00\xff\x2f\x00"  # 1000 ticks of a millisecond
    assert midi.read(head + scores._chunk(track)).duration_s == pytest.approx(1.0)


@pytest.mark.parametrize("cut", [10, 18, 30, -1, -9])
def test_a_file_that_is_cut_short_says_so(cut: int) -> None:
    with pytest.raises(MidiError, match=r"MThd|ends within|cut short|no track"):
        midi.read(scores.midi(TUNE)[:cut])


@given(st.binary(max_size=200), st.integers(0, 60))
def test_any_bytes_are_read_or_refused(junk: bytes, at: int) -> None:
    whole = scores.midi(TUNE[:4])
    for data in (junk, whole[:at] + junk + whole[at:], whole[:at] + junk):
        try:
            found = midi.read(data)
        except MidiError:
            continue
        assert found.notes >= 0 and found.duration_s >= 0.0


def test_a_score_is_named_by_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(scores.midi(TUNE))
    found = read_score(path)
    assert found.ingredient.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (found.ingredient.relation, found.ingredient.format, found.notes) == ("score", "midi", len(TUNE))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"RIFF\0\0\0\0WAVE", "MThd"),
        (b"", "MThd"),
        (scores.midi([]), "no notes"),
        (scores.midi(TUNE)[:-9], "cut short"),
        (b"M" * (MAX_BYTES + 1), "may have"),
    ],
)
def test_what_is_no_score_is_refused_with_its_reason(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(content)
    with pytest.raises(UnreadableScore, match=why):
        read_score(path)


def test_a_score_that_is_not_there_is_an_error_of_the_tree(tmp_path: Path) -> None:
    with pytest.raises(UnreadableScore, match="cannot read"):
        read_score(tmp_path / "none.mid")


def test_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "song.mid")
    with pytest.raises(UnreadableScore, match="not a regular file"):
        read_score(tmp_path / "song.mid")
