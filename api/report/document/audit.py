"""The report of an audit as a document: made from the signed statement, and from nothing else."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api.language import _, later, ngettext
from api.report.document import opening, proving
from api.report.document.blocks import (
    Block,
    Document,
    Facts,
    Picture,
    Points,
    Seal,
    Section,
    Table,
    Text,
    left_out,
    made_legible,
)
from api.report.document.custody import chain, custody
from api.report.document.examined import length_text, sections
from api.report.legible import legible
from api.report.moments import moments
from api.report.report import CheckedAudit
from api.report.words.decoders import calibration_text
from api.report.words.remarks import remark_text
from api.report.words.terms import METHOD, glossary

CLOSING = later("Scores are estimates, never proof of who made a recording.")
LONGEST_NAME = 120
MOST_MOMENTS = 80
ALT = later(
    "Five rows over the same time: the waveform, the spectrogram, and below them how strongly the watermark "
    "is heard, how strongly the music and how strongly the vocals resemble a machine's. The same is told in "
    "the table “Evidence by time”."
)
ROWS = later(
    "A: waveform. B: spectrogram, bright where it is loud. C: evidence for this registry's watermark. "
    "D: score for traces of a machine. E: synthetic score of the vocals; in D and E ½ is even. A hatched row "
    "was not measured; where a row is empty, nothing was found."
)


def audit_document(report: Mapping[str, Any], seal: Seal) -> Document:
    """What the report of an audit shows to people.

    Args:
        report: the signed statement.
        seal: who signed it, and whether that was checked.
    """
    found = report["findings"]
    name = legible(Path(report["file"]["name"]).name, LONGEST_NAME)
    return made_legible(
        Document(
            title=_("Audit report"),
            subject=name,
            number=_("report %(report)s", report=report["report_id"]),
            created_at=str(report["created_at"]),
            notice="" if seal.checked else proving.sealed(seal),
            identity=tuple(proving.identity(report, seal, _files(report))),
            verdict=opening.verdict(found),
            summary=opening.summary(report, proving.signed(report, seal)),
            answers=opening.answers(report),
            answers_under=_(opening.FOUND),
            picture=Picture(_("The recording in pictures"), _(ALT), _caption(report)),
            sections=(
                *sections(report),
                _evidence(found),
                chain(custody(report, [found], _("examines the file that is named above"))),
                *_warnings(found),
                Section(_("Method"), (Points(tuple(map(_, METHOD))),)),
                proving.policy(report),
                proving.models(report, *_calibration(found)),
                proving.verifying(report, seal, CheckedAudit),
                Section(_("Terms"), (Facts(glossary()),)),
            ),
            address=(report.get("issuer") or {}).get("verify_at"),
            closing=f"{proving.sealed(seal)} {_(CLOSING)}",
        )
    )


def _files(report: Mapping[str, Any]) -> proving.Rows:
    file = report["file"]
    return (_("File"), str(file["name"])), (_("SHA-256 of the file"), str(file["sha256"]))


def _calibration(found: Mapping[str, Any]) -> Iterator[Block]:
    calibration = found["ai"].get("calibration")
    if calibration:
        rests = calibration_text(calibration)
        yield Text(_("Calibration of the music score: %(calibration)s.", calibration=rests))


def _caption(report: Mapping[str, Any]) -> str:
    file = report["file"]
    form = f"{file['container']}/{file['codec']}, {file['sample_rate']} Hz"
    told = ngettext(
        "Length %(length)s; %(form)s, %(num)s channel.",
        "Length %(length)s; %(form)s, %(num)s channels.",
        int(file["channels"]),
        length=length_text(report["findings"]),
        form=form,
    )
    return " ".join((told, _(ROWS), _("The signature does not cover the picture.")))


def _evidence(found: Mapping[str, Any]) -> Section:
    told = moments(found)
    if not told:
        return Section(
            _("Evidence by time"), (Text(_("No check found anything that belongs to a stretch of time.")),)
        )
    rows = [(moment.when, moment.what, moment.text) for moment in told[:MOST_MOMENTS]]
    table = Table((_("From to"), _("Check"), _("What")), tuple(rows), (18, 20, 62))
    return Section(_("Evidence by time"), (table, *left_out(len(told) - MOST_MOMENTS)))


def _warnings(found: Mapping[str, Any]) -> tuple[Section, ...]:
    warnings = tuple(map(remark_text, found.get("warnings") or ()))
    return (Section(_("Remarks of the software"), (Points(warnings),)),) if warnings else ()
