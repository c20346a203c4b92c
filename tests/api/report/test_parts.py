"""A file of which no one track is all: whose each part is, and never that all of it is one party's."""

import copy
from typing import Any

import pytest

from api.language import LANGUAGES, speaking
from api.language.catalogue import Language
from api.report import words
from api.report.document.audit import audit_document
from api.report.words.parts import several
from tests.api.report.statements import SEAL, statement


def mixed(status: str = "mark_removed_or_unmarked", count: int = 2) -> dict[str, Any]:
    """A file of tracks of two owners, a quarter of a minute each."""
    told = statement("two tracks")
    owned = told["findings"]["ownership"]
    first, second = owned["tracks"]
    owned["tracks"] = [first, *(copy.deepcopy(second) for _ in range(count - 1))]
    owned["status"] = status
    owned["text"] = f"The audio is that of record {owned['record_id']}, and no watermark was found in it."
    return told


@pytest.mark.parametrize("status", ["match", "mark_removed_or_unmarked", "fingerprint_only"])
def test_a_mix_of_several_owners_tracks_is_not_told_as_one_of_them(status: str) -> None:
    document = audit_document(mixed(status), SEAL)
    first = document.answers[0]
    assert (first.answer, first.tone) == ("Tracks of several owners", "warn")
    assert "“A Song” of A Label (0:00 to 0:09); “A Song” of Else (0:10 to 0:19)" in first.text
    (short,) = [block.text for block in document.summary[0].blocks if block.kind == "text"]
    for text in (first.text, short):
        assert "The audio is that of record" not in text and "The recording is registered here" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_tracks_are_cut_and_the_cut_is_said(language: Language) -> None:
    with speaking(language):
        text = words.ownership(mixed(count=9)["findings"]["ownership"]).text
    assert ("; and 3 more" in text) if language == "en" else ("; und 3 weitere" in text)


def test_nothing_of_a_record_that_does_not_verify_is_quoted() -> None:
    told = mixed()["findings"]["ownership"]
    told["tracks"].append({**told["tracks"][0], "record_id": "0" * 16, "title": None, "owners": []})
    assert "record 0000000000000000 (0:00 to 0:09)" in words.ownership(told).text


def test_tracks_of_the_same_owners_and_what_is_disputed_are_told_as_before() -> None:
    assert not several(statement("everything")["findings"]["ownership"])
    assert not several(statement("disputed")["findings"]["ownership"])
    assert not several(mixed("transplant_suspected")["findings"]["ownership"])
