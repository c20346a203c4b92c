"""`trackmark originality` at work on real files."""

import dataclasses
import os
from pathlib import Path

import pytest
import torch

from core.encode import encode
from lab.sound.tunes import arrangement, render, tune
from tests import signals
from tests.api.cli.conftest import Trackmark

RATE = 16_000
TUNES = 8


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight tunes as files, and a list of them with dates."""
    folder = tmp_path_factory.mktemp("catalogue")
    lines = ["file,date"]
    for k in range(TUNES):
        encode(render(tune(k, 2), arrangement(k), RATE), RATE, folder / f"tune{k}.flac", codec="flac")
        lines.append(f"tune{k}.flac,2026-0{1 + k // 4}-01")
    (folder / "list.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_file_is_compared_with_a_catalogue(trackmark: Trackmark, catalogue: Path, tmp_path: Path) -> None:
    own = arrangement(2)
    moved = dataclasses.replace(own, tempo=own.tempo * 1.2, root_hz=own.root_hz * 2 ** (2 / 12))
    again = tmp_path / "again.flac"
    encode(render(tune(2, 2), moved, RATE), RATE, again, codec="flac")
    kept = tmp_path / "kept"
    done = trackmark("originality", again, "--among", catalogue, "--kept", kept, "--json")
    assert done.code == 0, done.err
    (found,) = done.lines
    assert found["compared_with"] == TUNES
    near = found["melody"]["nearest"][0]
    assert near["file"] == str(catalogue / "tune2.flac")
    assert near["closer_than"] > 0.9
    assert near["semitones"] == -2
    assert 0 <= near["start_s"] < near["end_s"]
    assert len(list(kept.glob("*.npz"))) == TUNES + 1
    shown = trackmark("originality", again, "--among", catalogue, "--kept", kept)
    assert shown.code == 0
    words = " ".join(shown.out.split())
    assert "of pairs of unrelated human-made recordings" in words
    assert all(len(line) <= 80 for line in shown.out.splitlines() if "/" not in line)
    assert "cop" not in words.lower().replace("copying: music of one style is alike", "")


def test_a_catalogue_is_told_apart_and_its_diversity(trackmark: Trackmark, catalogue: Path) -> None:
    done = trackmark("originality", catalogue, "--json")
    assert done.code == 0, done.err
    *tracks, summary = done.lines
    assert [t["compared_with"] for t in tracks] == [TUNES - 1] * TUNES
    assert all(n["file"] != t["file"] for t in tracks for n in t["melody"]["nearest"])
    (period,) = summary["diversity"]["periods"]["melody"]
    assert period["period"] == "all" and period["tracks"] == TUNES
    assert 1.0 <= period["low"] <= period["clusters"] <= period["high"] <= period["of"] == TUNES // 2


def test_periods_with_few_tracks_are_named(trackmark: Trackmark, catalogue: Path) -> None:
    shown = trackmark("originality", catalogue / "list.csv", "--json")
    assert shown.code == 0, shown.err
    assert shown.lines[-1]["diversity"]["left_out"] == {"2026-01": 4, "2026-02": 4}


def test_bad_input_is_told_and_loses_nothing(trackmark: Trackmark, catalogue: Path, tmp_path: Path) -> None:
    alone = trackmark("originality", catalogue / "tune0.flac")
    assert alone.code == 2 and "--among" in alone.err
    nowhere = trackmark("originality", tmp_path / "nowhere")
    assert nowhere.code == 3 and "no such file" in nowhere.err
    text, silent = tmp_path / "notes.mp3", tmp_path / "silent.flac"
    text.write_text("not audio")
    encode(signals.silence(10, RATE), RATE, silent, codec="flac")
    done = trackmark("originality", tmp_path, "--among", catalogue, "--json")
    assert done.code == 3
    wrong, found = done.lines
    assert wrong["file"] == str(text) and wrong["error"]["message"]
    assert wrong["error"]["type"] == "UnreadableAudio"
    assert found["melody"] == {"measurable": False, "reason": "the audio is silent", "nearest": []}
    os.mkfifo(tmp_path / "pipe.wav")
    kept = trackmark("originality", tmp_path / "pipe.wav", "--among", catalogue, "--kept", tmp_path / "kept")
    assert kept.code in (2, 3) and "pipe.wav" in kept.err
    listed = tmp_path / "pipes.txt"
    listed.write_text("pipe.wav\n")
    for words in (("originality", listed, "--kept", tmp_path / "kept"), ("catalogue", "sketch", listed)):
        waited = trackmark(*words, "--json")
        assert "not a regular file" in waited.out + waited.err
    dates = tmp_path / "dates.csv"
    dates.write_text("file,date\nsilent.flac,yesterday\n")
    wrong_date = trackmark("originality", dates)
    assert wrong_date.code == 2 and "no date in line 2" in wrong_date.err


def test_a_damaged_sketch_is_made_again(trackmark: Trackmark, tmp_path: Path) -> None:
    songs, kept = tmp_path / "songs", tmp_path / "kept"
    songs.mkdir()
    encode(torch.clamp(signals.music(10, RATE), -1, 1), RATE, songs / "song.flac", codec="flac")
    assert trackmark("originality", songs, "--kept", kept, "--json").code == 0
    (place,) = kept.glob("*.npz")
    whole = place.read_bytes()
    place.write_bytes(whole[:100])
    assert trackmark("originality", songs, "--kept", kept, "--json").code == 0
    assert place.read_bytes() != whole[:100]
