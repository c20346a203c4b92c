"""What is printed fits a screen of 80 columns, is never cut inside a word, and moves no cursor."""

import io
import json
import re

import pytest
from rich.console import Console
from rich.text import Text

from api.cli.console import emit
from api.cli.lines import Careful, Facts, Prose, wrapped

HASH = "sha256:" + "0123456789abcdef" * 4
PATH = "/a/very/long/folder/" + "x" * 90 + "/song.wav"


def _screen(*, breaks: bool, width: int = 80) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, width=width, soft_wrap=True, highlight=False)
    console.push_render_hook(Careful(breaks=breaks))
    return console, out


def _lines(console: Console, out: io.StringIO, what: object) -> list[str]:
    console.print(what, markup=False)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 132])
def test_lines_are_broken_between_words_and_nothing_is_lost(width: int) -> None:
    text = "  left out: " + " ".join(f"word{number}" for number in range(40))
    lines = _lines(*_screen(breaks=True, width=width), text)
    assert len(lines) > 1 and all(len(line) <= width for line in lines)
    assert all(line.startswith("    word") for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == text.strip()


def test_what_is_said_of_a_name_goes_on_beside_it() -> None:
    said = "asserted; a signature proves who claimed this, and when it was claimed"
    for begin in ("  status    ", "  entry 0   ", "00112233445566aa  "):
        first, *others = _lines(*_screen(breaks=True, width=60), begin + said)
        assert first.startswith(begin + "asserted") and others
        assert all(line.startswith(" " * len(begin) + line.lstrip()[0]) for line in others)


@pytest.mark.parametrize(
    "line", [f"record    {HASH}  in force", "x" * 50 + "  and what is said of it, a few words"]
)
def test_what_has_no_room_beside_its_name_goes_on_below_it(line: str) -> None:
    _first, *others = _lines(*_screen(breaks=True, width=60), line)
    assert others and all(one.startswith("  ") and one[2] != " " for one in others)


@pytest.mark.parametrize("word", [HASH, PATH])
def test_what_is_copied_is_never_cut(word: str) -> None:
    facts = Facts()
    facts.add("report", f"the model's weights are {word}, and the rest of what is said of them follows here")
    for what in (
        facts,
        Prose(Text(f"{word} is what it says, and what is told of it goes on for a line")),
    ):
        told = _lines(*_screen(breaks=True), what)
        assert sum(word in line for line in told) == 1
        assert all(len(line) <= 80 for line in told if word not in line)


def test_a_message_to_a_file_is_one_line() -> None:
    assert len(_lines(*_screen(breaks=False), "word " * 60)) == 1


def test_facts_stand_beside_their_names() -> None:
    facts = Facts()
    facts.add("watermark", "one two " * 20)
    facts.add("", "beside")
    lines = _lines(*_screen(breaks=False), facts)
    assert lines[0].startswith("watermark  one") and all(line.startswith(" " * 11) for line in lines[1:])
    assert all(len(line) <= 80 for line in lines)


def test_wide_characters_take_two_columns() -> None:
    lines = wrapped(Text(" ".join(["日本語"] * 20)), 40, 0)
    assert all(line.cell_len <= 40 for line in lines) and len(lines) == 4


@pytest.mark.parametrize("breaks", [True, False])
@pytest.mark.parametrize(
    "name", ["a\x1b[2Jb", "a\u202eb", "a\nerror: b", "a\rb", "a\x07b", "a\udcffb", "a\u2028b", "a\x9b31mb"]
)
def test_a_name_moves_no_cursor_and_makes_no_line(name: str, *, breaks: bool) -> None:
    facts = Facts()
    facts.add("file", name)
    for what in (name, facts, Prose(Text(name))):
        console, out = _screen(breaks=breaks)
        lines = _lines(console, out, what)
        assert len(lines) == 1
        assert re.search(r"a(\[U\+[0-9A-F]{4}\]|)[\[0-9a-zA-Z: ]*b", lines[0])
        assert not set(lines[0]) & set("\x1b\u202e\r\x07\udcff\u2028\x9b")
        lines[0].encode()


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_json_can_be_read_whatever_the_name_and_the_stream(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding, errors="strict"))
    found = {"file": "\udcff Zo\u00eb \u65e5\u672c.wav"}
    emit(found)
    assert json.loads(raw.getvalue().decode(encoding)) == found
