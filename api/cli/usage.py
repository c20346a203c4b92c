"""Wrong usage in our own words: what a parameter takes, and what it was given instead."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

from api.cli import reader
from api.cli.console import USAGE, messages

if TYPE_CHECKING:
    from typer import Context

EXAMPLES = {
    "%Y-%m-%d": "a day such as 2026-11-30",
    "%Y-%m-%dT%H:%M:%SZ": "a moment in UTC such as 2026-11-30T12:00:00Z",
}
_PLACES = (
    ("does not exist", "{name}: there is no {kind} {place}"),
    ("is a file", "{name} takes a folder, and {place} is a file"),
    ("is a directory", "{name} takes a file, and {place} is a folder"),
    ("is not readable", "{name}: {place} may not be read by you"),
    ("is not writable", "{name}: {place} may not be written by you"),
)
"""How a message of the parser ends, and what is said in its place."""
PLACES = ("CATALOGUE", "MANIFEST", "TRACKS")
"""What the parameters are called, last, that take a pattern or an address beside the name of a place."""
_KINDS = {"file": "file", "dir": "folder", "path": "file or folder"}
_OTHERS = (
    (r"Option '(?P<name>[^']+)' requires an argument\.", "{name} needs a value"),
    (r"Option '(?P<name>[^']+)' does not take a value\.", "{name} takes no value"),
    (r"No such command '(?P<name>.*?)'\.?(?: Did you mean (?P<near>.*)\?)?", "there is no command {name}"),
    (r"No such option: (?P<name>\S+)(?: \(Possible options: (?P<near>.*)\))?", "there is no option {name}"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((?P<name>.*)\)", "more was given than it takes: {name}"),
    (r"Missing command\.", "the command is missing"),
)


BOXES_FROM = 80
"""Columns of a screen from which help has boxes; in narrower ones names of options are cut."""


def dress() -> Literal["rich"] | None:
    """How help is set: in boxes, or as plain paragraphs on a narrow screen."""
    return "rich" if shutil.get_terminal_size().columns >= BOXES_FROM else None


class Commands(TyperGroup):
    """The whole command, which tells wrong usage in our own words and exits with 2.

    Whatever starts it (`trackmark`, `python -m`, a test) comes through `main`.
    """

    def main(self, *arguments: Any, **named: Any) -> Any:
        """As its base: runs the command and ends the process, also where it is stopped."""
        with reader.attended():
            return super().main(*arguments, **named)

    def make_context(self, *arguments: Any, **named: Any) -> Any:
        """As its base: reads the options of the command itself."""
        with reader.stoppable(), _own_words():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:
        """As its base: finds the command, reads its options, runs it."""
        with reader.stoppable(), _own_words():
            return super().invoke(ctx)


class Command(TyperCommand):
    """One command, which takes no empty name for a place.

    pathlib reads one as the folder that one stands in, and scripts give one where a variable is not set.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As its base: reads the options and arguments."""
        if "" in args or any(one.endswith("=") for one in args):
            given, _left, _order = self.make_parser(ctx).parse_args(args=list(args))
            params: Any = self.get_params(ctx)
            for param in filter(_names_places, params):
                value = given.get(param.name)
                if "" in (value if isinstance(value, list | tuple) else [value]):
                    raise typer.BadParameter("the name is empty (a variable that is not set?)", ctx, param)
        return super().parse_args(ctx, args)


def _names_places(param: Any) -> bool:
    kind = param.type_descriptor.annotation
    return Path in (kind, *get_args(kind)) or str(param.metavar).rpartition("|")[2] in PLACES


@contextmanager
def _own_words() -> Iterator[None]:
    try:
        yield
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # that one is the help itself
            raise
        from rich.markup import escape

        messages().print(f"[bold red]error:[/] {escape(explained(error))}")
        context: Context | None = getattr(error, "ctx", None)
        if context is not None:
            messages().print(f"`{context.command_path} --help` tells what it takes", markup=False)
        raise typer.Exit(USAGE) from None


def explained(error: typer.TyperException) -> str:
    """What of a command's words does not fit, and what would."""
    param: Any = getattr(error, "param", None)
    if param is None:
        return _otherwise(error.format_message())
    name = next((one for one in param.opts if one.startswith("--")), param.metavar or param.name)
    if type(error).__name__ == "MissingParameter":
        told = (param.help or "").split(". ")[0].rstrip(".")
        return f"{name} is missing" + (f" ({told})" if told else "")
    refused = getattr(error.__cause__, "errors", None)
    if refused is not None:
        return f"{name} takes {taken(param)}, not {_given(refused())}"
    place = re.fullmatch(r"(file|dir|path) (?:'(.*)'|\"(.*)\") (.*)\.", error.message, re.DOTALL)
    for ending, text in _PLACES:
        if place and place[4] == ending:
            return text.format(name=name, kind=_KINDS[place[1]], place=place[2] or place[3])
    return f"{name}: {error.message}"


def taken(param: Any) -> str:
    """What a parameter takes: its choices, its limits, or an example."""
    kind = param.type_descriptor.annotation
    kind = get_args(kind)[0] if get_origin(kind) is list else kind
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _listed([str(one.value) for one in kind])
    if get_origin(kind) is Literal:
        return _listed([str(one) for one in get_args(kind)])
    if kind in (int, float):
        return ("a whole number" if kind is int else "a number") + _limits(param)
    formats = param.type_descriptor.parameter_info.formats or ()
    return " or ".join(EXAMPLES[one] for one in formats if one in EXAMPLES) or "another value"


def _limits(param: Any) -> str:
    least, most = (None if one is None else f"{one:.15g}" for one in (param.min, param.max))
    if least is not None and most is not None:
        return f" from {least} to {most}"
    if least is not None:
        return f" from {least} on"
    return f" up to {most}" if most is not None else ""


def _listed(choices: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(choices[:-1]), choices[-1]]))


def _given(refused: list[dict[str, Any]]) -> str:
    given = str(refused[0]["input"])
    return f"“{given}”" if given.strip() else "nothing"


def _otherwise(text: str) -> str:
    for pattern, told in _OTHERS:
        found = re.fullmatch(pattern, text, re.DOTALL)
        if found:
            parts = found.groupdict()
            near = parts.get("near")
            meant = _listed([one.strip("'") for one in near.split(", ")]) if near else ""
            return told.format(**parts) + (f"; did you mean {meant}?" if meant else "")
    return text
