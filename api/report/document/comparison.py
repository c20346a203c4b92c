"""The report of a comparison as a document: made from the signed statement, and from nothing else."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from api.compare.comparison import ROLES, Role
from api.language import _, later
from api.language.figures import number_text
from api.report import words
from api.report.document import alignment, proving
from api.report.document.audit import LONGEST_NAME, MOST_MOMENTS
from api.report.document.blocks import (
    Answer,
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
from api.report.document.examined import (
    NUMBER_WIDTHS,
    NUMBERS,
    P_VALUE,
    length_text,
    rates_table,
    record_facts,
)
from api.report.document.proving import SIGNED
from api.report.document.rates import watermark_rates
from api.report.legible import legible
from api.report.numbers import percent_text, shifted, span_text
from api.report.report import CheckedComparison
from api.report.words import comparison as said
from api.report.words.limits import LIMITS
from api.report.words.remarks import remark_text
from api.report.words.rules import compared
from api.report.words.terms import glossary
from api.report.words.told import sentence

Found = Mapping[str, Any]

CLOSING = later(
    "A comparison says which sound two files share; who made, owns or may use it, it does not say."
)
TERMS = (
    *("checkpoint", later("content credentials"), "fingerprint", later("key id"), "log"),
    *(later("mark, watermark"), "p-value", "record", "SHA-256"),
)
ALT = later(
    "Two waveforms, one above the other, over the same scale of time: the original and the suspected copy. "
    "Bands between them link the stretches that both share. The same is told in the “Table of evidence”."
)
WAVEFORMS = later(
    "A: waveform of the original. C: waveform of the suspected copy. Both on one scale of time, in minutes "
    "and seconds; each ends at its upright line."
)
BANDS = later("B: a band for each stretch of the “Table of evidence”, from its place in A to its place in C.")
EMPTY = later("B is empty: no stretch was found that both share.")
HATCHED = later("B is hatched: the two could not be compared.")
"""What the picture shows between the waveforms."""
FILES: dict[Role, tuple[str, str, str]] = {
    "original": (later("Original"), later("SHA-256 of the original"), later("Known of the original")),
    "suspect": (
        later("Suspected copy"),
        later("SHA-256 of the suspected copy"),
        later("Known of the suspected copy"),
    ),
}
"""What each file is called, its digest, and the section about it."""
METHOD = (
    later(
        "Both files were decoded in a closed process and never changed. Their SHA-256 name them byte for "
        "byte."
    ),
    later(
        "Fingerprint: in each file, moments at which the spectrum peaks are taken, and groups of three "
        "of them compared by the intervals of time and frequency between them."
    ),
    later(
        "A stretch is told where enough such moments follow each other in both files on one line of "
        "time, at one speed and one pitch. Where the files as they are leave the suspected copy "
        "unexplained, changes of speed, tempo and pitch are undone one after the other and the "
        "comparison is made again."
    ),
    later(
        "The p-value is the chance that unrelated music of such length reaches as many moments on one "
        "line; it was counted on pairs of unrelated recordings down to about one in a hundred thousand, "
        "and extrapolated below."
    ),
    later("Beside that, each file was asked for its record, for our watermark and for content credentials."),
)


def comparison_document(report: Found, seal: Seal) -> Document:
    """What the report of a comparison shows to people.

    Args:
        report: the signed statement.
        seal: who signed it, and whether that was checked.
    """
    found = report["findings"]
    heard = said.heard(found)
    names = {role: legible(Path(report["files"][role]["name"]).name, LONGEST_NAME) for role in ROLES}
    return made_legible(
        Document(
            title=_("Comparison report"),
            subject=_("%(copy)s beside %(original)s", copy=names["suspect"], original=names["original"]),
            number=_("report %(report)s", report=report["report_id"]),
            created_at=str(report["created_at"]),
            notice="" if seal.checked else proving.sealed(seal),
            identity=tuple(proving.identity(report, seal, tuple(_files(report)))),
            verdict=Answer(heard.question, heard.answer, heard.text, heard.tone),
            summary=(
                Section(_(SIGNED), (Text(proving.signed(report, seal)),)),
                Section(_("What was asked"), (Text(_asked(report)),)),
                Section(_("What was found"), ()),
                Section(_("What this does not mean"), (Points(tuple(_not_meant(report))),)),
            ),
            answers=tuple(_answers(report)),
            answers_under=_("What was found"),
            picture=Picture(_("Both recordings in a picture"), _(ALT), _caption(found["alignment"])),
            sections=(
                _evidence(report),
                _certainty(report),
                *(_known(role, report) for role in ROLES),
                chain(
                    custody(
                        report, [found[role] for role in ROLES], _("compares the files that are named above")
                    )
                ),
                Section(_("Method"), (Points(tuple(map(_, METHOD))),)),
                Section(_("Limits"), tuple(_limits())),
                proving.models(report, *_calibration(report)),
                proving.verifying(report, seal, CheckedComparison),
                Section(_("Terms"), (Facts(glossary(*TERMS)),)),
            ),
            address=(report.get("issuer") or {}).get("verify_at"),
            closing=f"{proving.sealed(seal)} {_(CLOSING)}",
        )
    )


def _caption(aligned: Found) -> str:
    if aligned["outcome"] != "done":
        bands = _(HATCHED)
    elif aligned["stretches"]:
        bands = _(BANDS)
    else:
        bands = _(EMPTY)
    return " ".join((_(WAVEFORMS), bands, _("The signature does not cover the picture.")))


def _files(report: Found) -> Iterator[tuple[str, str]]:
    for role, (name, digest, _known_of) in FILES.items():
        file = report["files"][role]
        yield _(name), str(file["name"])
        yield _(digest), str(file["sha256"])


def _asked(report: Found) -> str:
    lengths = {role: length_text(report["findings"][role]) for role in ROLES}
    return _(
        "Two audio files, an original (%(original)s) and a suspected copy (%(suspect)s), were compared "
        "by software: whether stretches of one are heard in the other, where, and at which speed and "
        "pitch. Which of them is called the original was said by whoever asked; it was not examined.",
        **lengths,
    )


def _answers(report: Found) -> Iterator[Answer]:
    """The questions of page one."""
    found = report["findings"]
    stretches, heard = found["alignment"]["stretches"], said.heard(found)
    sure = " ".join(alignment.sure(report))
    sure = _("How sure: %(told)s", told=sure) if sure else ""
    yield Answer(heard.question, heard.answer, sentence(heard.basis), heard.tone, sure)
    same = found["same_bytes"]
    bytes_told = (
        _("The two are the same, byte for byte.")
        if same
        else _("Their bytes differ; that says nothing of the sound.")
    )
    calculated = _("Their SHA-256 were compared: calculated, not estimated.")
    yield Answer(_("Are both the same file?"), _("Yes") if same else _("No"), f"{bytes_told} {calculated}")
    if stretches:
        longest = max(stretches, key=lambda one: float(one["end_s"] - one["start_s"]))
        share = percent_text(found["alignment"]["score"])
        covered = _("Share of the suspected copy that agrees with the original, counted in half seconds.")
        yield Answer(_("How much of it?"), share, covered)
        told = _(
            "The longest stretch: %(span)s of the suspected copy.",
            span=span_text(longest["start_s"], longest["end_s"]),
        )
        changed = said.changed(longest)
        yield Answer(_("At which speed and pitch?"), f"{changed[:1].upper()}{changed[1:]}", told)


def _not_meant(report: Found) -> Iterator[str]:
    found = report["findings"]
    aligned = found["alignment"]
    if aligned["outcome"] != "done":
        yield _("That they cannot be compared speaks neither for a common recording nor against one.")
    elif aligned["stretches"]:
        yield _(said.MEANING)
        yield _(
            "Both may hold the same sound lawfully or from a third source: a licence, a common sample, "
            "loop or stem, or one and the same master."
        )
    else:
        yield _("No match found does not show that they are different works.")
        yield _(said.NOT_SOUGHT)
    for role, (name, _digest, _known_of) in FILES.items():
        media = report["files"][role]
        if media.get("truncated") or media.get("more_audio"):
            yield _(
                "%(file)s: only a part of its audio was compared; about the rest nothing is said.",
                file=_(name),
            )


def _evidence(report: Found) -> Section:
    """The stretches, with the rates of their condition."""
    stretches = report["findings"]["alignment"]["stretches"]
    title = _("Table of evidence")
    if not stretches:
        return Section(title, (Text(_("No stretch of time was found that both share.")),))
    head = (
        _("No."),
        _("Suspected copy"),
        _("Original"),
        _("Speed"),
        _("Pitch"),
        _("Chance"),
        _("Found in trials of such a change"),
    )
    rows = tuple(_row(number, one, report) for number, one in enumerate(stretches[:MOST_MOMENTS], 1))
    note = _(
        "Times are right to about a second. Speed: how much faster the suspected copy plays. Each row is "
        "a stretch in which the same moments of sound follow each other in both files."
    )
    more = left_out(len(stretches) - MOST_MOMENTS)
    return Section(title, (Table(head, rows, (5, 15, 15, 16, 15, 14, 20)), *more, Text(note)))


def _row(number: int, one: Found, report: Found) -> tuple[str, ...]:
    tried = alignment.tried(one, report)
    semitones = float(one["pitch_semitones"])
    return (
        str(number),
        span_text(one["start_s"], one["end_s"]),
        span_text(one["original_start_s"], one["original_end_s"]),
        number_text(f"{one['speed']:.3f}"),
        shifted(semitones) if abs(semitones) >= 0.05 else _("unchanged"),
        said.chance([one]),
        _("not measured") if tried is None else tried[1].partition(" (")[0],
    )


def _certainty(report: Found) -> Section:
    """The numbers with their scale and limit, and how often they mislead."""
    aligned = report["findings"]["alignment"]
    if aligned["outcome"] != "done":
        return Section(_("How certain is this?"), (Text(_("Nothing was measured.")),))
    blocks: list[Block] = []
    if aligned["stretches"]:
        most = compared("p_value at_most", (report.get("limits") or {})["alignment.p_value at_most"])
        share = _("0 to 1: share of the suspected copy, in half seconds, that agrees")
        rows = (
            (_("Share"), number_text(f"{aligned['score']:.2f}"), share, _("none")),
            (_("p-value"), said.chance(aligned["stretches"]), _(P_VALUE), most),
        )
        blocks.append(Table(tuple(map(_, NUMBERS)), rows, NUMBER_WIDTHS))
    rates = alignment.found_rates(report) if aligned["stretches"] else alignment.missed_rates(report)
    rates += tuple(alignment.false_rates(report))
    blocks.append(rates_table(rates) if rates else Text(_("How often this errs was not measured.")))
    basis = (report.get("basis") or {}).get("alignment")
    if basis:
        blocks.append(Text(_("Basis: %(basis)s.", basis=_(said.BASIS))))
    return Section(_("How certain is this?"), tuple(blocks))


def _known(role: Role, report: Found) -> Section:
    """What is known of one of the files."""
    found, file = report["findings"][role], report["files"][role]
    form = f"{file['container']}/{file['codec']}, {file['sample_rate']} Hz"
    rows = [
        (_("File"), str(file["name"])),
        (_("Length"), length_text(found)),
        (_("Container and codec"), form),
    ]
    rows += [(told.question, f"{told.answer}. {told.text}") for told in words.known(found)]
    blocks: list[Block] = [Facts(tuple(rows))]
    record = found["ownership"].get("record") or {}
    if record.get("verified"):
        blocks.append(Facts(tuple(record_facts(record))))
    if found["checks"]["watermark"] == "done":
        rates = watermark_rates({**report, "file": file, "findings": found})
        if rates:
            blocks.append(rates_table(rates))
    warnings = tuple(map(remark_text, found.get("warnings") or ()))
    if warnings:
        blocks += [Text(_("Remarks of the software")), Points(warnings)]
    return Section(_(FILES[role][2]), tuple(blocks))


def _limits() -> Iterator[Block]:
    for check in ("alignment", "ownership", "watermark", "credentials"):
        yield Points(tuple(map(_, LIMITS[check])))


def _calibration(report: Found) -> Iterator[Block]:
    card = report.get("calibration")
    if card:
        yield Text(_("The fingerprint has no weights. What was measured of it, by SHA-256:"))
        yield Facts(((f"{card['name']} {card['version']}", str(card["sha256"])),), code=True)
