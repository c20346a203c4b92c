"""`trackmark db`: the schema of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import FAILED, AsJson, answers, emit, failures, settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

commands = typer.Typer(
    help="Check the database's schema, bring it up, or take it back.", no_args_is_help=True
)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@commands.command("check")
def check(as_json: AsJson = False) -> None:
    """Say where the schema stands; exits with 1 where it is not that of this release."""
    with failures(), _engine() as engine:
        from api.database import schema

        state = schema.state(engine)
        good = state.revision == state.newest and not state.differences
        if as_json:
            pending = [{"revision": one, "brings": doc} for one, doc in state.pending]
            emit(
                {
                    "schema": state.revision,
                    "newest": state.newest,
                    "pending": pending,
                    "differences": list(state.differences),
                    "good": good,
                }
            )
        else:
            answers().print(f"schema {state.revision}; this release works with {state.newest}", markup=False)
            for one, doc in state.pending:
                answers().print(f"  {one} is missing: {doc}", markup=False)
            for text in state.differences:
                answers().print(f"  not as the revision says: {text}", markup=False)
    if not good:
        raise typer.Exit(FAILED)


@commands.command("upgrade")
def upgrade(dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Bring the schema up to this release's; every start does so too. Make a backup before."""
    with failures(), _engine() as engine:
        from api import database
        from api.database import schema

        state = schema.state(engine)
        if not dry_run:
            database.upgrade(engine)
        done = [one for one, _ in state.pending]
        if as_json:
            emit({"from": state.revision, "to": state.newest, "revisions": done, "dry_run": dry_run})
            return
        verb = "would be applied" if dry_run else "applied"
        for one, doc in state.pending:
            answers().print(f"{one} {verb}: {doc}", markup=False)
        if not state.pending:
            answers().print(f"schema {state.revision}: nothing to do", markup=False)


@commands.command("downgrade")
def downgrade(
    revision: Annotated[str, typer.Argument(help="Where to, such as 0006; `base` removes every table.")],
    dry_run: DryRun = False,
    lose: Annotated[
        bool, typer.Option("--lose-rows", help="Go on although stored rows are dropped.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take the schema back; refused, with what it would lose, where rows would be dropped."""
    with failures(), _engine() as engine:
        from api import database

        lost = database.downgrade(engine, revision, lose=lose, dry=dry_run)
        if as_json:
            emit({"to": revision, "lost": lost, "dry_run": dry_run})
            return
        for place, rows in sorted(lost.items()):
            answers().print(f"{place}: {rows} {'would be' if dry_run else 'were'} lost", markup=False)
        if not lost:
            answers().print("nothing is lost", markup=False)


@contextmanager
def _engine() -> Iterator["Engine"]:
    from api import database

    engine = database.connect(settings().database_url)
    try:
        yield engine
    finally:
        engine.dispose()
