"""The document of a comparison: what page one says, and which rates stand beside which stretch."""

import math
import re
from pathlib import Path
from typing import Any

import pytest

from api.language import speaking
from api.language.catalogue import catalogue
from api.report.document import alignment
from api.report.document.blocks import Document, Seal, Section, Table, Terminal
from api.report.document.comparison import comparison_document
from api.report.page import render_page
from api.report.pdf import render_pdf
from tests.api.report.compared import FOUND, comparison, stretch
from tests.api.report.document.test_audit import HOSTILE, said, section
from tests.api.report.english import english
from tests.api.report.statements import SEAL, texts
from tests.api.report.test_pdf import SIGNED, standards, untold

STRANGERS = ("A Song", "A Label", "Else")
"""What the recorded audits quote of others."""


def paper(name: str, *, public: bool = False) -> Document:
    return comparison_document(comparison(name, public=public), SEAL)


def evidence(document: Document) -> Table:
    table = section(document, "Table of evidence").blocks[0]
    assert isinstance(table, Table)
    return table


@pytest.mark.parametrize("name", FOUND)
def test_every_comparison_tells_all_of_page_one(name: str) -> None:
    document = paper(name)
    assert [part.title for part in document.summary] == [
        "Who signed, and how to check it",
        "What was asked",
        "What was found",
        "What this does not mean",
    ]
    assert document.verdict.tone in ("neutral", "warn")
    for text in texts(document.to_dict()):
        assert "None" not in text.split() or text == "None", text  # no missing value is told as a word
    everything = " ".join(texts(document.to_dict()))
    assert not re.search(r"\b(is|was) (a copy|copied)\b|plagiari|infring", everything)


def test_a_row_tells_both_times_the_change_and_what_was_measured_of_it() -> None:
    rows = evidence(paper("many changes")).rows
    assert rows[0] == (
        "1",
        "0:03 to 0:34",
        "0:42 to 1:15",
        "1.060",
        "1.0 semitones higher",
        "below one in a million",
        "57 of 57",
    )
    assert [row[-1] for row in rows] == [
        *("57 of 57", "57 of 57", "57 of 57", "57 of 57", "53 of 57", "not measured", "not measured"),
        *("239 of 241", "not measured"),
    ]
    assert rows[-1][-2] == "not kept"


def test_a_change_takes_the_rate_of_the_next_larger_one_and_never_of_a_smaller() -> None:
    measured = alignment.metrics(comparison("one stretch"))

    def named(speed: float, semitones: float) -> str | None:
        return alignment.condition(stretch(speed=speed, pitch_semitones=semitones), measured).name

    def resampled(speed: float) -> str | None:
        return named(speed, 12 * math.log2(speed))

    assert [resampled(one) for one in (1.0, 1.03, 1.05, 1.06, 1.2, 1.25, 1.27)] == [
        *("none", "speed_1.05", "speed_1.05", "speed_1.10", "speed_1.25", "speed_1.25", None)
    ]
    assert [resampled(one) for one in (0.97, 0.95, 0.92, 0.8, 0.79)] == [
        *("speed_0.95", "speed_0.95", "speed_0.90", "speed_0.80", None)
    ]
    assert (named(1.08, 0.0), named(0.81, 0.0), named(1.27, 0.0)) == ("tempo_1.10", "tempo_0.80", None)
    assert (named(1.0, 1.9), named(1.0, -2.0), named(1.0, 2.5)) == ("pitch_1.12", "pitch_0.89", None)
    assert (named(1.15, 4.42), named(1.2, 5.2), named(0.9, 3.0)) == ("nightcore", None, None)
    assert all(f"asked_{name}_10s" in measured for name in ("none", "nightcore", "speed_1.05", "pitch_1.12"))


def test_where_nothing_was_found_the_misses_stand_and_no_match_proves_nothing() -> None:
    document = paper("nothing")
    certain = said(section(document, "How certain is this?"))
    assert "under other music that is as loud" in certain and "12 of 57" in certain
    assert "Found again" not in certain
    assert "does not show that they are different" in said(section(document, "What this does not mean"))
    assert "No stretch of time was found" in said(section(document, "Table of evidence"))


def test_false_matches_are_told_with_their_bounds() -> None:
    certain = said(section(paper("one stretch"), "How certain is this?"))
    assert "2 of 256,208 (at most 0.0025\u00a0% with 95 % confidence)" in certain
    assert "1 of 3,079 (at most 0.2\u00a0%" in certain


def test_rates_that_the_statement_does_not_carry_are_not_made_up() -> None:
    for name in ("many changes", "nothing"):
        told = comparison(name)
        told["calibration"]["metrics"] = {}
        document = comparison_document(told, SEAL)
        assert "57" not in said(section(document, "How certain is this?"))
    assert {row[-1] for row in evidence(comparison_document({**told, **_stretched(told)}, SEAL)).rows} == {
        "not measured"
    }


def _stretched(told: dict[str, Any]) -> dict[str, Any]:
    aligned = {**told["findings"]["alignment"], "stretches": [stretch(n) for n in range(5)]}
    return {"findings": {**told["findings"], "alignment": aligned}}


def test_page_one_says_how_sure_each_answer_is_with_numbers_and_counts() -> None:
    told = {name: paper(name).answers[0].sure for name in FOUND}
    assert "below one in a million (p-value 1e-14)" in told["one stretch"]
    assert "2 of 256,208 pairs of unrelated recordings" in told["one stretch"]
    assert "Found again in trials of a change like the longest stretch's: 57 of 57" in told["one stretch"]
    assert "2 of 241 excerpts, as it is" in told["nothing"] and "12 of 57 excerpts" in told["nothing"]
    assert (told["silence"], told["broken"]) == ("", "")
    bare = comparison("one stretch")
    bare["calibration"]["metrics"] = {}
    sure = comparison_document(bare, SEAL).answers[0].sure
    assert "not measured" in sure and "In trials," not in sure


def test_who_signed_and_how_to_check_it_stands_first() -> None:
    told = said(section(paper("one stretch"), "Who signed, and how to check it"))
    assert f"signed these findings with the key {SEAL.keyid[:16]}" in told
    assert "How to verify this report" in told
    unchecked = comparison_document(comparison("one stretch"), Seal(SEAL.keyid, "", SEAL.file_name))
    assert "was not checked" in said(section(unchecked, "Who signed, and how to check it"))


@pytest.mark.parametrize(
    ("name", "shown"), [("one stretch", "a band for each"), ("nothing", "empty"), ("silence", "hatched")]
)
def test_the_picture_is_explained_as_it_was_drawn(name: str, shown: str) -> None:
    picture = paper(name).picture
    assert picture is not None and shown in picture.caption
    assert "The signature does not cover the picture." in picture.caption


def test_what_cannot_be_compared_has_no_numbers() -> None:
    document = paper("silence")
    assert document.verdict.answer == "Cannot be compared"
    assert "Nothing was measured." in said(section(document, "How certain is this?"))
    assert not any(isinstance(block, Table) for block in section(document, "How certain is this?").blocks)


def test_hundreds_of_stretches_are_cut_and_the_cut_is_said() -> None:
    document = paper("hundreds")
    assert len(evidence(document).rows) == 80
    assert "220 more stretches stand in the signed file" in said(section(document, "Table of evidence"))


def test_the_command_names_both_files_and_the_answer_is_what_the_program_says() -> None:
    told = comparison("one stretch", public=True)
    told["files"]["original"]["name"] = "my song.wav"
    with speaking("de"):
        how = section(comparison_document(told, SEAL), "Wie Sie diesen Bericht prüfen")
    typed, answer = (block.lines for block in how.blocks if isinstance(block, Terminal))
    assert typed[0].endswith("--keys keys.json --audio 'my song.wav' --audio suspect.wav")
    assert answer[1] == "  a report of a comparison of two files"
    assert "  result: One stretch matches" in answer  # it speaks English
    assert answer[-1] == "  keys: given by you in keys.json"


def test_one_record_of_both_files_stands_once_in_the_chain() -> None:
    table = section(paper("same file"), "Chain of custody").blocks[0]
    assert isinstance(table, Table)
    assert len(set(table.rows)) == len(table.rows)
    assert table.rows[-1][2] == "compares the files that are named above"


@pytest.mark.parametrize("name", FOUND)
def test_a_german_report_leaves_nothing_in_english(name: str) -> None:
    known = {one.id: one.string for one in catalogue("de") if isinstance(one.id, str) and " " in one.id}
    with speaking("de"):
        parts = paper(name).to_dict()
    for part in parts["sections"]:
        part["blocks"] = [block for block in part["blocks"] if block["kind"] != "terminal"]
    told = texts(parts)
    assert {text for text in told if text in known and known[text] != text} == set()
    assert {text for text in told if english(text, *STRANGERS)} == set()


def test_both_languages_tell_the_same_numbers() -> None:
    rows = []
    for language in ("en", "de"):
        with speaking(language):
            document = paper("many changes")
        tables = [block for part in document.sections for block in part.blocks if isinstance(block, Table)]
        plainly = " ".join(cell for table in tables[:3] for row in table.rows for cell in row)
        rows.append(
            [n.strip(".,").replace(",", "").replace(".", "") for n in re.findall(r"\d[\d.,]*", plainly)]
        )
    assert rows[0] == rows[1]


@pytest.mark.parametrize("name", ["many changes", "hundreds", "silence"])
def test_a_report_is_an_accessible_archival_pdf_with_the_same_bytes_each_time(name: str) -> None:
    first, second = (render_pdf(paper(name, public=True), attachments=[SIGNED]) for _ in range(2))
    assert standards(first) == {"PDF/A-3A", "PDF/UA-1"}
    assert first == second
    assert b"song.wav.report.dsse.json" in first
    assert render_page(paper(name)) == render_page(paper(name))


@pytest.mark.parametrize("name", FOUND)
def test_page_and_pdf_say_the_same(name: str, tmp_path: Path) -> None:
    assert untold(paper(name), tmp_path) == set()


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_title_stays_a_legible_text(kind: str) -> None:
    told = comparison("one stretch", public=True)
    for role in ("original", "suspect"):
        told["files"][role]["name"] = HOSTILE[kind]
    document = comparison_document(told, SEAL)
    for text in texts(document.to_dict()):
        assert len(text) < 3 * 2300
        assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\ud800-\udfff]", text)
    assert standards(render_pdf(document)) <= {"PDF/A-3A", "PDF/A-3B", "PDF/UA-1"}
    page = render_page(document)
    assert "<script>" not in page and "<img src=x" not in page


def test_sections_stand_in_their_order() -> None:
    def titles(parts: tuple[Section, ...]) -> list[str]:
        return [part.title for part in parts]

    assert titles(paper("many changes").sections) == [
        *(
            "Table of evidence",
            "How certain is this?",
            "Known of the original",
            "Known of the suspected copy",
        ),
        *(
            "Chain of custody",
            "Method",
            "Limits",
            "Models and calibration",
            "How to verify this report",
            "Terms",
        ),
    ]
