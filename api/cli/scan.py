"""`trackmark scan`: a catalogue into a table."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import (
    OK,
    UNREADABLE,
    USAGE,
    AsJson,
    Quiet,
    answers,
    emit,
    fail,
    failures,
    registry,
)
from api.cli.scanning import shown
from core.counted import counted

if TYPE_CHECKING:
    from api.scan.scan import Scanned


class Engine(StrEnum):
    """Where the work is done."""

    LOCAL = "local"
    RAY = "ray"


def scan(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PATH|GLOB|URL|MANIFEST",
            help="A folder, a pattern, a URL, or a .txt or .csv that lists files.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Table to write: .parquet, .jsonl or .csv.")],
    matches: Annotated[
        Path | None,
        typer.Option(help="A second table: where each registered track is heard, a row for each stretch."),
    ] = None,
    engine: Annotated[Engine, typer.Option(help="Processes here, or a Ray cluster.")] = Engine.LOCAL,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Files at once; one per core otherwise.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that are no tables of a scan, too.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Audit every audio file in a place into one table; goes on where an interrupted scan stopped.

    Every file is compared with the whole registered catalogue in the same pass; --matches tells where. All
    are decided by the policy that is in force here when the scan begins. A table of an earlier scan is
    replaced, and no other file.

    Exits with 3 where some files could not be read (their rows say why).
    """
    with failures():
        import os
        from datetime import UTC, datetime
        from functools import partial

        from api.policies.policies import Policies
        from api.scan.find import ScanError, find
        from api.scan.matches import COLUMNS as MATCHES
        from api.scan.plan import Terms
        from api.scan.scan import scan as run
        from api.scan.table import COLUMNS, refuse_foreign
        from api.scan.worker import audit_item, log_of
        from core.errors import InvalidInput

        for table in filter(None, (output, matches)):
            _check_place(table, target)
        try:
            for place, columns in ((output, COLUMNS), (matches, MATCHES)):
                if place is not None and not force:
                    refuse_foreign(place, columns)
        except InvalidInput as error:
            fail(str(error), USAGE)
        try:
            items = find(target)
        except ScanError as error:
            fail(str(error), UNREADABLE)
        with registry() as (store, settings):
            home = settings.home
            audit = partial(audit_item, log=log_of(store))
            in_force = Policies.of(store.engine, store.tenant).in_force()
            store.fingerprints.copies().refresh()  # made once here, searched by every worker
        with shown(len(items), enabled=not quiet) as display:

            def tell(done: int, _all_files: int, row: dict[str, Any]) -> None:
                display.update(done)
                if as_json:
                    emit(row)

            try:
                done = run(
                    items,
                    output,
                    engine=engine.value,
                    workers=workers or os.cpu_count() or 1,
                    home=home,
                    heard=matches,
                    audit=audit,
                    overwrite=force,
                    terms=Terms(datetime.now(UTC).date(), in_force),
                    begun=lambda before, _all_files: display.begin(before),
                    progress=tell,
                )
            except OSError as error:
                fail(f"{error.strerror or error}; the same command goes on where it stopped", UNREADABLE)
    if not as_json:
        _summary(done, output)
    raise typer.Exit(UNREADABLE if done.actions.get("unreadable") else OK)


def _check_place(table: Path, target: str) -> None:
    """Leave with a usage error where a table could not be written, or would be written over the manifest."""
    if table.is_dir():
        fail(f"{table} is a folder: name the table that is to be written", USAGE)
    if not table.parent.is_dir():
        fail(f"cannot write {table}: there is no folder {table.parent}", USAGE)
    if table.exists() and Path(target).exists() and table.samefile(target):
        fail(f"{table} is what names the files: choose another output", USAGE)


def _summary(done: "Scanned", output: Path) -> None:
    text = ", ".join(
        f"{done.actions[name]} {name}"
        for name in ("accept", "review", "reject", "unreadable")
        if done.actions.get(name)
    )
    answers().print(f"{output}: {counted(done.files, 'file')}: {text}", markup=False)
