"""`trackmark watch`: a folder in which everything that is finished gets tagged."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import (
    OK,
    UNREADABLE,
    USAGE,
    AsJson,
    answers,
    emit,
    fail,
    failures,
    messages,
    registry,
)
from api.cli.tag import Ai, check_text

if TYPE_CHECKING:
    from api.born.watch import Event, Watch


def watch(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Folder that a generator writes into.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", file_okay=False, help="Folder for the tagged files.")
    ],
    owner: Annotated[str, typer.Option(help="Who holds the master right.")],
    generator: Annotated[str | None, typer.Option(help='The AI system, such as "AIVA 2".')] = None,
    ai: Annotated[Ai | None, typer.Option(help="How much of each track a machine made.")] = None,
    suffix: Annotated[
        str | None, typer.Option("--format", help="Format, such as flac; that of each file otherwise.")
    ] = None,
    settle_s: Annotated[
        float, typer.Option("--settle", min=0.0, help="Seconds that a file must rest to count as finished.")
    ] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Look once and leave, for cron.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tag each finished audio file of a folder exactly once; title is the file's name.

    A MIDI file of the same name beside a rendering is named in its record. What cannot be tagged is moved to
    IN/failed with its reason. A folder inside IN that cannot be listed is told, once. With --once, exits
    with 3 where something failed or could not be listed.
    """
    with failures():
        from api.born import diary
        from api.born.watch import Watch
        from api.born.wish import Wish
        from core.errors import EncodeError, RecordError

        check_text("--owner", owner)
        if generator is not None:
            check_text("--generator", generator)
        _check_folders(source, target)
        try:
            wish = Wish(
                owner,
                generator,
                ai.value if ai else None,
                f".{suffix.lower().removeprefix('.')}" if suffix else None,
                settle_s,
            )
        except (RecordError, EncodeError) as error:
            fail(str(error), USAGE)
        try:
            target.mkdir(parents=True, exist_ok=True)
            with registry() as (store, settings), diary.opened(target) as kept:
                from api.audit.engines import product_engines

                parts = product_engines(settings)
                watched = Watch(
                    source, target, wish, store.ledger(), kept, parts.tagger, parts.decoder.decode
                )
                failed = _keep_watch(watched, once=once, as_json=as_json)
        except OSError as error:
            fail(f"{error.filename or target}: {error.strerror or error}", UNREADABLE)
    raise typer.Exit(UNREADABLE if failed else OK)


def _keep_watch(watch: "Watch", *, once: bool, as_json: bool) -> int:
    """Look again and again, or once; the number of files that failed and of folders that cannot be listed."""
    import time

    failed = 0
    for event in watch.finish_begun():
        failed += event.state == "failed"
        _tell(event, as_json=as_json)
    while True:
        for event in watch.round(time.time()):
            failed += event.state in ("failed", "closed")
            _tell(event, as_json=as_json)
        if once:
            return failed
        time.sleep(max(0.5, min(watch.wish.settle_s / 2, 5.0)))


def _check_folders(source: Path, target: Path) -> None:
    if not source.is_dir():
        fail(f"there is no folder {source}", USAGE)
    inside, outside = target.resolve(), source.resolve()
    if inside == outside or outside in inside.parents or inside in outside.parents:
        fail("IN and OUT must not lie in one another: tagged files would be taken for new ones", USAGE)


def _tell(event: "Event", *, as_json: bool) -> None:
    if as_json and event.tagged is not None:
        emit({"file": event.file, "output": str(event.tagged.path), **event.tagged.to_dict()})
    elif as_json and event.error is not None:
        error = {"type": type(event.error).__name__, "message": event.reason}
        emit({"file": event.file, "error": error, "aside": str(event.aside) if event.aside else None})
    elif as_json:
        messages().print(f"{event.file}: {event.reason}", markup=False)
    elif event.tagged is not None:
        answers().print(
            f"{event.file} is tagged as record {event.tagged.record_id}: {event.tagged.path}", markup=False
        )
        for warning in event.tagged.warnings:
            messages().print(f"  warning: {warning}", style="yellow", markup=False)
    else:
        where = f"; it lies in {event.aside}" if event.aside else ""
        style = "red" if event.state in ("failed", "closed") else None
        messages().print(f"{event.file}: {event.state}: {event.reason}{where}", style=style, markup=False)
