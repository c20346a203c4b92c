"""Neither case nor accents nor hyphens hide an entry."""

import pytest

from api.lists.terms import LONGEST, MOST_WORDS, fold, isrc, values, words


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("Élan  Vital", "elan vital"),
        ("STRASSE", "straße"),
        ("ﬁn", "FIN"),
        ("a\u00a0b\tc", "A b C"),
        ("Ｆｕｌｌ", "full"),
        ("x" * 500, "X" * 500),
    ],
)
def test_what_looks_the_same_is_found(stored: str, asked: str) -> None:
    assert fold(stored) == fold(asked)
    assert len(fold(stored)) <= LONGEST


def test_what_a_database_cannot_hold_is_left_out() -> None:
    assert fold("a\x00b\ud800c") == "a b c"


def test_words_are_those_of_the_whole_text() -> None:
    long = " ".join(f"w{n:03d}" for n in range(100))
    assert words(long) == long.split()
    assert len(words(" ".join(str(n) for n in range(1000)))) == MOST_WORDS
    assert words("--- !") == []


def test_an_isrc_is_known_with_and_without_hyphens() -> None:
    assert isrc("DE-A12-34-56789") == isrc("dea123456789")
    assert values("isrc", ["DE-A12-34-56789", None, ""]) == {("isrc", "dea123456789")}
