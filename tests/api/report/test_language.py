"""A report says the same in every language: the same numbers, the same bytes each time, no English left."""

import re
from pathlib import Path

import pytest

from api.language import speaking
from api.language.catalogue import Language, catalogue
from api.language.spoken import translated
from api.report.document.audit import audit_document
from api.report.rendered import render_report
from provenance.records import report as report_format
from provenance.records.keys import Ed25519Signer
from tests.api.report.statements import AUDITS, SEAL, statement, texts

NUMBER = re.compile(r"\d+(?:[.,]\d+)?(?:e-\d+)?")
CODES = re.compile(
    r"\b[0-9a-f]{8,}\b|[\w./-]*trackmark[\w./-]*|\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4}|\d\d:\d\d:\d\d"
)
QUOTED = ("Remarks of the software",)
"""Sections that say what the signed statement holds, letter for letter."""


def told(name: str, language: Language) -> list[str]:
    """Every text of page one and of the sections, but what is quoted."""
    with speaking(language):
        document = audit_document(statement(name), SEAL)
        quoted = {translated(title) for title in QUOTED}
    parts = document.to_dict()
    parts["sections"] = [part for part in parts["sections"] if part["title"] not in quoted]
    return texts(parts)


def numbers(said: list[str]) -> list[str]:
    plain = " ".join(said).replace(",", ".")
    return sorted(number.strip(".") for number in NUMBER.findall(plain))


@pytest.mark.parametrize("name", AUDITS)
def test_a_german_report_leaves_nothing_in_english(name: str) -> None:
    english = {one.id: one.string for one in catalogue("de") if isinstance(one.id, str) and " " in one.id}
    kept = {text for text in told(name, "de") if text in english and english[text] != text}
    assert kept == set()


@pytest.mark.parametrize("name", AUDITS)
def test_both_languages_tell_the_same_numbers(name: str) -> None:
    with speaking("en"):
        tables_en = _tables(name)
    with speaking("de"):
        tables_de = _tables(name)
    assert [numbers(row) for row in tables_de] == [numbers(row) for row in tables_en]


def _tables(name: str) -> list[list[str]]:
    """The value of each number of the report's tables."""
    document = audit_document(statement(name), SEAL)
    heads = [block for part in document.sections for block in part.blocks if block.kind == "table"]
    return [[row[1] for row in table.rows if len(row) > 1] for table in heads if len(table.head) == 4]


def test_a_german_report_speaks_german_of_what_was_not_found() -> None:
    said = " ".join(told("nothing", "de"))
    assert "das zeigt nicht, dass Menschen sie gemacht haben" in said
    assert "does not" not in said


def test_the_same_report_in_a_language_is_the_same_bytes_and_the_signed_file_does_not_change(
    tmp_path: Path,
) -> None:
    path = tmp_path / "song.report.dsse.json"
    path.write_bytes(report_format.sign_report(statement("everything"), [Ed25519Signer.generate()]).to_json())
    before = path.read_bytes()
    made = {form: render_report(form, path, None, language="de") for form in ("html", "pdf")}
    assert made["pdf"] == render_report("pdf", path, None, language="de")
    assert made["html"] != render_report("html", path, None)
    assert b'<html lang="de">' in made["html"]
    assert path.read_bytes() == before
