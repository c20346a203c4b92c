"""`trackmark verify-report`: check a signed report, offline."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from api.cli.console import USAGE, AsJson, answers, emit, fail, failures, registry, settings

if TYPE_CHECKING:
    from provenance.records.trust import TrustedKeys


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
        from api.reports import UnreadableReport
        from api.reports import verify_report as check
        from core.errors import VerificationError

        try:
            trusted, trust = _trusted(report, keys)
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


def _trusted(report: Path, keys: Path | None) -> "tuple[TrustedKeys, str]":
    """The keys to verify with, and in words where they come from."""
    from provenance.records.trust import TrustedKeys

    if keys is not None:
        return TrustedKeys.from_json(keys.read_bytes()), f"given by you in {keys}"
    if (settings().home / "keys").is_dir():
        with registry() as (store, _settings):
            return store.trusted_keys(), "those of this machine's registry"
    beside = report.parent / "keys.json"
    if not beside.exists():
        fail("no keys to verify with: pass --keys keys.json of the registry that you trust", USAGE)
    trust = (
        "keys.json beside the report, which proves only that the files belong together; compare its key ids"
    )
    return TrustedKeys.from_json(beside.read_bytes()), trust


def _refuse(report: Path, error: Exception, code: int, *, as_json: bool) -> NoReturn:
    if as_json:
        problem = {"type": type(error).__name__, "message": str(error)}
        emit({"file": str(report), "verified": False, "error": problem})
    fail(str(error), code)
