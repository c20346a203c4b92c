"""`trackmark audit`: everything about a file, with a decision."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from api.audit.asked import ALL, NAMES
from api.cli.arriving import arriving
from api.cli.console import (
    USAGE,
    AsJson,
    Quiet,
    Report,
    answers,
    fail,
    failures,
    for_each,
    messages,
    registry,
)
from api.language.catalogue import Language

REPORTS = "trackmark-reports"
"""Where reports lie that are to be opened, if nobody says where."""


class Search(StrEnum):
    """How far an audit looks for a mark: at every speed, tempo and pitch, or only where they are told."""

    QUICK = "quick"
    FULL = "full"


def audit(
    files: Annotated[list[Path] | None, typer.Argument(help="Audio files.")] = None,
    artist: Annotated[str | None, typer.Option(help="Compare the vocals with this artist only.")] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Rules in TOML; the policy that is in force here unless given.")
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, help="Folder for a signed report, a PDF, a page and a picture of each file."
        ),
    ] = None,
    checks: Annotated[
        str,
        typer.Option(
            help=f"What to ask, with commas: {', '.join(NAMES)}. The last, how near a file comes to other "
            "registered tracks, is asked by its name only, and needs their sketches.",
            show_default="all but the last",
        ),
    ] = ",".join(ALL),
    search: Annotated[
        Search | None,
        typer.Option(help="How far to look for a mark; TRACKMARK_WATERMARK_SEARCH unless given."),
    ] = None,
    watch: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Audit every file of this folder, and whatever arrives in it until Ctrl-C.",
        ),
    ] = None,
    shown: Annotated[
        bool,
        typer.Option(
            "--open",
            help=f"Open each report in the browser; it is written to {REPORTS}/ unless "
            "--reports names another folder.",
        ),
    ] = False,
    language: Annotated[
        Language, typer.Option(help="In which language pages and PDFs of --reports speak.")
    ] = "en",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Audit files: watermark, credentials, fingerprint, AI score, voice; then accept, review or reject.

    With --watch and --reports, files whose report is newer than they are were audited before and are passed
    over. Exits with 1 where the policy does not accept a file.
    """
    if bool(files) == (watch is not None):
        fail("name the files to audit, or a folder with --watch", USAGE)
    asked_for = [name.strip() for name in checks.split(",") if name.strip()]
    if not asked_for or set(asked_for) - set(NAMES):
        fail(f"--checks takes some of {', '.join(NAMES)}, with commas", USAGE)
    if shown and reports is None:
        reports = Path(REPORTS)
    with failures():
        from api.audit.audit import audit_file
        from api.audit.policy_text import load_policy
        from api.policies.policies import Policies
        from api.registry.artists import Reader

        given = None if policy is None else load_policy(policy)
        with registry() as (store, settings):
            of = Policies.of(store.engine, store.tenant)
            rules = given or of.read(of.in_force())
            if search is not None:
                settings = settings.model_copy(update={"watermark_search": search.value})

            def ask(file: Path, report: Report) -> dict[str, Any]:
                reader = store.on_behalf(Reader.here(f"audit of {file.name}"))
                result = audit_file(
                    file,
                    registry=reader,
                    settings=settings,
                    artist=artist,
                    policy=rules,
                    checks=asked_for,
                    progress=report,
                )
                if reports is not None:
                    from api.report.audited import page_of, write_all

                    result = write_all(
                        result,
                        store,
                        reports,
                        policy=rules,
                        public_url=settings.public_url,
                        language=language,
                    )
                    if shown:
                        _open(page_of(reports, file))
                return result.to_dict()

            asked = files or arriving(watch or Path(), partial(_reported, reports))
            for_each(asked, ask, _show, _accepted, as_json=as_json, quiet=quiet)


def _reported(reports: Path | None, file: Path) -> bool:
    """Whether a file has a report that was made since it was written."""
    from api.report.audited import page_of

    try:
        return reports is not None and page_of(reports, file).stat().st_mtime > file.stat().st_mtime
    except FileNotFoundError:
        return False


def _open(page: Path) -> None:
    """Show a page in the browser, and say where it lies: there may be no browser."""
    import webbrowser

    address = page.resolve().as_uri()
    opened = webbrowser.open(address)
    said = "opened in the browser" if opened else "no browser could be opened; open it yourself"
    messages().print(f"report: {page} ({said})", markup=False)


def _accepted(found: dict[str, Any]) -> bool:
    return bool(found["decision"]["action"] == "accept")


def _show(found: dict[str, Any]) -> None:
    from api.cli.tables import audit_table

    answers().print(audit_table(found))
