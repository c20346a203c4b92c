"""Numbers as the published pages of benchmarks have them: read, never typed again."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "docs" / "benchmarks"


class NotPublished(ValueError):
    """A page does not have a number that is asked of it."""


def tables(text: str) -> Iterator[list[dict[str, str]]]:
    """The tables of a page in Markdown, each as its rows, each by the heads of its columns.

    >>> list(tables("| a | b |\\n|---|---:|\\n| x | 1 |\\n"))
    [[{'a': 'x', 'b': '1'}]]
    """
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if place and re.fullmatch(r"\|[-:| ]+\|", line):
            heads, rows = _cells(lines[place - 1]), []
            for below in lines[place + 1 :]:
                if not below.startswith("|"):
                    break
                rows.append(dict(zip(heads, _cells(below), strict=True)))
            yield rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows(page: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of the first table of a page that has these columns.

    Raises:
        NotPublished: there is no such page or table.
    """
    if not page.is_file():
        raise NotPublished(f"{page.name} is not there; run the command that writes it")
    for found in tables(page.read_text("utf-8")):
        if found and set(columns) <= found[0].keys():
            return found
    raise NotPublished(f"{page.name} has no table with the columns {', '.join(columns)}")


def number(cell: str) -> float:
    """The number that a cell begins with.

    Raises:
        NotPublished: it begins with none.

    >>> number("1,234.5 ms")
    1234.5
    """
    found = re.match(r"-?[\d,]*\.?\d+", cell)
    if found is None:
        raise NotPublished(f"{cell!r} is no number")
    return float(found[0].replace(",", ""))


def said(page: Path, pattern: str) -> tuple[float, ...]:
    """The numbers of the first sentence of a page that is written so, one for each group.

    Raises:
        NotPublished: no sentence is.
    """
    found = re.search(pattern, page.read_text("utf-8")) if page.is_file() else None
    if found is None:
        raise NotPublished(f"{page.name} does not say {pattern!r}")
    return tuple(map(number, found.groups()))
