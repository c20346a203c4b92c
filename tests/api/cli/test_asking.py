"""At a terminal, what cannot be undone is asked first; scripts never wait; places are no files."""

import importlib.metadata
import io
from pathlib import Path

import pytest
import typer

from api.cli import console
from tests.api.cli.conftest import Trackmark


class Terminal(io.StringIO):
    """Somebody at a keyboard."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "goes_on"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_person_is_asked(monkeypatch: pytest.MonkeyPatch, typed: str, goes_on: bool) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    if goes_on:
        console.ask_person("Go on?", yes=False)
    else:
        with pytest.raises(typer.Abort):
            console.ask_person("Go on?", yes=False)


def test_who_said_yes_and_scripts_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    console.ask_person("Go on?", yes=True)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    console.ask_person("Go on?", yes=False)


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("{tmp}", "this is a folder: `trackmark scan"),
        ("https://example.com/x.mp3", "this is an address: fetch the file first"),
        ("s3://bucket/x.mp3", "this is an address: fetch the file first"),
        ("{tmp}/none.mp3", "cannot be opened (No such file or directory)"),
    ],
)
def test_what_is_no_file_is_told_apart_and_named_once(
    trackmark: Trackmark, tmp_path: Path, named: str, says: str
) -> None:
    (tmp_path / "song.mp3").write_bytes(b"")
    done = trackmark("audit", named.format(tmp=tmp_path))
    assert done.code == 3
    assert says in done.err
    assert done.err.count("none.mp3") == named.count("none.mp3")


def test_a_file_with_a_colon_in_its_name_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "abc:" / "song.mp3"
    path.parent.mkdir()
    path.write_bytes(b"")
    console.refuse_places(path)


def test_the_version_is_told(trackmark: Trackmark) -> None:
    done = trackmark("--version")
    assert (done.code, done.out) == (0, f"trackmark {importlib.metadata.version('trackmark')}\n")
