"""What is said of whose a recording is: a registry writes down claims, and says of nobody that it is his."""

import re

from api.language.catalogue import catalogue
from tests.api.language.test_catalogue import messages, texts

CLAIMED = re.compile(r"\bwhose (?:recording|(?:the )?audio)\b", re.IGNORECASE)
BELONGS = re.compile(r"\bgehör(?:t|en|te|ten)\b", re.IGNORECASE)


def test_german_asks_whose_recording_it_is_and_not_to_whom_it_belongs() -> None:
    asked = [one for one in messages("de") if isinstance(one.id, str) and CLAIMED.search(one.id)]
    assert asked
    assert [one.id for one in asked if "wessen" not in str(one.string).lower()] == []


def test_german_lets_nothing_belong_to_anybody_that_english_does_not() -> None:
    told = [
        one.id
        for one in messages("de")
        for en, de in zip(texts(one.id), texts(one.string), strict=True)
        if BELONGS.search(de) and not re.search(r"\b(belong|own\b)", en)
    ]
    assert told == []


def test_a_record_without_ai_is_not_told_as_one_that_says_nothing() -> None:
    """ "declares no AI" is a declaration; "gibt keine KI an" would be the lack of one."""
    declared = [
        str(one.string) for one in catalogue("de") if isinstance(one.id, str) and "declares no AI" in one.id
    ]
    assert declared
    assert [text for text in declared if re.search(r"\bkeine KI an\b", text)] == []
