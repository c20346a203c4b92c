"""Usage: exit codes for wrong arguments, and a help that answers at once."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from api.cli import main, usage
from tests import hostile
from tests.api.cli.conftest import Trackmark


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["tag"],
        ["tag", "{song}", "-o", "out.xyz", "--title", "T", "--owner", "O"],
        ["tag", "{song}", "-o", "{tmp}/none/out.wav", "--title", "T", "--owner", "O"],
        ["tag", "{song}", "-o", "{tmp}/out.wav", "--title", "T", "--owner", "O", "--isrc", "wrong"],
        ["tag", "{song}", "-o", "{tmp}/out.wav", "--title", "T", "--owner", "O", "--ai", "some"],
        ["tag", "{song}", "-o", "{tmp}/out.wav", "--title", "T", "--owner", "O", "--strength", "-1"],
        ["watermark", "embed", "{song}", "{tmp}/o.wav", "--message", "abc", "--key", "{tmp}/none"],
        ["watermark", "detect", "{song}", "--key", "{tmp}/none"],
        ["watermark", "detect", "{song}", "--key", "{song}"],
        ["audit", "{song}", "--policy", "{tmp}/none.toml"],
        ["audit", "{song}", "--policy", "{song}"],
        ["audit"],
        ["audit", "{song}", "--reports", "{song}"],
        ["compare", "{song}", "{song}", "--reports", "{song}"],
        ["originality", "{song}", "--among", "{tmp}", "--kept", "{song}"],
        ["watch", "{tmp}/home", "{song}", "--owner", "O", "--once"],
        ["catalogue", "import", "{song}", "--audio", "{song}"],
        ["log", "monitor", "http://127.0.0.1:1", "--key", "k", "--state", "{tmp}"],
        ["man", "{song}"],
        ["scan", "{tmp}", "-o", "{tmp}/r.parquet", "--engine", "magic"],
        ["scan", "{tmp}", "-o", "{tmp}/r.xlsx"],
        ["artist", "delete", "Nobody", "--yes"],
        ["artist", "consent", "list", "Nobody"],
        ["audit", "{song}", "--artist", "Nobody"],
        ["apikey", "create", "x", "--role", "boss"],
        ["serve", "--port", "70000"],
        ["verify-report", "{tmp}/r.json", "--keys"],
    ],
)
def test_wrong_arguments_exit_with_2(
    trackmark: Trackmark, song: Path, tmp_path: Path, arguments: list[str]
) -> None:
    done = trackmark(*(a.format(song=song, tmp=tmp_path) for a in arguments))
    assert done.code == 2, done.err
    assert done.out == ""
    assert done.err
    assert [path.name for path in tmp_path.glob("*.wav")] == ["song.wav"]


def test_a_setting_that_is_wrong_exits_with_2(
    trackmark: Trackmark, song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKMARK_MAX_DURATION_S", "long")
    assert trackmark("audit", song).code == 2


def test_a_key_is_never_overwritten(trackmark: Trackmark, tmp_path: Path) -> None:
    key = tmp_path / "key"
    assert trackmark("keygen", "-o", key, "--json").lines == [{"file": str(key)}]
    before = key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    assert trackmark("keygen", "-o", key).code == 2
    assert key.read_bytes() == before


def test_help_is_quick_because_nothing_heavy_is_imported() -> None:
    """What it loads is counted in `tests/test_imports.py`; a free machine needs 0.4 s."""
    script = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from api.cli import main\n"
        "assert 'audit' in CliRunner().invoke(main, ['--help']).output\n"
        "heavy = {'torch', 'numpy', 'sqlalchemy', 'fastapi', 'av', 'matplotlib', 'c2pa', 'cryptography'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_json_stays_on_standard_output_while_progress_is_drawn(tmp_path: Path) -> None:
    """With standard error on a terminal, a progress display must not swallow the answers."""
    (tmp_path / "silent.wav").write_bytes(hostile.ACCEPTED["silent.wav"]())
    terminal, their_end = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", "audit", "--json", str(tmp_path / "silent.wav")],
        stdout=subprocess.PIPE,
        stderr=their_end,
        env={**os.environ, "TRACKMARK_HOME": str(tmp_path / "home"), "TERM": "xterm"},
    )
    os.close(their_end)
    drawn = os.read(terminal, 65_536)
    os.close(terminal)
    assert json.loads(done.stdout)["decision"]["action"] == "review"
    assert done.returncode == 1
    assert b"silent.wav" in drawn


@pytest.mark.parametrize(
    ("address", "code", "word"),
    [
        ("postgresql+psycopg://who:secret@127.0.0.1:1/none", 1, "the database cannot be reached"),
        ("sqlite:////proc/none/trackmark.db", 1, "/proc/none: No such file"),
        ("mysql://who:secret@127.0.0.1/none", 2, "TRACKMARK_DATABASE_URL"),
        ("nonsense", 2, "TRACKMARK_DATABASE_URL"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_in_a_line(
    trackmark: Trackmark, monkeypatch: pytest.MonkeyPatch, address: str, code: int, word: str
) -> None:
    monkeypatch.setenv("TRACKMARK_DATABASE_URL", address)
    done = trackmark("record", "list")
    assert (done.code, "Traceback" in done.err) == (code, False)
    assert word in done.err
    assert "secret" not in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "{tmp}/none", "-o", "{tmp}/x.pdf"], "{tmp}/none: cannot be opened"),
        (["verify-report", "{song}", "--keys", "{tmp}/none"], "{tmp}/none: cannot be opened"),
        (["scan", "{tmp}/none", "-o", "{tmp}/r.csv"], "{tmp}/none: there is no such file or folder"),
        (["audit", "https://example.com/x.mp3"], "https://example.com/x.mp3: this is an address"),
        (
            ["tag", "{song}", "-o", "{tmp}/o.wav", "--title", "T", "--owner", "A\nLabel"],
            "--owner contains the",
        ),
        (
            ["tag", "{song}", "-o", "{tmp}/o.wav", "--title", "T\u202e", "--owner", "O"],
            "--title contains the",
        ),
        (["tag", "{song}", "-o", "{tmp}/o.wav", "--title", "T" * 1001, "--owner", "O"], "--title has 1001"),
        (["generate", "x", "-o", "{tmp}/o.wav", "--title", "T\tU"], "--title contains the forbidden"),
        (["watch", "{tmp}", "{tmp}/o", "--owner", "A\x1b", "--once"], "--owner contains the forbidden"),
        (["apikey", "create", "x", "--role", "boss"], "--role: must be 'label'"),
        (["record", "list"], "TRACKMARK_MAX_DURATION_S: must be a number"),
    ],
)
def test_errors_name_what_is_wrong_in_words(
    trackmark: Trackmark,
    song: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    if arguments == ["record", "list"]:
        monkeypatch.setenv("TRACKMARK_MAX_DURATION_S", "long")
    done = trackmark(*(a.format(song=song, tmp=tmp_path) for a in arguments))
    told = " ".join(done.err.split())
    assert said.format(song=song, tmp=tmp_path) in told
    assert not any(inner in told for inner in ("Errno", "pydantic", "validation error", "input_value"))


def test_help_lets_the_terminal_break_its_lines() -> None:
    from typer.main import get_command

    from api.cli import main

    def texts(command: Any) -> Iterator[str]:
        yield command.help or ""
        for one in getattr(command, "commands", {}).values():
            yield from texts(one)

    found = list(texts(get_command(main)))
    assert len(found) > 60 and not [text for text in found if "\n" in text.replace("\n\n", "")]


def test_the_exit_codes_stand_in_the_help(trackmark: Trackmark) -> None:
    assert "2 wrong usage" in " ".join(trackmark("--help").out.replace("│", " ").split())


def _commands(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield words, command
    for name, one in getattr(command, "commands", {}).items():
        yield from _commands(one, (*words, name))


@pytest.mark.parametrize("columns", ["60", "80"])
def test_help_cuts_nothing_that_must_be_typed(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(main, "rich_markup_mode", usage.dress())
    for words, command in _commands(get_command(main)):
        told = CliRunner().invoke(main, [*words, "--help"]).output
        assert "…" not in told and "%" not in told, words
        shown = [one for one in command.params if not getattr(one, "hidden", False)]
        for name in (name for one in shown for name in one.opts if name.startswith("--")):
            assert name in told, (words, name)
