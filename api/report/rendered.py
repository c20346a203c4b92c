"""A signed report as people read it: checked, made into a document, and that into a page or a PDF."""

import json
from datetime import datetime
from pathlib import Path
from typing import Literal

from api.language import _, later, speaking
from api.language.catalogue import Language
from api.report.document.audit import audit_document
from api.report.document.blocks import Document, Seal
from api.report.page import render_page
from api.report.pdf import Attachment, render_pdf
from api.report.report import SCHEMA, UnreadableReport, read_report, verify_report
from provenance.records.trust import TrustedKeys

Form = Literal["html", "pdf"]
MEDIA: dict[Form, str] = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
DSSE = "application/json"
OWN_KEYS = later("those of the registry that made it")
"""Whose keys a report was checked with by its own registry."""


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
        report, seal = checked.report, Seal(checked.keyid, trust, name)
    else:
        report, seal = read_report(path), Seal(_named_key(path), "", name)
    if report.get("schema") != SCHEMA:
        raise UnreadableReport(f"{path} is of schema {report.get('schema')!r}; this version reads {SCHEMA}")
    try:
        datetime.fromisoformat(report["created_at"])
        return audit_document(report, seal)
    except (LookupError, TypeError, ValueError, AttributeError) as error:  # unchecked, it may be anything
        raise UnreadableReport(f"{path} lacks parts of a report ({type(error).__name__}: {error})") from error


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
