"""`trackmark generate`: music by an audiocraft model, tagged as it is made."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import USAGE, AsJson, Quiet, answers, fail, failures, messages, progress, registry
from api.cli.tag import Force, Output, Strength, check_output, check_text, show
from core.files import replacing, settle

if TYPE_CHECKING:
    from api.registry.records import Records
    from provenance.birth import Openings

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def generate(
    prompt: Annotated[str, typer.Argument(help="What the music should be like; only a commitment is kept.")],
    output: Output,
    model: Annotated[
        str | None, typer.Option(help="A model's name or folder; the built-in tiny one otherwise.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1.0, max=300.0, help="Length.")] = 20.0,
    melody: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Audio whose tune is followed.")
    ] = None,
    beginning: Annotated[
        Path | None, typer.Option("--continue", exists=True, dir_okay=False, help="Audio that is continued.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title; the output's name otherwise.")] = None,
    owner: Annotated[str, typer.Option(help="Who holds the master right.")] = "unstated",
    seed: Annotated[int | None, typer.Option(help="Repeat a former run.")] = None,
    strength: Strength = 1.0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Generate music with an audiocraft model, marked as it is made.

    The record holds commitments to prompt and seed; OUTPUT.private.json, for you alone, opens them.
    """
    with failures(), progress(enabled=not quiet) as bar:
        from api.audit.engines import product_engines
        from provenance.generate import Order

        check_output(output, force=force)
        check_text("--owner", owner)
        if title is not None:
            check_text("--title", title)
        private = output.with_name(f"{output.name}.private.json")
        if private.exists() and not force:
            fail(
                f"{private} opens the commitments of another record: keep it elsewhere, or use --force", USAGE
            )
        order = Order(prompt, model=model, seconds=seconds, seed=seed)
        with registry() as (store, settings), _keeping(private, store.records) as keep:
            born = product_engines(settings).maker(
                order,
                output,
                title=title or output.stem,
                owner=owner,
                ledger=store.ledger(),
                melody=melody,
                beginning=beginning,
                strength=strength,
                progress=bar("generate"),
                overwrite=force,
                keep=keep,
            )
    if not as_json:
        answers().print(born.text, markup=False)
    show(prompt, born.tagged, as_json=as_json)
    if not quiet:
        messages().print(f"what opens the commitments to prompt and seed is in {private}", markup=False)


@contextmanager
def _keeping(private: Path, records: "Records") -> Iterator[Callable[["Openings"], None]]:
    """What keeps what opens a record, as `private` once the record is there, however the rest ends."""
    with replacing(private) as part:
        begun: list[str] = []

        def keep(openings: "Openings") -> None:
            _keep(private, part, openings)
            begun.append(openings.record_id)

        try:
            yield keep
        except BaseException:
            if any(records.get(record_id) for record_id in begun):
                part.replace(private)
            raise


def _keep(path: Path, part: Path, openings: "Openings") -> None:
    """Write what opens the record's commitments to what will be `path`, readable by its owner only.

    Before the record is: a disk that is full then takes no record that nobody can open.
    """
    committed = {"prompt": openings.prompt, "seed": openings.seed}
    told = {name: {"text": one.text, "salt": one.salt} for name, one in committed.items()}
    content = json.dumps({"record_id": openings.record_id, **told}, indent=1) + "\n"
    try:
        with os.fdopen(os.open(part, _NEW, 0o600), "w") as file:
            file.write(content)
        settle(part)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
