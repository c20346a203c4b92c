"""One record, two records: how many of what, in every line that a command prints."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import cli
from api.report.numbers import clock_text
from core.counted import counted, whole

THINGS = re.compile(
    r" (records|entries|files|tracks|sketches|recordings|bytes|days|minutes|hours|rows|keys|witnesses|events"
    r"|members|sources|copies|matches|checks|errors|warnings|jobs|reports|channels|semitones|voices|artists)\b"
)
NEVER_ONE = {
    "many": "a line of its own is told of more than one file only",
    "local.WANTED": "500",
    "chance_text(near['by_chance'])": "a number with a fraction",
}


def plurals(source: str) -> Iterator[str]:
    """What stands right before the name of more than one thing."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            for value, text in zip(node.values, node.values[1:], strict=False):
                if (
                    isinstance(value, ast.FormattedValue)
                    and isinstance(text, ast.Constant)
                    and THINGS.match(str(text.value))
                ):
                    yield ast.unparse(value.value)


def test_nothing_is_counted_by_a_plural_alone() -> None:
    assert list(plurals('f"{count} records, {other} of a record"')) == ["count"]
    found = {
        f"{path.name}: {value}"
        for path in Path(cli.__file__).parent.glob("*.py")
        for value in plurals(path.read_text(encoding="utf-8"))
        if value not in NEVER_ONE
    }
    assert found == set()


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_one_is_one(count: int) -> None:
    assert counted(count, "entry", "entries") == f"{count} {'entry' if count == 1 else 'entries'}"


@pytest.mark.parametrize("seconds", [0.0, 0.4, 0.5, 2.5, 33.49, 33.7, 59.5, 61.0, 3599.6])
def test_a_clock_tells_the_second_that_is_told_beside_it(seconds: float) -> None:
    minutes, rest = clock_text(seconds).split(":")
    assert 60 * int(minutes) + int(rest) == whole(seconds)
    assert abs(whole(seconds) - seconds) <= 0.5
