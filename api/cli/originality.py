"""`trackmark originality`: how close is a track to others, and how diverse is a catalogue?"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    messages,
    progress,
    settings,
    told,
)

if TYPE_CHECKING:
    from api.originality.collection import Collection, Track
    from core.errors import AudioError
    from detector.originality import Sketch


def originality(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE|CATALOGUE",
            help="A file; or a folder, a pattern, a .txt or a .csv that lists files (column date: releases).",
        ),
    ],
    among: Annotated[
        str | None,
        typer.Option(metavar="CATALOGUE", help="Tracks to compare a file with: a folder, pattern or list."),
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            file_okay=False,
            help="Keep what was heard there, so that a track is heard once.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say how close tracks are in melody, rhythm, timbre and structure, and how diverse a catalogue is.

    A file is compared with the tracks of --among; each track of a catalogue with the others, and the
    catalogue's diversity over time is told. Likeness is no sign of copying: it is told beside how rare it is
    among unrelated recordings of people.

    Exits with 3 where some files could not be read.
    """
    with failures():
        from api.originality.collection import Track, listed
        from api.scan.find import ScanError

        one = Path(target)
        single = one.is_file() and one.suffix.lower() not in {".txt", ".csv"}
        if single and among is None:
            fail("say which tracks to compare it with: --among FOLDER", USAGE)
        try:
            tracks = listed(among or target)
            asked = [Track(one)] if single else listed(target)
        except ScanError as error:
            fail(str(error), UNREADABLE)
        others = _heard(tracks, kept, quiet=quiet)
        mine = _heard(asked, kept, quiet=quiet) if among else others
        for track, why in dict([*others.unread, *mine.unread]).items():
            _tell_unread(track, why, as_json=as_json)
        if others.tracks:
            _compare(mine, others, whole=among is None, as_json=as_json)
    raise typer.Exit(UNREADABLE if others.unread or mine.unread else OK)


def _heard(tracks: "Sequence[Track]", kept: Path | None, *, quiet: bool) -> "Collection":
    """What can be heard of some tracks."""
    from api.audit.engines import product_engines
    from api.originality.collection import gathered, heard
    from core.errors import AudioError

    chosen = settings()
    decoder, limits = product_engines(chosen).decoder, chosen.limits()
    found: list[Sketch | AudioError] = []
    with progress(enabled=not quiet, many=len(tracks)) as bar:
        for track in tracks:
            report = bar(track.path.name)
            try:
                found.append(heard(track, decoder, limits, kept))
            except AudioError as error:
                found.append(error)
            report("heard", 1.0)
    return gathered(tracks, found)


def _compare(mine: "Collection", others: "Collection", *, whole: bool, as_json: bool) -> None:
    """Tell of each of my tracks how close it is to the others; of a whole catalogue how diverse it is."""
    from api.audit.json_form import as_json as as_told
    from api.cli.likeness_table import diversity_table, likeness_table
    from api.originality.likeness import likeness
    from api.originality.over_time import diversity
    from detector.originality import Shelf

    shelf = Shelf.of(others.sketches)
    places = {track.path.absolute(): place for place, track in enumerate(others.tracks)}
    for track, one in zip(mine.tracks, mine.sketches, strict=True):
        own = [places[track.path.absolute()]] if track.path.absolute() in places else []
        found = as_told(likeness(str(track.path), one, shelf, others, leave_out=own))
        if as_json:
            emit(found)
        else:
            answers().print(likeness_table(found))
    if whole:
        summary = {"tracks": len(others.tracks), "diversity": as_told(diversity(shelf, others))}
        if as_json:
            emit(summary)
        else:
            answers().print(diversity_table(summary))


def _tell_unread(track: "Track", error: "AudioError", *, as_json: bool) -> None:
    from rich.markup import escape

    if as_json:
        emit({"file": str(track.path), "error": {"type": type(error).__name__, "message": str(error)}})
    else:
        messages().print(f"[bold red]error:[/] {escape(told(track.path, error))}")
