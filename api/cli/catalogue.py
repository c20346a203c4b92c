"""`trackmark catalogue`: a label's whole catalogue in and out, as CSV."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import (
    FAILED,
    OK,
    UNREADABLE,
    AsJson,
    Quiet,
    Report,
    Yes,
    answers,
    emit,
    fail,
    failures,
    for_each,
    progress,
    registry,
)
from api.cli.place import check_place
from core.counted import counted
from core.files import write_whole

if TYPE_CHECKING:
    from provenance.records.record import OwnershipRecord

commands = typer.Typer(
    help="Import and export catalogues; keep sketches of their tracks.", no_args_is_help=True
)


@commands.command("import")
def import_table(
    table: Annotated[Path, typer.Argument(help="CSV with at least file, title and owner.")],
    audio: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder of the files that the table names; the table's own otherwise.",
        ),
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

        if rejected is not None:
            check_place("--rejected", rejected, "rejected", reads=[table])
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
        became = "can be registered" if check else "registered"
        console.print(
            f"{table}: {counted(len(report.imported), 'track')} {became}, {rows} rejected", markup=False
        )
        for item in report.rejected:
            where = f"line {item.line}" + (f", {item.column}" if item.column else "")
            console.print(f"  {where}: {item.reason}", style="yellow", markup=False)
        for done in report.imported:
            for warning in done.warnings:
                console.print(f"  line {done.line}: warning: {warning}", style="yellow", markup=False)
        for name in report.ignored_columns:
            console.print(f"  column {name} was ignored", markup=False)
    if rejected is not None:  # last: what is registered has been told, whatever the disk says
        from provenance.exchange.catalogue import write_report

        with failures():
            write_whole(rejected, write_report(report.rejected).encode())
    raise typer.Exit(FAILED if rows else OK)


@commands.command("sketch")
def sketch(
    target: Annotated[
        str, typer.Argument(metavar="TRACKS", help="Files of registered tracks: a folder, pattern or list.")
    ],
    tenant: Annotated[str, typer.Option(help="Whose tracks they are.")] = "default",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Keep sketches of tracks that are registered already, so that audits can tell how near others come.

    TRACKMARK_KEEP_SKETCHES does it for tracks as they are registered. A file is a track's own to the byte or
    to the sample: the tagged one, or the one that was imported. Exits with 1 where a file is of no record.
    """
    with failures():
        from api.scan.find import ScanError, find

        try:
            files = [Path(item.location) for item in find(target) if "://" not in item.location]
        except ScanError as error:
            fail(str(error), UNREADABLE)
        if not files:
            fail(f"{target} lies elsewhere: fetch the files first", UNREADABLE)
        with registry() as (store, settings):
            from api.audit.engines import product_engines
            from api.originality.backfill import sketch_file

            own, decoder = store.for_tenant(tenant), product_engines(settings).decoder

            def ask(path: Path, _report: Report) -> dict[str, Any]:
                return asdict(sketch_file(path, own, decoder))

            for_each(files, ask, _show_sketched, _registered, as_json=as_json, quiet=quiet)


def _registered(found: dict[str, Any]) -> bool:
    return bool(found["became"] != "unregistered")


def _show_sketched(found: dict[str, Any]) -> None:
    said = {
        "kept": "a sketch is kept with record",
        "known": "a sketch was kept already with record",
        "unregistered": "no registered track's own file",
    }
    where = " ".join((said[found["became"]], ", ".join(found["records"]))).strip()
    answers().print(f"{found['file']}: {where}", markup=False)


@commands.command("erase-sketches")
def erase_sketches(
    record: Annotated[
        list[str] | None,
        typer.Option(help="Of this record; repeat for several. All of the tenant otherwise."),
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose tracks they are.")] = "default",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Erase sketches for good; records, marks and fingerprints stay (`record erase` takes all of a record).

    Audits can tell no more how near others come to those tracks. What a legal hold on the record keeps stays,
    and the command exits with 1. Unset TRACKMARK_KEEP_SKETCHES, or new tracks have sketches again.
    """
    with failures(), registry() as (store, _settings):
        own = store.for_tenant(tenant).sketches
        if not yes:
            what = "every sketch" if not record else f"the sketches of {counted(len(set(record)), 'record')}"
            typer.confirm(f"Erase {what} of {tenant} for good?", abort=True, err=True)
        done = own.erase(record or None)
    if as_json:
        emit({"tenant": tenant, "erased": list(done.erased), "held": list(done.held)})
    else:
        answers().print(f"{counted(len(done.erased), 'sketch is', 'sketches are')} erased", markup=False)
        for held in done.held:
            answers().print(f"  a legal hold keeps that of record {held}", style="yellow", markup=False)
    raise typer.Exit(FAILED if done.held else OK)


@commands.command("export")
def export_table(
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="The CSV to write.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write all records of the registry as one table, each verified first."""
    with failures(), registry() as (store, _settings), progress(enabled=not quiet) as bar:
        from provenance.exchange.table import write_table

        check_place("--output", output, "csv")
        rows: list[tuple[OwnershipRecord, str]] = []
        before, report, whole = None, bar(output.name), store.records.count()
        while page := store.records.page(limit=500, before=before):
            for stored in page:
                report("verify", len(rows) / max(whole, len(rows) + 1))
                state = store.records.verified(stored.record_id).state
                rows.append((state.record, state.status))
            before = page[-1].first_index
        write_whole(output, write_table(rows).encode())
    if as_json:
        emit({"output": str(output), "records": len(rows)})
    else:
        answers().print(f"{output} holds {counted(len(rows), 'record')}", markup=False)
