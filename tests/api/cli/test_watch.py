"""`trackmark watch --once` as cron runs it, and what it refuses."""

from pathlib import Path

import pytest

from core.encode import encode
from tests.api.cli.conftest import Trackmark
from tests.closed import closed
from tests.signals import music

WORDS = ("--owner", "A Label", "--generator", "AIVA 2", "--settle", "0", "--once")


def test_once_tags_sets_aside_and_tells(trackmark: Trackmark, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    encode(music(4.0, 22_050, 3), 22_050, source / "good.wav", codec="wav")
    (source / "bad.mp3").write_bytes(b"la la la" * 99)
    (source / "lone.mid").write_bytes(b"MThd")
    done = trackmark("watch", source, target, *WORDS, "--json")
    assert done.code == 3, done.err
    bad, good = done.lines
    assert (bad["file"], bad["error"]["type"], good["file"]) == ("bad.mp3", "UnreadableAudio", "good.wav")
    assert Path(bad["aside"]).exists() and Path(good["output"]).exists()
    assert "lone.mid" in done.err
    shown = trackmark("record", "show", good["record_id"], "--json").lines[0]
    assert (shown["title"], shown["generator"]) == ("good", "AIVA 2")
    again = trackmark("watch", source, target, *WORDS)
    assert (again.code, again.out) == (0, "")


def test_a_folder_inside_that_cannot_be_listed_is_told(
    trackmark: Trackmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "in"
    (source / "locked").mkdir(parents=True)
    encode(music(4.0, 22_050, 3), 22_050, source / "good.wav", codec="wav")
    closed(monkeypatch, source / "locked")
    done = trackmark("watch", source, tmp_path / "out", *WORDS, "--json")
    assert done.code == 3, done.err
    shut, good = done.lines
    assert (shut["file"], "cannot be listed" in shut["error"]["message"]) == ("locked", True)
    assert good["file"] == "good.wav", "the others are tagged"
    again = trackmark("watch", source, tmp_path / "out", *WORDS)
    assert (again.code, "locked: closed: this folder cannot be listed" in again.err) == (3, True), again.err


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"IN": "none"}, "no folder"),
        ({"OUT": "in"}, "must not lie in one another"),
        ({"OUT": "in/deep"}, "must not lie in one another"),
        ({"OUT": "."}, "must not lie in one another"),
        ({"--owner": " "}, "--owner"),
        ({"--format": "xyz"}, "end its name"),
    ],
)
def test_a_watch_that_could_not_work_is_refused(
    trackmark: Trackmark, tmp_path: Path, change: dict[str, str], why: str
) -> None:
    (tmp_path / "in").mkdir()
    given = {"IN": "in", "OUT": "out", "--owner": "O", **change}
    options = [word for name, value in given.items() if name.startswith("--") for word in (name, value)]
    done = trackmark("watch", tmp_path / given["IN"], tmp_path / given["OUT"], *options, "--once")
    assert (done.code, why in done.err) == (2, True), done.err
    assert not list((tmp_path / "in").iterdir())
