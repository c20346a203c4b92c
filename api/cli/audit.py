"""`trackmark audit`: everything about a file, with a decision."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import AsJson, Quiet, Report, answers, failures, for_each, registry


class Search(StrEnum):
    """How far an audit looks for a mark: at every speed, tempo and pitch, or only where they are told."""

    QUICK = "quick"
    FULL = "full"


def audit(
    files: Annotated[list[Path], typer.Argument(help="Audio files.")],
    artist: Annotated[str | None, typer.Option(help="Compare the vocals with this artist only.")] = None,
    policy: Annotated[Path | None, typer.Option(help="Rules in TOML; the default ones ship inside.")] = None,
    reports: Annotated[
        Path | None,
        typer.Option(help="Folder for a signed report, a PDF, a page and a picture of each file."),
    ] = None,
    search: Annotated[
        Search | None,
        typer.Option(help="How far to look for a mark; TRACKMARK_WATERMARK_SEARCH unless given."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Audit files: watermark, credentials, fingerprint, AI score, voice; then accept, review or reject.

    Exits with 1 where the policy does not accept a file.
    """
    with failures():
        from api.audit.audit import audit_file
        from api.audit.policy_text import load_policy
        from api.registry.artists import Reader

        rules = load_policy(policy)
        with registry() as (store, settings):
            if search is not None:
                settings = settings.model_copy(update={"watermark_search": search.value})

            def ask(file: Path, report: Report) -> dict[str, Any]:
                reader = store.on_behalf(Reader.here(f"audit of {file.name}"))
                result = audit_file(
                    file, registry=reader, settings=settings, artist=artist, policy=rules, progress=report
                )
                if reports is not None:
                    from api.report.report import write_all

                    result = write_all(result, store, reports, policy=rules, public_url=settings.public_url)
                return result.to_dict()

            for_each(files, ask, _show, _accepted, as_json=as_json, quiet=quiet)


def _accepted(found: dict[str, Any]) -> bool:
    return bool(found["decision"]["action"] == "accept")


def _show(found: dict[str, Any]) -> None:
    from api.cli.tables import audit_table

    answers().print(audit_table(found))
