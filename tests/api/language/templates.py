"""Finding words in templates that no catalogue knows."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, nodes

SHOWN = frozenset({"aria-label", "alt", "title", "placeholder", "data-label"})
GETTEXT = frozenset({"_", "gettext", "ngettext", "pgettext", "npgettext"})
VALUE = "\ufffc"
"""Stands for whatever an expression gives."""


def environment() -> Environment:
    """As the pages have it, for parsing alone."""
    made = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    made.policies["ext.i18n.trimmed"] = True
    return made


def unspoken(path: Path) -> set[str]:
    """The words of a template that stand outside gettext: in its text, its attributes, its expressions."""
    tree = environment().parse(path.read_text(encoding="utf-8"))
    reader = _Reader()
    reader.feed("".join(_written(tree)))
    reader.close()
    return {text for text in reader.found if _word(text)} | set(_literals(tree))


def _word(text: str) -> bool:
    return any(a.isalpha() and b.isalpha() for a, b in pairwise(text))


def _written(node: nodes.Node) -> Iterator[str]:
    """The text of a template, with `VALUE` for expressions."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.TemplateData):
            yield child.data
        elif isinstance(child, nodes.Expr):
            yield VALUE
        else:
            yield from _written(child)


def _literals(node: nodes.Node, shown: bool = False) -> Iterator[str]:
    """Texts that an expression puts on the page."""
    if isinstance(node, nodes.Const):
        value = node.value if shown and isinstance(node.value, str) else ""
        if _word(value) and (" " in value or value[:1].isupper()):
            yield value
        return
    if isinstance(node, nodes.Call):
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        if name in GETTEXT:
            return
    if isinstance(node, nodes.Compare | nodes.Test | nodes.Getitem):
        return
    inside = shown or isinstance(node, nodes.Output | nodes.For | nodes.Assign)
    for child in node.iter_child_nodes():
        if not isinstance(child, nodes.TemplateData):
            yield from _literals(child, inside)


class _Reader(HTMLParser):
    """Collects what a reader sees or hears of a page; code stands in every language as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._quiet += tag in ("code", "pre", "style", "script")
        for name, value in attrs:
            if name in SHOWN and value:
                self._keep(value)

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in ("code", "pre", "style", "script")

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self._keep(data)

    def _keep(self, text: str) -> None:
        for part in re.split(f"[{VALUE}·]", text):
            if stripped := part.strip(" \n·:.,;()…/–"):
                self.found.add(stripped)
