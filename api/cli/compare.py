"""`trackmark compare`: is one recording heard in another, where, and at which speed?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.audit import Search
from api.cli.console import (
    FAILED,
    OK,
    AsJson,
    Quiet,
    answers,
    emit,
    failures,
    messages,
    progress,
    refuse_places,
    registry,
)
from api.language.catalogue import Language

if TYPE_CHECKING:
    from api.audit.json_form import Json
    from api.compare.comparison import Role
    from core.clip import Clip


def compare(
    original: Annotated[Path, typer.Argument(help="The recording that may have been used.")],
    suspect: Annotated[Path, typer.Argument(help="The recording that may hold it.")],
    search: Annotated[
        Search | None,
        typer.Option(help="How far to look for marks; TRACKMARK_WATERMARK_SEARCH unless given."),
    ] = None,
    reports: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, help="Folder for a signed report of the comparison, a PDF, a page and a picture."
        ),
    ] = None,
    language: Annotated[
        Language, typer.Option(help="In which language page and PDF of --reports speak.")
    ] = "en",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare an original and a suspected copy: which stretches of one are heard in the other.

    Exits with 0 whether a match is found or not, with 1 where the two cannot be compared (silence, say).
    """
    with failures():
        from api.audit.engines import product_engines
        from api.compare.compare import compare_files
        from api.report.sound import outline

        for file in (original, suspect):
            refuse_places(file)
        with registry() as (store, settings), progress(enabled=not quiet) as bar:
            if search is not None:
                settings = settings.model_copy(update={"watermark_search": search.value})
            outlines: dict[Role, Json] = {}

            def seen(role: "Role", clip: "Clip") -> None:
                if reports is not None:
                    outlines[role] = outline(clip)

            found = compare_files(
                original,
                suspect,
                registry=store,
                settings=settings,
                engines=product_engines(settings),
                progress=bar(suspect.name),
                seen=seen,
            ).to_dict()
            if reports is not None:
                from api.report.compared import write_all

                url = settings.public_url
                signed, failed = write_all(
                    found, store, reports, outlines=outlines, public_url=url, language=language
                )
                found |= {"report": str(signed)}
                for warning in failed:
                    messages().print(f"warning: {warning}", markup=False)
    if as_json:
        emit(found)
    else:
        _show(found)
    raise typer.Exit(OK if found["alignment"]["outcome"] == "done" else FAILED)


def _show(found: dict[str, Any]) -> None:
    from api.cli.tables import comparison_table

    answers().print(comparison_table(found))
