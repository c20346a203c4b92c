"""`trackmark audit-trail`: whether the trail holds together, and a copy of it for whoever asks."""

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import AsJson, Quiet, Report, answers, emit, fail, failures, progress, registry
from core.counted import counted

if TYPE_CHECKING:
    from api.trail.trail import Checked

commands = typer.Typer(help="Check and export the audit trail.", no_args_is_help=True)
Tenant = Annotated[str | None, typer.Option(help="Whose trail; all of them otherwise.")]
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S"]
Day = Annotated[datetime | None, typer.Option(formats=_FORMATS, metavar="DAY|MOMENT", help="in UTC")]


@commands.command("verify")
def verify(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="An exported trail, checked without the database."),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Keys of the log, for an exported trail."),
    ] = None,
    tenant: Tenant = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Recompute the chain of every event and hold it against the log. Exits with 1 where it is broken."""
    with failures():
        if file is not None:
            if keys is None:
                fail("an exported trail is checked with --keys keys.json, from somebody you trust", 2)
            from api.trail import exported
            from provenance.records.trust import TrustedKeys

            trusted = TrustedKeys.from_json(keys.read_bytes())
            with file.open(encoding="utf-8") as lines, progress(enabled=not quiet) as bar:
                read = _telling(lines, file.stat().st_size, bar(file.name))
                _tell(exported.verify(read, trusted.log), as_json=as_json)
            return
        from api.trail import trail

        with registry() as (store, _settings), progress(enabled=not quiet) as bar:
            for one in trail.tenants(store.keys) if tenant is None else [tenant]:
                _tell(trail.verify(store.keys, one, bar(one)), as_json=as_json)


@commands.command("export")
def export(
    tenant: Annotated[str, typer.Option(help="Whose trail.")] = "default",
    since: Day = None,
    until: Day = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", dir_okay=False, help="A file; standard output otherwise.")
    ] = None,
) -> None:
    """Write a trail as lines of JSON that `verify` checks offline; what lies outside the time, as hashes."""
    bounds = [None if one is None else one.replace(tzinfo=UTC) for one in (since, until)]
    with failures(), registry() as (store, _settings):
        from api.cli.place import check_place
        from api.trail import trail
        from core.files import write_whole

        if out is not None:
            check_place("--out", out, "trail")
        lines = trail.export(store.keys, tenant, since=bounds[0], until=bounds[1])
        if out is None:
            sys.stdout.writelines(lines)
        else:
            write_whole(out, "".join(lines).encode())


@commands.command("root")
def root(as_json: AsJson = False) -> None:
    """Have the log commit to the trail now, without waiting for the service to do it."""
    with failures(), registry() as (store, _settings):
        from api.trail import chain, rooting

        chain.chain(store.engine, everything=True)
        made = rooting.root(store.keys)
        if as_json:
            emit({"entries": made})
        else:
            answers().print(
                f"{counted(made, 'entry of the log commits', 'entries of the log commit')} to what is new"
            )


def _telling(lines: Iterable[str], size: int, report: Report) -> Iterator[str]:
    done = 0
    for line in lines:
        report("read events", done / size)
        yield line
        done += len(line.encode())


def _tell(found: "Checked", *, as_json: bool) -> None:
    if as_json:
        emit(vars(found))
        return
    entry = "no entry of the log commits to it yet"
    if found.entry is not None:
        entry = f"entry {found.entry} of the log commits to the first {found.rooted}"
    answers().print(
        f"{found.tenant}: {counted(found.events, 'event holds', 'events hold')} together; {entry}",
        markup=False,
    )
