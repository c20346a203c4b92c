"""The command, run in this process on a registry of its own."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import main
from core.encode import encode
from tests.signals import music

OTHERWISE = re.compile(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?!Z")')
"""How a moment begins that is not told to the second, in UTC."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines; anything else on it is an error, as is a moment told otherwise."""
        assert not OTHERWISE.search(self.out), self.out
        return [json.loads(line) for line in self.out.splitlines()]


Trackmark = Callable[..., Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry's folder, empty at first."""
    folder = tmp_path / "home"
    monkeypatch.setenv("TRACKMARK_HOME", str(folder))
    return folder


def invoke(*arguments: object) -> Outcome:
    """Run the command; exceptions that are no part of its contract come through."""
    done = CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)
    return Outcome(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def trackmark(home: Path) -> Trackmark:
    """The command, on an empty registry."""
    return invoke


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Four seconds of generated music."""
    path = tmp_path / "song.wav"
    encode(music(4.0, 44_100, 3), 44_100, path, codec="wav")
    return path
