"""Whatever a parameter is given that it does not take, is told in our own words, and nothing is done."""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from typer.main import get_command

from api.cli import main
from tests.api.cli.conftest import Trackmark

FOREIGN = ("Input should", "Value error", "Invalid value", "unable to", "Usage:", "╭", "Traceback", "%Y")


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, one in getattr(command, "commands", {}).items():
        yield from _commands(one, (*path, name))
    if not getattr(command, "commands", None):
        yield path, command


def _kind(param: Any) -> Any:
    kind = param.type_descriptor.annotation
    return get_args(kind)[0] if get_origin(kind) is list else kind


def _bad(param: Any) -> Iterator[str]:
    kind, place = _kind(param), param.type_descriptor.parameter_info
    if (
        kind in (int, float, datetime)
        or get_origin(kind) is Literal
        or (isinstance(kind, type) and issubclass(kind, Enum))
    ):
        yield "wrong-value"
    if kind in (int, float) and param.max is not None:
        yield str(param.max + 1)
    if kind in (int, float) and param.min is not None:
        yield str(param.min - 1)
    if kind is Path and place.exists:
        yield "wrong-value"


def _empty(command: Any) -> Iterator[list[str]]:
    """An empty name in each place of a command, as a script gives where a variable is not set."""
    before: list[str] = []
    for param in command.params:
        place = _kind(param) is Path or Path in get_args(_kind(param)) or "CATALOGUE" in str(param.metavar)
        place |= "MANIFEST" in str(param.metavar) or param.metavar == "TRACKS"
        if param.param_type_name == "argument":
            yield from [[*before, ""]] * place
            before.append("x")
        else:
            yield from ([param.opts[0], ""], [f"{param.opts[0]}="]) * place


EMPTY = [(*path, *given) for path, command in _commands(get_command(main)) for given in _empty(command)]
BAD = [
    (path, param.opts[0], value)
    for path, command in _commands(get_command(main))
    for param in command.params
    if param.param_type_name == "option" and not param.is_flag
    for value in _bad(param)
]


def test_there_are_such_parameters() -> None:
    assert len(BAD) > 50 and len(EMPTY) > 100


@pytest.mark.parametrize("arguments", EMPTY, ids=" ".join)
def test_an_empty_name_is_not_the_folder_one_stands_in(
    trackmark: Trackmark, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = trackmark(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "the name is empty" in done.err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(("path", "option", "value"), BAD, ids=lambda one: str(one))
def test_a_bad_value_is_told_in_our_own_words(
    trackmark: Trackmark, home: Path, path: tuple[str, ...], option: str, value: str
) -> None:
    done = trackmark(*path, f"{option}={value}" if option.startswith("--") else option)
    assert (done.code, done.out) == (2, "")
    told = done.err.splitlines()
    assert told[0].startswith(f"error: {option}") and value.split(".")[0] in told[0]
    assert told[1] == f"`trackmark {' '.join(path)} --help` tells what it takes"
    assert not [word for word in FOREIGN if word in done.err]
    assert not home.exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["tag", "a.wav", "--ai", "maybe"], "--ai takes all, partly or none, not “maybe”"),
        (["scan", "x", "--workers", "two"], "--workers takes a whole number from 1 to 1024, not “two”"),
        (["generate", "x", "--seed", "one"], "--seed takes a whole number, not “one”"),
        (["verify", "x", "--witnesses", "-1"], "--witnesses takes a whole number from 0 on, not “-1”"),
        (["demo", "--seconds", "nan"], "--seconds takes a number from 8 to 120, not “nan”"),
        (["demo", "--seconds", ""], "--seconds takes a number from 8 to 120, not nothing"),
        (["compliance", "--on", "31.12.2026"], "--on takes a day such as 2026-11-30, not “31.12.2026”"),
        (["audit", "--language", "fr"], "--language takes en or de, not “fr”"),
        (["verify", "x", "--keys", "{tmp}/none"], "--keys: there is no file {tmp}/none"),
        (["verify", "x", "--keys", "{tmp}"], "--keys takes a file, and {tmp} is a folder"),
        (["audit", "--watch", "{tmp}/none"], "--watch: there is no folder {tmp}/none"),
        (["audit", "--watch", "{song}"], "--watch takes a folder, and {song} is a file"),
        (["verify", "x", "--keys"], "--keys needs a value"),
        (["verify", "x", "--json=1"], "--json takes no value"),
        (["frob"], "there is no command frob"),
        (["log", "montior"], "there is no command montior; did you mean monitor?"),
        (["audit", "--report", "x"], "there is no option --report; did you mean --reports?"),
        (["--frob"], "there is no option --frob"),
        (["man", "a", "b"], "more was given than it takes: b"),
        (["tag"], "IN is missing (Audio file)"),
        (["record", "transfer", "x"], "--to is missing (Who receives)"),
        (["tag", "a\x1b[2Jb", "--ai", "\x1b[2J"], "--ai takes all, partly or none, not “[U+001B][2J”"),
    ],
)
def test_each_kind_of_wrong_usage_says_what_would_be_right(
    trackmark: Trackmark, home: Path, song: Path, tmp_path: Path, given: list[str], says: str
) -> None:
    done = trackmark(*(one.format(tmp=tmp_path, song=song) for one in given))
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0] == "error: " + says.format(tmp=tmp_path, song=song)
    assert not home.exists()


def test_no_words_at_all_are_answered_with_the_help(trackmark: Trackmark) -> None:
    done = trackmark()
    assert done.code == 2 and "Commands" in done.out + done.err and "error" not in done.err
