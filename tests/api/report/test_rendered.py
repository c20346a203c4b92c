"""Reports from files: of earlier releases, unchecked, broken."""

from pathlib import Path
from typing import Any

import pytest

from api.report.rendered import render_report, report_document
from api.report.report import CheckedAudit, UnreadableReport
from core.errors import SignatureError
from provenance.records import report as report_format
from provenance.records.keys import Ed25519Signer
from provenance.records.trust import TrustedKeys
from tests.api.report.statements import statement

RELEASE = Path(__file__).resolve().parents[2] / "vectors" / "release"
KEPT = RELEASE / "kept.report.dsse.json"


def signed(folder: Path, report: dict[str, Any]) -> Path:
    """A report by a key that nobody knows."""
    path = folder / "x.report.dsse.json"
    path.write_bytes(report_format.sign_report(report, [Ed25519Signer.generate()]).to_json())
    return path


def test_a_report_of_an_earlier_release_is_read() -> None:
    """It tells no limits and no error rates, and none are made up."""
    keys = TrustedKeys.from_json((RELEASE / "evidence" / "kept" / "keys.json").read_bytes())
    paper = report_document(KEPT, keys, "given by you")
    assert paper.notice == ""
    assert "Żółć kept" in str(paper.summary[0])
    assert b"<pdfaid:part>3<" in render_report("pdf", KEPT, keys, "given by you")


def test_an_unknown_key_is_refused_or_said(tmp_path: Path) -> None:
    path = signed(tmp_path, statement("everything"))
    keys = TrustedKeys.from_json((RELEASE / "evidence" / "kept" / "keys.json").read_bytes())
    with pytest.raises(SignatureError):
        report_document(path, keys, "given by you")
    assert "was not checked" in report_document(path, None).notice


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"schema": "trackmark/other/v1"},
        {"schema": CheckedAudit.schema},
        {"schema": CheckedAudit.schema, "findings": [], "file": "song.wav"},
        {**statement("everything"), "created_at": 7},
        {**statement("everything"), "created_at": "yesterday, at noon"},
        {**statement("everything"), "findings": {"ai": None}},
    ],
)
def test_what_is_no_whole_report_is_refused_with_words(report: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UnreadableReport, match=r"x\.report\.dsse\.json"):
        render_report("html", signed(tmp_path, report), None)
