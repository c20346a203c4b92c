"""`trackmark verify`: whose is it, step by step."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import AsJson, Quiet, Report, answers, failures, for_each, registry


def verify(
    files: Annotated[list[Path], typer.Argument(help="Audio files.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
    witnesses: Annotated[
        int, typer.Option(min=0, help="How many of TRACKMARK_WITNESSES must have co-signed the log.")
    ] = 0,
) -> None:
    """Verify whose a track is: watermark, record, signature, log proof, credentials, fingerprint.

    Exits with 1 unless the mark, the signed record and the sound agree. Credentials may be absent
    (re-encoding strips them) but must not contradict the file.
    """
    with failures():
        from api.audit import PROVENANCE, audit_file
        from api.verification import steps

        with registry() as (store, settings):
            store.witnesses_needed = witnesses

            def ask(file: Path, report: Report) -> dict[str, Any]:
                result = audit_file(
                    file, registry=store, settings=settings, checks=PROVENANCE, progress=report
                )
                return steps(result)

            for_each(files, ask, _show, lambda found: bool(found["verified"]), as_json=as_json, quiet=quiet)


def _show(found: dict[str, Any]) -> None:
    from api.cli.tables import verify_table

    answers().print(verify_table(found))
