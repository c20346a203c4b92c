"""Markdown of what code says: tables, and texts in which nothing is taken for markup but code."""

import html
import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`[^`]+`)")
_MARKUP = re.compile(r"([\\*_\[\]|#])")


def plain(text: str) -> str:
    """A text on one line; what stands between backticks stays code, all else is shown as it is written.

    >>> plain("of `a_b`: at least *one* <b>")
    'of `a_b`: at least \\\\*one\\\\* &lt;b&gt;'
    """
    parts = _CODE.split(" ".join(text.split()))
    return "".join(part if _CODE.fullmatch(part) else _escaped(part) for part in parts)


def code(text: str) -> str:
    """A text as code, whatever it holds; nothing of an empty one.

    >>> code("a|b")
    '<code>a&#124;b</code>'
    """
    if not text:
        return ""
    shown = html.escape(" ".join(text.split()), quote=False)
    for letter in "|`*_[]\\":
        shown = shown.replace(letter, f"&#{ord(letter)};")
    return f"<code>{shown}</code>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table as lines, with a blank one behind it; no lines where it has no rows.

    Args:
        head: titles of the columns.
        rows: cells, as `plain` or `code` make them.
    """
    body = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", "|" + " --- |" * len(head), *body, ""] if body else []


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a docstring, each with a blank line behind it."""
    return [line for part in text.split("\n\n") if part.strip() for line in (plain(part), "")]


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", html.escape(text, quote=False))
