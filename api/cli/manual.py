"""Manual pages (man(7)) of every command, made of what the commands say of themselves."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from typer.core import TyperGroup

ENDS = (
    ("0", "Done, and in order."),
    ("1", "A verification or a policy failed."),
    ("2", "Wrong usage."),
    ("3", "Input that cannot be read."),
    ("130", "Stopped by Ctrl-C."),
    ("141", "Nobody reads the answers any more."),
)
HOME = "Folder of keys, database and audio; the platform's folder for a user's data otherwise."


def pages(root: Any) -> Iterator[tuple[str, str]]:
    """The page of a command and of every command below it.

    Args:
        root: the command, as `typer.main.get_command` makes it.

    Yields:
        The page's name, such as `trackmark-audit`, and its text.
    """
    yield from _below(root, (str(root.name),))


def _below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    inner = command.commands if isinstance(command, TyperGroup) else {}
    shown = {name: one for name, one in inner.items() if not one.hidden}
    yield "-".join(path), _page(command, path, shown)
    for name, one in shown.items():
        yield from _below(one, (*path, name))


def _page(command: Any, path: tuple[str, ...], inner: dict[str, Any]) -> str:
    name, called = "-".join(path), " ".join(path)
    context = command.make_context(called, [], resilient_parsing=True)
    brief, *rest = (" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    lines = [
        f'.TH "{_plain(name).upper()}" 1 "" "trackmark {version("trackmark")}" "Trackmark"',
        *_section("NAME", [_line(f"{name} - {brief.rstrip('.')}")]),
        *_section("SYNOPSIS", [f"\\fB{_plain(called)}\\fR {_plain(' '.join(_usage(command, context)))}"]),
        *_section("DESCRIPTION", [text for part in (brief, *rest) for text in (".PP", _line(part))]),
    ]
    records: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            records[parameter.param_type_name].append(record)
    lines += _section("ARGUMENTS", _list(records["argument"]))
    lines += _section("OPTIONS", _list(records["option"]))
    below = [(f"{called} {one}", inner[one].get_short_help_str(200)) for one in inner]
    lines += _section("COMMANDS", _list(below))
    lines += _section("EXIT STATUS", _list(ENDS))
    lines += _section("ENVIRONMENT", _list([("TRACKMARK_HOME", HOME)]))
    beside = [*(["-".join(path[:-1])] if len(path) > 1 else []), *(f"{name}-{one}" for one in inner)]
    lines += _section(
        "SEE ALSO", [", ".join(f"\\fB{_plain(one)}\\fR(1)" for one in beside)] if beside else []
    )
    return "\n".join(lines) + "\n"


def _usage(command: Any, context: Any) -> list[str]:
    pieces: list[str] = command.collect_usage_pieces(context)
    return pieces


def _section(name: str, lines: list[str]) -> list[str]:
    return [f".SH {name}", *lines] if lines else []


def _list(entries: Any) -> list[str]:
    return [
        text
        for name, said in entries
        for text in (".TP", f"\\fB{_plain(name)}\\fR", _line(said or "See above."))
    ]


def _line(text: str) -> str:
    """A text as one line of input: no letter at its beginning is taken for a request of roff."""
    plain = _plain(" ".join(text.split()))
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


def _plain(text: str) -> str:
    return text.replace("\\", "\\e").replace("-", "\\-")
