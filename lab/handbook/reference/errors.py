"""The reference of errors: every code, what it is answered with, and the classes that carry it."""

import importlib
import pkgutil
from collections.abc import Iterator

from api.server.answers import ANSWERS
from core.errors import TrackmarkError
from lab.handbook.docstrings import opening
from lab.handbook.markdown import code, plain, table

HEAD = """# Errors

A failure of the HTTP API is a problem (RFC 9457) whose `code` is one of these: programs branch on it, and
it never changes. The command line tells the same failure in words and ends with an exit status
([commands](commands.md)).
"""
_PACKAGES = ("core", "provenance", "detector", "api")
_NOT_IMPORTED = ("api.database.migrations", "core.install")
"""What does something when it is imported, or is a program of its own."""


def page() -> str:
    """Every code by status, and what each means."""
    meant = meanings()
    lines = [HEAD]
    for status in sorted({answer.status for answer in ANSWERS.values()}):
        lines += [f"## {status}", ""]
        rows = [
            (code(name), plain(answer.title), "<br>".join(map(plain, meant[name])))
            for name, answer in ANSWERS.items()
            if answer.status == status
        ]
        lines += table(("code", "title", "meaning"), rows)
    return "\n".join(lines)


def meanings() -> dict[str, list[str]]:
    """What the classes of each code say of themselves, by code."""
    for package in _PACKAGES:
        _import_all(package)
    told: dict[str, list[str]] = {}
    for kind in _tree(TrackmarkError):
        words = told.setdefault(kind.code, [])
        if (text := opening(kind)) and text not in words and kind.__module__.startswith(_PACKAGES):
            words.append(text)
    return told


def _import_all(package: str) -> None:
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not module.name.endswith("__main__") and not module.name.startswith(_NOT_IMPORTED):
            importlib.import_module(module.name)


def _tree(kind: type[TrackmarkError]) -> Iterator[type[TrackmarkError]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from _tree(inner)
