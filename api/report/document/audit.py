"""The report of an audit as a document: made from the signed statement, and from nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    made_legible,
)
from api.report.document.custody import HEAD, custody
from api.report.document.examined import length_text, sections
from api.report.legible import legible
from api.report.moments import moments
from api.report.words.terms import METHOD, TERMS

LONGEST_NAME = 160
MOST_MOMENTS = 80
ALT = (
    "Four pictures above each other over the same time: the waveform, the spectrogram, and below them "
    "how strongly "
    "the watermark is heard, how strongly the music and how strongly the vocals resemble a machine's. "
    "The same is "
    "told in the table “Evidence by time”."
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
            title="Audit report",
            subject=name,
            number=str(report["report_id"]),
            created_at=str(report["created_at"]),
            notice="" if seal.checked else proving.sealed(seal),
            identity=tuple(proving.identity(report, seal)),
            verdict=opening.verdict(found),
            summary=opening.summary(report),
            answers=opening.answers(found),
            answers_under=opening.FOUND,
            picture=Picture("The recording in pictures", ALT, _caption(report)),
            sections=(
                *sections(report),
                _evidence(found),
                Section("Chain of custody", (Table(HEAD, custody(report), (20, 18, 34, 28)),)),
                *_warnings(found),
                Section("Method", (Points(METHOD),)),
                proving.policy(report),
                proving.models(report),
                proving.verifying(report, seal),
                Section("Terms", (Facts(TERMS),)),
            ),
            address=(report.get("issuer") or {}).get("verify_at"),
            closing=f"{proving.sealed(seal)} Scores are estimates, never proof of who made a recording.",
        )
    )


def _caption(report: Mapping[str, Any]) -> str:
    file = report["file"]
    form = f"{file['container']}/{file['codec']}, {file['sample_rate']} Hz, {file['channels']} channel(s)"
    return f"Length {length_text(report['findings'])}; {form}. The signature does not cover the picture."


def _evidence(found: Mapping[str, Any]) -> Section:
    told = moments(found)
    if not told:
        return Section(
            "Evidence by time", (Text("No check found anything that belongs to a stretch of time."),)
        )
    rows = [(moment.when, moment.what, moment.text) for moment in told[:MOST_MOMENTS]]
    blocks: list[Block] = [Table(("From to", "Check", "What"), tuple(rows), (18, 20, 62))]
    if len(told) > MOST_MOMENTS:
        blocks.append(Text(f"{len(told) - MOST_MOMENTS} more stretches stand in the signed file."))
    return Section("Evidence by time", tuple(blocks))


def _warnings(found: Mapping[str, Any]) -> tuple[Section, ...]:
    warnings = tuple(found.get("warnings") or ())
    return (Section("Remarks of the software", (Points(warnings),)),) if warnings else ()
