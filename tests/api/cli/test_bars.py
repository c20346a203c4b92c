"""Every command that can take long shows on a terminal how far it is, and nothing of that in a pipe."""

import os
import pty
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from api.cli import main
from core.encode import encode
from tests.api.cli.conftest import invoke
from tests.signals import music

BAR = "━"
OVER = b"\x04over"
RECORD = ("--title", "T", "--owner", "O")


@dataclass(frozen=True)
class Place:
    """Folders that commands work in: a home with one record, a song, its tagged copy, and a free one."""

    home: Path
    song: Path
    tagged: Path
    folder: Path


CASES: dict[str, Callable[[Place], tuple[object, ...]]] = {
    "tag": lambda at: (at.song, "-o", at.folder / "out.wav", *RECORD),
    "generate": lambda at: ("x", "-o", at.folder / "out.wav", "--seconds", "6"),
    "verify": lambda at: (at.tagged,),
    "audit": lambda at: (at.song, "--checks", "credentials"),
    "compare": lambda at: (at.song, at.tagged),
    "originality": lambda at: (at.song, "--among", at.song.parent),
    "calibrate": lambda at: ("--human", at.song.parent),
    "scan": lambda at: (at.song.parent, "-o", at.folder / "t.csv", "--workers", "1"),
    "backup": lambda at: (at.folder / "backup",),
    "restore": lambda at: (at.folder, "--check"),
    "doctor": lambda at: (),
    "watermark embed": lambda at: (
        *(at.song, at.folder / "out.wav", "--message", "0123456789abcdef"),
        *("--key", at.folder / "key"),
    ),
    "watermark detect": lambda at: (at.song, "--key", at.folder / "key"),
    "log complete": lambda at: (at.folder,),
    "audit-trail verify": lambda at: (),
    "artist enrol": lambda at: ("A", at.song),
    "catalogue import": lambda at: (at.song.parent / "table.csv", "--check"),
    "catalogue sketch": lambda at: (at.song.parent,),
    "catalogue export": lambda at: ("-o", at.folder / "all.csv"),
}
ELSEWHERE = {
    "adapter add": "wants a model of somebody else's; `tests/detector/music/adapters`",
    "adapter score": "shares its bar with `audit`",
    "log monitor": "wants a server; shares what tells how far it is with `log complete`",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home, files = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("files")
    song, tagged = files / "song.wav", home.parent / f"{home.name}-tagged.wav"
    encode(music(4.0, 44_100, 3), 44_100, song, codec="wav")
    (files / "table.csv").write_text("file,title,owner\nsong.wav,T,O\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKMARK_HOME", str(home))
        assert invoke("tag", song, "-o", tagged, *RECORD).code == 0
        yield Place(home, song, tagged, home)


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Standard error is a terminal; what was drawn is in the list afterwards."""
    ours, theirs = pty.openpty()
    drawn = bytearray()

    def read() -> None:
        while not drawn.endswith(OVER):
            drawn.extend(os.read(ours, 65_536))

    reader = threading.Thread(target=read)
    reader.start()
    told: list[str] = []
    with open(theirs, "w", encoding="utf-8") as screen, monkeypatch.context() as patch:  # noqa: PTH123
        patch.setattr(sys, "stderr", screen)
        patch.setenv("TERM", "xterm")
        try:
            yield told
        finally:  # said, since its end may never come: helpers of `multiprocessing` keep standard error open
            screen.write(OVER.decode())
    reader.join()
    os.close(ours)
    told.append(drawn.decode(errors="replace"))


def long_ones(command: Any, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Commands whose progress can be kept quiet."""
    if any(param.name == "quiet" for param in command.params):
        yield " ".join(above)
    for name, one in getattr(command, "commands", {}).items():
        yield from long_ones(one, (*above, name))


def test_every_long_command_is_tried() -> None:
    assert set(long_ones(get_command(main))) == set(CASES) | set(ELSEWHERE)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_terminal_sees_how_far_it_is(
    name: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Place(place.home, place.song, place.tagged, tmp_path)
    if name.startswith("watermark"):
        assert invoke("keygen", "-o", tmp_path / "key").code == 0
    if name == "restore":
        at = Place(at.home, at.song, at.tagged, tmp_path / "backup")
        assert invoke("backup", at.folder).code == 0
    with terminal(monkeypatch) as told, pytest.raises(SystemExit):
        main([*name.split(), *map(str, CASES[name](at))])
    assert BAR in told[0], told[0]
    assert "Traceback" not in told[0]


@pytest.mark.parametrize("name", ["backup", "doctor"])
def test_a_pipe_sees_none_of_it(name: str, place: Place, tmp_path: Path) -> None:
    done = invoke(*name.split(), *CASES[name](Place(place.home, place.song, place.tagged, tmp_path)))
    assert (done.code in (0, 1), BAR in done.out + done.err) == (True, False)
