"""TOML of strangers: read as the standard library does, and nobody waits for what is built to be slow."""

import tomllib
from datetime import date

import pytest

from core import toml


def test_a_text_says_what_the_standard_library_reads() -> None:
    text = 'a = 1\n[b]\nc = [1.5, "x", true]\n[[d]]\ne = {f = -3}\n'
    assert toml.loads(text) == tomllib.loads(text)
    assert toml.loads("day = 2026-08-02\nmoment = 2026-08-02T10:00:00Z") == {
        "day": date(2026, 8, 2),
        "moment": "2026-08-02 10:00:00+00:00",
    }


@pytest.mark.parametrize(
    "text",
    ["=", "a=" + "[" * 100_000, "a = " + "9" * 5000, "a = '" + "x" * 10, "[a]\n[a]", "a={" * 3000, "\0"],
)
def test_what_is_no_toml_or_too_deep_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        toml.loads(text)


def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml, "TIMEOUT_S", 0.5)
    with pytest.raises(ValueError, match="longer than"):
        toml.loads("\n".join(["[" + ".".join(["a"] * 60_000) + "]"]))


def test_what_takes_too_much_memory_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml, "MEMORY_BYTES", 4 << 20)
    with pytest.raises(ValueError, match=r".+"):
        toml.loads("a = [" + "[1]," * 500_000 + "]")
