"""What the documentation names is there: commands with their options, settings, addresses of the API."""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from api.cli import main
from api.server.app import create_app
from api.settings import Settings
from lab.handbook.outside import PAGES

ROOT = Path(__file__).resolve().parents[3]
PROSE = [
    *(ROOT / name for name in PAGES if name != "CHANGELOG.md"),
    *(
        path
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if path.parent.name not in ("decisions", "benchmarks")
    ),
]
"""What tells of today; the changelog, decisions and benchmarks tell of their day."""
NOT_SETTINGS = {"TRACKMARK_TEST_ALL", "TRACKMARK_SCREENSHOTS", "TRACKMARK_RECORD", "TRACKMARK_RECORD_SHA256"}
"""Of the tests, and tags that a tagged file carries."""

pages = pytest.mark.parametrize(
    "text", [path.read_text(encoding="utf-8") for path in PROSE], ids=[p.name for p in PROSE]
)


def lines_of_code(text: str) -> list[str]:
    fenced = re.findall(r"^```(?:sh|text)?\n(.*?)^```", text, re.S | re.M)
    lines = [line.strip() for block in fenced for line in block.splitlines()]
    lines += [line.strip() for line in re.findall(r"^ {4}(?! )(.*)$", text, re.M)]
    return lines + re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def calls(text: str) -> list[list[str]]:
    """The words behind `trackmark` of every call in a page."""
    without = (re.sub(r"^(?:[A-Z_]+=\S+ +)+", "", line).split(" # ")[0] for line in lines_of_code(text))
    return [shlex.split(line)[1:] for line in without if line.startswith("trackmark ")]


@pages
def test_every_command_that_is_named_is_there_with_its_options(text: str) -> None:
    for words in calls(text):
        command: Any = get_command(main)
        told = {
            name
            for one in command.get_params(command.make_context("x", [], resilient_parsing=True))
            for name in one.opts
        }
        rest = list(words)
        while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
            name = rest.pop(0)
            if name.isupper() or name == "...":
                break
            assert name in command.commands, words
            command = command.commands[name]
            told = {opt for one in command.params for opt in (*one.opts, *one.secondary_opts)}
        named = {word.partition("=")[0] for word in rest if re.fullmatch(r"-{1,2}[a-z][a-z-]*(=.*)?", word)}
        assert named <= told | {"--help"}, words


@pages
def test_every_setting_that_is_named_is_there(text: str) -> None:
    known = {f"TRACKMARK_{name.upper()}" for name in Settings.model_fields} | NOT_SETTINGS
    for name in re.findall(r"TRACKMARK_[A-Z_]*[A-Z]\b(?!\*)", text):
        assert name in known, name


@pages
def test_every_address_that_is_named_is_there(text: str) -> None:
    known = addresses()
    begun = {path[:end] for path in known for end in range(len(path)) if path[end] in "/:"}
    for path in re.findall(r"(?<![\w./])(?:\$B)?(/(?:v1|c2pa/v1)/[\w/{}<>:.-]+)", text):
        place = shape(path.rstrip("/.:"))
        assert place in known or place in begun, path


@cache
def addresses() -> frozenset[str]:
    return frozenset(map(shape, create_app(Settings(home=Path("nowhere"))).openapi()["paths"]))


def shape(path: str) -> str:
    """An address with every id in it told alike."""
    return re.sub(r"\{[^}]*\}|<[^>]*>|(?<=/)(?:NOTICE|label-b|default)", "{}", path)


def test_every_room_stands_in_the_picture_of_the_architecture() -> None:
    picture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    rooms = [
        folder.name
        for package in ("api", "detector", "provenance")
        for folder in sorted((ROOT / package).iterdir())
        if (folder / "__init__.py").is_file()
    ]
    assert len(rooms) > 25
    assert [room for room in rooms if f"{room}/" not in picture] == []
