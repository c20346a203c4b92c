"""No head of a table is wider than its column, in any language."""

from collections.abc import Iterator

import pytest

from api.language import LANGUAGES, speaking
from api.language.catalogue import Language
from api.report.document.audit import audit_document
from api.report.document.blocks import Document, Table
from api.report.document.certificate import Registered, certificate
from api.report.document.frame import frame
from tests.api.report.statements import AUDITS, SEAL, statement

LINE_MM = 170.0
INSET_MM = 2.2
LETTER_MM = 1.75
"""A bold letter at 9.5 pt, generously: `Protokolleintrag` is set 1.6 mm for each."""
ANSWERS = (21, 17, 62)


def tables(document: Document) -> Iterator[Table]:
    for section in (*document.summary, *document.sections):
        yield from (block for block in section.blocks if isinstance(block, Table))


def too_wide(table: Table) -> list[str]:
    held = [LINE_MM * width / sum(table.widths) - INSET_MM for width in table.widths]
    return [
        word
        for name, most in zip(table.head, held, strict=True)
        for word in name.split()
        if LETTER_MM * len(word) > most
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", AUDITS)
def test_a_column_holds_its_head(name: str, language: Language) -> None:
    with speaking(language):
        document = audit_document(statement(name), SEAL)
    assert [word for table in tables(document) for word in too_wide(table)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_column_of_a_certificate_holds_its_head(language: Language) -> None:
    record = {
        **AUDITS["everything"]["ownership"]["record"],
        "record_id": "0011223344556677",
        "status": "registered",
        "ai_involvement": {"overall": "None"},
    }
    told = Registered(record, "2026-11-28T11:33:16Z", "log", (("register", 3, "2026-11-28"),), "ab" * 32)
    with speaking(language):
        document = certificate(told)
    assert [word for table in tables(document) for word in too_wide(table)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_answers_holds_its_head(language: Language) -> None:
    words = frame(language)
    assert too_wide(Table((words["question"], words["answer"], words["says"]), (), ANSWERS)) == []


def test_a_head_that_does_not_fit_is_found() -> None:
    assert too_wide(Table(("Protokolleintrag", "x"), (), (14, 86))) == ["Protokolleintrag"]
