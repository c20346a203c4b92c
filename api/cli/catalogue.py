"""`trackmark catalogue`: a label's whole catalogue in and out, as CSV."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import (
    FAILED,
    OK,
    UNREADABLE,
    AsJson,
    Quiet,
    answers,
    emit,
    fail,
    failures,
    progress,
    registry,
)
from core.files import write_whole

if TYPE_CHECKING:
    from provenance.records.record import OwnershipRecord

commands = typer.Typer(help="Import and export catalogues as CSV.", no_args_is_help=True)


@commands.command("import")
def import_table(
    table: Annotated[Path, typer.Argument(help="CSV with at least file, title and owner.")],
    audio: Annotated[
        Path | None, typer.Option(help="Folder of the files that the table names; the table's own otherwise.")
    ] = None,
    rejected: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write the rejected rows and why to this CSV.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Check everything, register nothing.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Register every track of a catalogue; exits with 1 where rows were rejected.

    The files are registered as they are, without a watermark; `trackmark tag` is for marking them.
    """
    with failures(), progress(enabled=not quiet) as bar:
        from api.audit.engines import product_engines
        from api.registry.catalogue import import_catalogue
        from provenance.exchange.catalogue import write_report

        with registry() as (store, settings):
            engines = product_engines(settings)
            try:
                report = import_catalogue(
                    table,
                    audio or table.parent,
                    store,
                    decode=engines.decoder.decode,
                    extract=engines.printer.extract,
                    check_only=check,
                    progress=bar(table.name),
                )
            except OSError as error:
                fail(f"cannot read {table}: {error.strerror}", UNREADABLE)
        if rejected is not None:
            write_whole(rejected, write_report(report.rejected).encode())
    rows = len({item.line for item in report.rejected})
    if as_json:
        emit(
            {
                "file": str(table),
                "imported": [vars(item) for item in report.imported],
                "rejected": [vars(item) for item in report.rejected],
                "ignored_columns": list(report.ignored_columns),
            }
        )
    else:
        console = answers()
        done = "can be registered" if check else "registered"
        console.print(f"{table}: {len(report.imported)} tracks {done}, {rows} rejected", markup=False)
        for item in report.rejected:
            where = f"line {item.line}" + (f", {item.column}" if item.column else "")
            console.print(f"  {where}: {item.reason}", style="yellow", markup=False)
        for name in report.ignored_columns:
            console.print(f"  column {name} was ignored", markup=False)
    raise typer.Exit(FAILED if rows else OK)


@commands.command("export")
def export_table(
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="The CSV to write.")],
    as_json: AsJson = False,
) -> None:
    """Write all records of the registry as one table, each verified first."""
    with failures(), registry() as (store, _settings):
        from provenance.exchange.table import write_table

        rows: list[tuple[OwnershipRecord, str]] = []
        before = None
        while page := store.records.page(limit=500, before=before):
            states = [store.records.verified(stored.record_id).state for stored in page]
            rows.extend((state.record, state.status) for state in states)
            before = page[-1].first_index
        write_whole(output, write_table(rows).encode())
    if as_json:
        emit({"output": str(output), "records": len(rows)})
    else:
        answers().print(f"{output} holds {len(rows)} records", markup=False)
