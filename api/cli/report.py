"""`trackmark verify-report` and `trackmark report`: check a signed report offline, and read it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from api.cli.console import (
    FAILED,
    UNREADABLE,
    USAGE,
    AsJson,
    answers,
    emit,
    fail,
    failures,
    messages,
    settings,
    unopened,
)
from api.cli.place import check_place
from api.cli.trust import BESIDE, trusted_keys
from api.language.catalogue import Language

if TYPE_CHECKING:
    from api.report.rendered import Form
    from provenance.records.trust import TrustedKeys

KEYS = "keys.json"


def verify_report(
    report: Annotated[Path, typer.Argument(help="A report, NAME.report.dsse.json.")],
    keys: Annotated[
        Path | None,
        typer.Option(help="keys.json that you trust; the keys of this machine's registry otherwise."),
    ] = None,
    audio: Annotated[
        list[Path] | None,
        typer.Option(help="Check that the report is about this very file; once for each of two."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a report of an audit or of a comparison: signature, records, the log's checkpoint.

    Needs no network, no server. Says which kind of report it is.
    Exits with 1 where something does not verify, 3 where the file is no report.
    """
    with failures():
        from api.report.report import UnreadableReport
        from api.report.report import verify_report as check
        from core.errors import VerificationError

        try:
            trusted, trust = trusted_keys(keys, report.parent / KEYS)
            verified = check(report, trusted, audio=audio or ())
        except (UnreadableReport, OSError) as error:
            _refuse(report, error, UNREADABLE, as_json=as_json)
        except VerificationError as error:
            _refuse(report, error, FAILED, as_json=as_json)
    if as_json:
        emit({"file": str(report), **verified.to_dict(), "trust": trust})
        return
    console = answers()
    console.print(f"{report}: verified", style="bold green", markup=False)
    for line in [*verified.lines(), f"keys: {trust}"]:
        console.print(f"  {line}", markup=False)


def show(
    report: Annotated[Path, typer.Argument(help="A report, NAME.report.dsse.json.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", dir_okay=False, help="The file to write; it ends in .pdf or .html."),
    ],
    keys: Annotated[
        Path | None,
        typer.Option(help="keys.json that you trust; the keys of this machine's registry otherwise."),
    ] = None,
    language: Annotated[Language, typer.Option(help="In which language it speaks.")] = "en",
) -> None:
    """Make a signed report readable: a PDF or a page with the same content, after its signature was checked.

    A picture that lies beside the report (NAME.png) is taken in. Where there are no keys to check with, the
    document says so above everything else.

    Exits with 1 where the report does not verify, and writes nothing; with 3 where the file is no report.
    """
    form = readable_form(output)
    with failures():
        from api.report.rendered import render_report
        from api.report.report import SUFFIX, UnreadableReport
        from core.errors import VerificationError
        from core.files import write_whole

        check_place("--output", output, form, reads=[report])
        picture = report.with_name(report.name.removesuffix(SUFFIX) + ".png")
        try:
            trusted, trust = _keys_at_hand(keys, report.parent / KEYS)
            content = render_report(form, report, trusted, trust, picture=picture, language=language)
        except OSError as error:
            fail(unopened(error), UNREADABLE)
        except UnreadableReport as error:
            fail(str(error), UNREADABLE)
        except VerificationError as error:
            fail(str(error), FAILED)
        write_whole(output, content)
    if trusted is None:
        messages().print("warning: no keys to check the signature with; the document says so", markup=False)
    answers().print(f"{output} repeats {report}", markup=False)


def readable_form(output: Path) -> "Form":
    """The form that the end of a file's name asks for."""
    forms: dict[str, Form] = {".pdf": "pdf", ".html": "html"}
    suffix = output.suffix.lower()
    if suffix not in forms:
        fail(f"{output} must end in .pdf or .html", USAGE)
    return forms[suffix]


def _keys_at_hand(given: Path | None, beside: Path) -> "tuple[TrustedKeys | None, str]":
    """As `trusted_keys`, in the words of a document, which others read; None where there are none."""
    from api.report.rendered import BESIDE_KEYS, GIVEN_KEYS, HERE_KEYS

    if given is None and not beside.exists() and not (settings().home / "keys").is_dir():
        return None, ""
    keys, trust = trusted_keys(given, beside)
    return keys, GIVEN_KEYS if given is not None else BESIDE_KEYS if trust == BESIDE else HERE_KEYS


def _refuse(report: Path, error: Exception, code: int, *, as_json: bool) -> NoReturn:
    text = unopened(error) if isinstance(error, OSError) else str(error)
    if as_json:
        problem = {"type": type(error).__name__, "message": text}
        emit({"file": str(report), "verified": False, "error": problem})
    fail(text, code)
