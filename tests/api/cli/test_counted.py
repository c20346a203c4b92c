"""One record, two records: how many of what, in every line that is told to somebody."""

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
    r"|members|sources|copies|matches|checks|errors|warnings|jobs|reports|channels|semitones|voices|artists"
    r"|samples|cells|times|groups|scores|uploads|requests|characters|parties|stretches|streams|weights|pages)\b"
)
ROOT = Path(cli.__file__).parents[2]
LIMIT = re.compile(r"(\w+\.)?_?[A-Z][A-Z0-9_]+")
"""Constants, none of which is one."""
BEYOND = "told where there are more than a limit allows, or of a limit that is larger"
OF_ALL = "how many there are in all, after how many of them"
NEVER_ONE = {
    "many": "a line of its own is told of more than one file only",
    "near['tempo']": "a number with a fraction",
    "chance_text(near['by_chance'])": "a number with a fraction",
    "setting.ratio": "a number with a fraction",
    "speed": "a number with a fraction",
    "api/cli/man.py: count": "commands, of which there are many",
    "api/cli/doctor.py: count": "weights, of which there are many",
    "len(clip.wav)": "told of several only",
    "len(claims)": "told of several only",
    "len(holders)": "told of several only",
    "len(links)": "told of several only",
    "len(waiting)": "told of several only",
    "channels": BEYOND,
    "days": BEYOND,
    "declared": BEYOND,
    "known.size_bytes": BEYOND,
    "len(data)": BEYOND,
    "len(payload)": BEYOND,
    "len(self.prompt)": BEYOND,
    "len(text)": BEYOND,
    "len(token)": BEYOND,
    "len(value)": BEYOND,
    "limit": BEYOND,
    "parts.settings.max_upload_bytes": BEYOND,
    "self._max_bytes": BEYOND,
    "self.most_bytes": BEYOND,
    "self.quota_bytes": BEYOND,
    "provenance/score/reading.py: size": BEYOND,
    "held + failed": OF_ALL,
    "len(segments)": OF_ALL,
    "kind": "a name",
    "out.suffix": "a name",
    "suffix": "a name",
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
    found = [
        (f"{path.relative_to(ROOT)}: {value}", value)
        for package in ("api", "core", "detector", "provenance")
        for path in (ROOT / package).rglob("*.py")
        for value in plurals(path.read_text(encoding="utf-8"))
        if not LIMIT.fullmatch(value)
    ]
    assert [place for place, value in found if not {place, value} & NEVER_ONE.keys()] == []


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_one_is_one(count: int) -> None:
    assert counted(count, "entry", "entries") == f"{count} {'entry' if count == 1 else 'entries'}"


@pytest.mark.parametrize("seconds", [0.0, 0.4, 0.5, 2.5, 33.49, 33.7, 59.5, 61.0, 3599.6])
def test_a_clock_tells_the_second_that_is_told_beside_it(seconds: float) -> None:
    minutes, rest = clock_text(seconds).split(":")
    assert 60 * int(minutes) + int(rest) == whole(seconds)
    assert abs(whole(seconds) - seconds) <= 0.5
