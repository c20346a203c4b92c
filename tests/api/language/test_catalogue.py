"""Every language says everything that the code says, with the same values in it."""

import re
from functools import cache

import pytest
from babel.messages import Catalog, Message

from api.language import LANGUAGES, extract
from api.language.catalogue import Language, catalogue, path_of, translations

OTHERS: tuple[Language, ...] = tuple(one for one in LANGUAGES if one != "en")
VALUE = re.compile(r"%\((\w+)\)s")
TAG = re.compile(r"</?(\w+)[^>]*>")
COMFORT = re.compile(
    r"\b(echt(e[rsmn]?)?|authentisch\w*|menschlich\w*|original getreu|unbedenklich)\b", re.IGNORECASE
)


def lone_percent(text: str) -> bool:
    return "%" in VALUE.sub("", text).replace("%%", "")


@cache
def said() -> Catalog:
    return extract.said()


def messages(language: Language) -> list[Message]:
    return [one for one in catalogue(language) if one.id]


def texts(value: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_is_what_the_extraction_writes(language: Language) -> None:
    """No message is missing, none is left over: `python -m api.language.extract` brings it up to date."""
    assert path_of(language).read_text(encoding="utf-8") == extract.written(language, said())


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_has_a_translation_that_a_person_has_read(language: Language) -> None:
    lacking = [
        one.id
        for one in messages(language)
        if one.fuzzy or not texts(one.string) or not all(texts(one.string))
    ]
    assert lacking == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_values_and_the_markup_of_its_message(language: Language) -> None:
    plurals = catalogue(language).num_plurals
    for one in messages(language):
        strings = texts(one.string)
        assert len(strings) == (1 if isinstance(one.id, str) else plurals), one.id
        for string in strings:
            wanted = texts(one.id)[-1]
            assert set(VALUE.findall(string)) <= {*VALUE.findall(wanted), "num"}, one.id
            assert sorted(TAG.findall(string)) == sorted(TAG.findall(wanted)), one.id
            if len(strings) == 1:
                assert sorted(VALUE.findall(string)) == sorted(VALUE.findall(wanted)), one.id
            assert not lone_percent(string), one.id


def test_a_message_writes_per_cent_twice() -> None:
    assert [text for one in said() if one.id for text in texts(one.id) if lone_percent(text)] == []


def test_german_never_calls_a_recording_genuine_or_human() -> None:
    """ "Nothing found" is no comfort: these words would be."""
    told = [string for one in messages("de") for string in texts(one.string)]
    assert [text for text in told if COMFORT.search(text)] == []


def test_what_a_catalogue_lacks_is_said_in_english() -> None:
    assert translations("de").gettext("a message of nobody") == "a message of nobody"
    assert translations("de").gettext("Search") == "Suchen"
