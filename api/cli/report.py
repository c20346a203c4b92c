"""`trackmark verify-report`: check a signed report, offline."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from api.cli.console import AsJson, answers, emit, fail, failures
from api.cli.trust import trusted_keys


def verify_report(
    report: Annotated[Path, typer.Argument(help="A report, NAME.report.dsse.json.")],
    keys: Annotated[
        Path | None,
        typer.Option(help="keys.json that you trust; the keys of this machine's registry otherwise."),
    ] = None,
    audio: Annotated[Path | None, typer.Option(help="Check that the report is about this very file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a report's signature, its record and the log's checkpoint. Needs no network, no server.

    Exits with 1 where something does not verify, 3 where the file is no report.
    """
    with failures():
        from api.report.report import UnreadableReport
        from api.report.report import verify_report as check
        from core.errors import VerificationError

        try:
            trusted, trust = trusted_keys(keys, report.parent / "keys.json")
            verified = check(report, trusted, audio=audio)
        except (UnreadableReport, OSError) as error:
            _refuse(report, error, 3, as_json=as_json)
        except VerificationError as error:
            _refuse(report, error, 1, as_json=as_json)
    if as_json:
        emit({"file": str(report), **verified.to_dict(), "trust": trust})
        return
    console = answers()
    console.print(f"{report}: verified", style="bold green", markup=False)
    for line in [*verified.lines(), f"keys: {trust}"]:
        console.print(f"  {line}", markup=False)


def _refuse(report: Path, error: Exception, code: int, *, as_json: bool) -> NoReturn:
    if as_json:
        problem = {"type": type(error).__name__, "message": str(error)}
        emit({"file": str(report), "verified": False, "error": problem})
    fail(str(error), code)
