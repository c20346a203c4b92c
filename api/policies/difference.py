"""What differs between two texts, line by line, with a few lines around each change."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

AROUND = 3
MOST_COMPARED = 4_000_000
"""Pairs of lines that may be alike; the matching of more would keep a request waiting."""


@dataclass(frozen=True)
class Line:
    """A line of either text, or of both.

    Attributes:
        kind: whether it is in both, went, or came; `gap` stands for lines that are left out here.
        before, after: its number in each text, counted from 1; None where the text does not have it.
    """

    kind: Literal["same", "gone", "new", "gap"]
    before: int | None
    after: int | None
    text: str


def difference(before: str, after: str) -> tuple[Line, ...]:
    """The changes between two texts, each with the lines around it; empty where they are alike.

    >>> [(line.kind, line.text) for line in difference("a = 1", "a = 2")]
    [('gone', 'a = 1'), ('new', 'a = 2')]
    """
    old, new = before.rstrip("\n").split("\n"), after.rstrip("\n").split("\n")
    return () if old == new else tuple(_lines(old, new))


def _lines(old: list[str], new: list[str]) -> Iterator[Line]:
    if len(old) * len(new) > MOST_COMPARED:
        yield from (Line("gone", at, None, text) for at, text in enumerate(old, 1))
        yield from (Line("new", None, at, text) for at, text in enumerate(new, 1))
        return
    reached = 0
    groups = SequenceMatcher(None, old, new).get_grouped_opcodes(AROUND)
    for group in groups:
        if group[0][1] > reached:
            yield Line("gap", None, None, "")
        reached = group[-1][2]
        for kind, old_from, old_to, new_from, new_to in group:
            if kind == "equal":
                for at in range(old_to - old_from):
                    yield Line("same", old_from + at + 1, new_from + at + 1, old[old_from + at])
                continue
            yield from (Line("gone", at + 1, None, old[at]) for at in range(old_from, old_to))
            yield from (Line("new", None, at + 1, new[at]) for at in range(new_from, new_to))
    if reached < len(old):
        yield Line("gap", None, None, "")
