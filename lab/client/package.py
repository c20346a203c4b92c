"""The client's generated files: for each group of operations its methods, and the shapes that they name."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import api.client
from lab.client.methods import JSON, Operation
from lab.client.shapes import shape
from lab.client.types import annotation, reached
from lab.client.words import camel

CLIENT = Path(api.client.__file__).parent
FOLDERS = ("operations", "shapes")
MADE = "Made by `python -m lab.client` from the server's OpenAPI document: not to be edited."
SHARED = "shared"
PARTS = {
    "Ownership": "ownership",
    "MusicFound": "music",
    "VoiceFound": "voice",
    "OriginalityFound": "originality",
}
"""Parts of an audit's findings that are large enough for a file of their own."""
_OFFERED: Mapping[str, Iterable[str]] = {
    "..answers": ("Download", "Page"),
    "..calling": ("Calling", "Upload", "given", "quoted"),
    "collections.abc": ("Mapping", "Sequence"),
    "datetime": ("date", "datetime"),
    "typing": ("Any", "Literal", "NotRequired", "TypedDict"),
}
"""Where names come from that generated code uses."""


def files(document: Mapping[str, Any]) -> dict[str, str]:
    """The source of every generated file, by its path within the client, formatted."""
    components = document["components"]["schemas"]
    about = {one["name"]: one["description"] for one in document["tags"]}
    operations = [
        Operation(method.upper(), path, told, components)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
    ]
    rooms = _rooms(operations, components)
    tags = list(dict.fromkeys(one.tag for one in operations))
    made = {
        "operations/__init__.py": _all_operations(tags),
        "shapes/__init__.py": _all_shapes(rooms, operations),
    }
    for tag in tags:
        methods = "\n".join(one.source() for one in operations if one.tag == tag)
        body = f'class {camel(tag)}Operations(Calling):\n    """{about[tag]}."""\n\n{methods}'
        made[f"operations/{_module(tag)}.py"] = _file(about[tag], body, {"..shapes": rooms})
    shapes = {room: sorted(name for name in rooms if rooms[name] == room) for room in rooms.values()}
    for room, here in shapes.items():
        body = "\n\n".join(sorted((shape(name, components[name]) for name in here), key=_functional_last))
        others = {f".{_module(other)}": names for other, names in shapes.items() if other != room}
        made[f"shapes/{_module(room)}.py"] = _file(_told_in(room, about), body, others)
    return {name: _formatted(source) for name, source in sorted(made.items())}


def write(document: Mapping[str, Any], folder: Path = CLIENT) -> None:
    """Write the generated files; what an earlier document gave and this one does not is removed."""
    made = files(document)
    for old in _there(folder) - made.keys():
        (folder / old).unlink()
    for name, source in made.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(source, encoding="utf-8")


def differing(document: Mapping[str, Any], folder: Path = CLIENT) -> list[str]:
    """Names of generated files that are missing, too many, or not what the document gives."""
    made, there = files(document), _there(folder)
    kept = {name for name in there if (folder / name).read_text(encoding="utf-8") == made.get(name)}
    return sorted((made.keys() | there) - kept)


def _there(folder: Path) -> set[str]:
    return {f"{name}/{path.name}" for name in FOLDERS for path in (folder / name).glob("*.py")}


def _rooms(operations: Iterable[Operation], components: Mapping[str, Any]) -> dict[str, str]:
    """Where the class of each component stands: with the one group that uses it, or with the shared ones."""
    using = [(one.tag, one.used(PARTS)) for one in operations]
    using += [(room, reached([part], components)) for part, room in PARTS.items()]
    rooms: dict[str, str] = {}
    for room, names in using:
        for name in names:
            rooms[name] = room if rooms.get(name, room) == room else SHARED
    return rooms | PARTS


def _told_in(room: str, about: Mapping[str, str]) -> str:
    if room == SHARED:
        return "What several groups of operations name"
    return f"{about[room]}: what is told" if room in about else f"What an audit found: {room}"


def _module(tag: str) -> str:
    return tag.replace("-", "_")


def _functional_last(source: str) -> bool:
    """A TypedDict that is made by a call reads the names in it at once."""
    return not source.startswith("class ")


def _all_operations(tags: Iterable[str]) -> str:
    imports = "".join(f"from .{_module(tag)} import {camel(tag)}Operations\n" for tag in tags)
    bases = ", ".join(f"{camel(tag)}Operations" for tag in tags)
    head = f'"""Every operation of the audit API.\n\n{MADE}\n"""\n\n{imports}\n\n'
    return f'{head}class Operations({bases}):\n    """Every operation, as a method under its id."""\n'


def _all_shapes(rooms: Mapping[str, str], operations: Iterable[Operation]) -> str:
    """One place to import every class from, and what tells that something is under way."""
    imports = "".join(f"from .{_module(room)} import {name}\n" for name, room in rooms.items())
    begun = {annotation(one.answers["202"][JSON]["schema"]) for one in operations if "202" in one.answers}
    names = ", ".join(f'"{name}"' for name in sorted([*rooms, "JobAnswer"]))
    head = f'"""What answers and requests hold.\n\n{MADE}\n"""\n\n{imports}\n'
    jobs = (
        f'JobAnswer = {" | ".join(sorted(begun))}\n"""What `Client.wait` follows until it has ended."""\n\n'
    )
    return f"{head}{jobs}__all__ = [{names}]\n"


def _file(about: str, body: str, more: Mapping[str, Iterable[str]]) -> str:
    """A module, with imports of what it uses."""
    names = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    imports = "".join(
        f"from {module} import {', '.join(used)}\n"
        for module, offered in {**_OFFERED, **more}.items()
        if (used := sorted(names.intersection(offered)))
    )
    return f'"""{about}.\n\n{MADE}\n"""\n\nfrom __future__ import annotations\n\n{imports}\n\n{body}'


def _formatted(source: str) -> str:
    """As ruff has it, imports in order."""
    for command in (["check", "--select", "I", "--fix"], ["format"]):
        ruff = [
            sys.executable,
            "-m",
            "ruff",
            *command,
            "-q",
            "--stdin-filename",
            str(CLIENT / "made.py"),
            "-",
        ]
        source = subprocess.run(ruff, input=source, capture_output=True, text=True, check=True).stdout
    return source
