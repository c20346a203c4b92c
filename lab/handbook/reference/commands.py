"""The reference of the command line, made of what the commands say of themselves (as `trackmark man`)."""

from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup
from typer.main import get_command

from api.cli import main
from api.cli.manual import ENDS
from lab.handbook.markdown import code, paragraphs, plain, table

HEAD = """# Commands

Made of the commands themselves; `trackmark COMMAND --help` says the same. Every command reads the
[settings](settings.md) and takes `--help`.
"""


def page() -> str:
    """Every command, with its arguments and options."""
    root = get_command(main)
    lines = [HEAD, *table(("exit status", "meaning"), ((code(end), plain(text)) for end, text in ENDS))]
    for path, command in commands(root, ("trackmark",)):
        lines += _command(path, command)
    return "\n".join(lines)


def commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A command and every command below it that is shown, each with the words that call it."""
    yield path, command
    for name, inner in command.commands.items() if isinstance(command, TyperGroup) else ():
        if not inner.hidden:
            yield from commands(inner, (*path, name))


def _command(path: tuple[str, ...], command: Any) -> list[str]:
    called = " ".join(path)
    context = command.make_context(called, [], resilient_parsing=True)
    usage = " ".join([called, *command.collect_usage_pieces(context)])
    lines = ["#" * min(len(path) + 1, 3) + f" {called}", "", *paragraphs(command.help or "")]
    lines += ["```text", usage, "```", ""]
    told: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in record[0]:
            told[parameter.param_type_name].append((code(record[0]), plain(record[1] or "")))
    lines += table(("argument", "meaning"), told["argument"])
    lines += table(("option", "meaning"), told["option"])
    return lines
