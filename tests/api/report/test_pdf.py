"""The PDF of a document: PDF/A, the same bytes each time, nothing of a stranger's text run."""

import json
import re
import shutil
from pathlib import Path

import pytest

from api.errors import TypesettingError
from api.report import pdf
from api.report.document.audit import audit_document
from api.report.document.blocks import Document
from api.report.document.frame import frame
from api.report.page import render_page
from api.report.pdf import Attachment, render_pdf
from api.report.typesetter import spelled_out, unshown
from tests.api.report.document.test_audit import HOSTILE
from tests.api.report.statements import AUDITS, SEAL, statement, texts

PNG = (Path(__file__).parents[3] / "docs" / "audit.png").read_bytes()
SIGNED = Attachment("song.wav.report.dsse.json", b'{"payload": "AAAA"}', "application/json", "signed")


def standards(made: bytes) -> set[str]:
    """What the metadata of a PDF claim to follow."""
    part = re.search(rb"<pdfaid:part>(\d)</pdfaid:part>", made)
    level = re.search(rb"<pdfaid:conformance>(\w)</pdfaid:conformance>", made)
    assert part is not None and level is not None
    told = {f"PDF/A-{part[1].decode()}{level[1].decode()}"}
    return told | ({"PDF/UA-1"} if b"<pdfuaid:part>1</pdfuaid:part>" in made else set())


@pytest.mark.parametrize("name", ["everything", "silence", "disputed"])
def test_a_report_is_an_accessible_archival_pdf(name: str) -> None:
    made = render_pdf(audit_document(statement(name, public=True), SEAL), PNG, attachments=[SIGNED])
    assert made.startswith(b"%PDF-1.7")
    assert standards(made) == {"PDF/A-3A", "PDF/UA-1"}
    assert b"/EmbeddedFile" in made
    assert b"song.wav.report.dsse.json" in made


def test_the_same_statement_gives_the_same_bytes() -> None:
    first, second = (audit_document(statement("everything", public=True), SEAL) for _ in range(2))
    assert render_page(first, PNG) == render_page(second, PNG)
    made = render_pdf(first, PNG, attachments=[SIGNED])
    assert made == render_pdf(second, PNG, attachments=[SIGNED])
    assert b"2026-11-28T11:33:16" in made  # the statement's time, and no other
    assert set(re.findall(rb"D:(\d{8})", made)) <= {b"20261128"}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_title_is_set_as_text(kind: str) -> None:
    found = statement("everything")
    found["file"]["name"] = HOSTILE[kind]
    found["findings"]["ownership"]["record"]["title"] = HOSTILE[kind]
    document = audit_document(found, SEAL)
    named = Attachment(HOSTILE[kind], b"{}", "application/json", "signed")
    assert standards(render_pdf(document, attachments=[named])) <= {"PDF/A-3A", "PDF/A-3B", "PDF/UA-1"}
    page = render_page(document)
    assert "<script>" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize("name", AUDITS)
def test_page_and_pdf_say_the_same(name: str, tmp_path: Path) -> None:
    assert untold(audit_document(statement(name), SEAL), tmp_path) == set()


@pytest.mark.parametrize("name", ["everything", "silence"])
def test_the_pdf_says_nothing_that_the_document_does_not(name: str, tmp_path: Path) -> None:
    document = audit_document(statement(name), SEAL)
    body = template(document, tmp_path).partition("<body>")[2]
    known = plain("".join((*texts(document.to_dict()), *frame(document.language).values())))
    assert {part for part in re.findall(r">([^<]+)<", body) if plain(part) not in known} <= {"."}


def untold(document: Document, folder: Path) -> set[str]:
    """The texts of a document that the template of the PDF, set as HTML, or the page leaves out."""
    shown = [plain(template(document, folder)), plain(render_page(document, PNG))]
    content = document.to_dict()
    kinds = {
        "text",
        "points",
        "facts",
        "table",
        "terminal",
        "good",
        "warn",
        "bad",
        "neutral",
        document.number,
    }
    del content["created_at"], content["answers_under"], content["picture"]
    return {text for text in set(texts(content)) - kinds if not all(plain(text) in one for one in shown)}


def template(document: Document, folder: Path) -> str:
    """A document in the template of the PDF, set as HTML."""
    import typst

    shutil.copyfile(pdf.TEMPLATE, folder / "paper.typ")
    inputs = {
        "document": json.dumps(document.to_dict()),
        "attachments": "[]",
        "frame": json.dumps(frame(document.language)),
        "moment": "[2026,11,28,11,33,16]",
        "points": "10",
    }
    made = typst.compile(folder / "paper.typ", root=folder, format="html", sys_inputs=inputs)
    return str(made.decode())


def plain(text: str) -> str:
    """A text without tags and white space."""
    import html

    return re.sub(r"[\s\u200b\u00a0]+", "", html.unescape(re.sub(r"<[^>]*>", "", text)))


def test_a_typesetter_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "paper.typ"
    broken.write_text('#panic("out of ink")')
    monkeypatch.setattr(pdf, "TEMPLATE", broken)
    with pytest.raises(TypesettingError, match="out of ink"):
        render_pdf(audit_document(statement("everything"), SEAL))
    monkeypatch.setattr(pdf, "_START", "import os; os.abort()")
    with pytest.raises(TypesettingError, match="ended with status"):
        render_pdf(audit_document(statement("everything"), SEAL))
    monkeypatch.setattr(pdf, "_START", "import time; time.sleep(60)")
    monkeypatch.setattr(pdf, "SECONDS", 0.2)
    with pytest.raises(TypesettingError, match="took too long"):
        render_pdf(audit_document(statement("everything"), SEAL))


def test_the_template_reads_nothing_outside_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    curious = tmp_path / "paper.typ"
    curious.write_text('#read("../../../../etc/hostname")')
    monkeypatch.setattr(pdf, "TEMPLATE", curious)
    with pytest.raises(TypesettingError):
        render_pdf(audit_document(statement("everything"), SEAL))


def test_characters_without_a_font_are_found_in_what_the_typesetter_says() -> None:
    said = 'error: the text `"\\u{200d}"` could not be displayed\n'
    said += 'error: the text `"ไ\\""` could not be displayed'
    assert unshown(said) == {"\u200d", "ไ", '"'}
    assert spelled_out({"a": ["xไ", 1]}, frozenset("ไ")) == {"a": ["x[U+0E44]", 1]}
