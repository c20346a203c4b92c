"""A signed report as people read it: checked, made into a document, and that into a page or a PDF."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from api.errors import TypesettingError
from api.language import _, later, speaking
from api.language.catalogue import Language
from api.report.document.audit import audit_document
from api.report.document.blocks import Document, Seal
from api.report.document.comparison import comparison_document
from api.report.page import render_page
from api.report.pdf import Attachment, render_pdf
from api.report.report import UnreadableReport, lacking, read_report, verify_report
from core.files import write_whole
from provenance.records.trust import TrustedKeys

Form = Literal["html", "pdf"]
MEDIA: dict[Form, str] = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
DSSE = "application/json"
OWN_KEYS = later("those of the registry that made it")
HERE_KEYS = later("those of the registry where this page was made")
GIVEN_KEYS = later("chosen by whoever made this page")
BESIDE_KEYS = later("those that lay beside the report, which proves only that they belong together")
"""Whose keys a report was checked with by its own registry."""
_DOCUMENTS: Mapping[str, Callable[[Mapping[str, Any], Seal], Document]] = {
    "audit": audit_document,
    "comparison": comparison_document,
}
"""By kind of report."""


def report_document(
    path: Path, keys: TrustedKeys | None, trust: str = "", *, name: str | None = None
) -> Document:
    """The document of a report, after its signature was checked.

    Args:
        path: the signed report.
        keys: what the caller trusts; None checks nothing, and the document says so above everything else.
        trust: whose keys these are, in words.
        name: what the file is called where its reader has it; None is the name of `path`.

    Raises:
        UnreadableReport: the file is not a report.
        VerificationError: it does not verify with these keys.
    """
    name = name or path.name
    if keys is not None:
        checked = verify_report(path, keys)
        report, kind, seal = checked.report, type(checked), Seal(checked.keyid, trust, name)
    else:
        report, kind = read_report(path)
        seal = Seal(_named_key(path), "", name)
    if report.get("schema") != kind.schema:
        raise UnreadableReport(
            f"{path} is of schema {report.get('schema')!r}; this version reads {kind.schema}"
        )
    try:
        datetime.fromisoformat(report["created_at"])
        return _DOCUMENTS[kind.kind](report, seal)
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # unchecked, it may be anything
        raise lacking(str(path), error) from error


def _named_key(path: Path) -> str:
    """The key that an unchecked report names."""
    signatures = json.loads(path.read_bytes())["signatures"]
    return str(signatures[0].get("keyid", "")) if signatures else ""


def render_report(
    form: Form,
    path: Path,
    keys: TrustedKeys | None,
    trust: str = "",
    *,
    picture: Path | None = None,
    name: str | None = None,
    language: Language = "en",
) -> bytes:
    """A report as a page or a PDF; arguments and errors as in `report_document`.

    Args:
        picture: the PNG of the audit, where there is one.
        language: in which the page speaks; the signed statement is the same in all.

    Raises:
        TypesettingError: the PDF cannot be made.
    """
    with speaking(language):
        document = report_document(path, keys, trust, name=name)
        described = _("the signed report that this document repeats")
    image = picture.read_bytes() if picture is not None and picture.is_file() else None
    if form == "html":
        return render_page(document, image).encode()
    signed = Attachment(name or path.name, path.read_bytes(), DSSE, described)
    return render_pdf(document, image, attachments=[signed])


def write_readable(
    signed: Path, keys: TrustedKeys, stem: str, *, picture: Path | None = None, language: Language = "en"
) -> tuple[str, ...]:
    """Write the keys that a registry's own report verifies with, and its page and PDF, beside it.

    Args:
        signed: the report.
        keys: those of the registry.
        stem: what page and PDF are called.
        picture, language: as in `render_report`.

    Returns:
        Why there is no PDF, where none could be made; everything else is there.
    """
    folder = signed.parent
    write_whole(folder / "keys.json", keys.to_json())
    page = folder / f"{stem}.html"
    write_whole(page, render_report("html", signed, keys, OWN_KEYS, picture=picture, language=language))
    try:
        pdf = render_report("pdf", signed, keys, OWN_KEYS, picture=picture, language=language)
    except TypesettingError as error:
        return (f"{error}; {page.name} says the same",)
    write_whole(folder / f"{stem}.pdf", pdf)
    return ()
