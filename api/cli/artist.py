"""`trackmark artist`: the voices that audits compare against."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli import consent as consents
from api.cli.console import (
    USAGE,
    AsJson,
    Quiet,
    Yes,
    answers,
    ask_person,
    emit,
    fail,
    failures,
    messages,
    progress,
    registry,
    settings,
)
from core import clock
from core.counted import counted

commands = typer.Typer(help="Enrol, list and delete voices; keep consents.", no_args_is_help=True)
commands.add_typer(consents.commands, name="consent")


@commands.command("enrol")
def enrol(
    name: Annotated[str, typer.Argument(help="The artist's name.")],
    files: Annotated[list[Path], typer.Argument(help="Recordings of the artist's own voice.")],
    consent: Annotated[
        Path | None,
        typer.Option(help="The artist's consent to be enrolled, as text. A voice print is biometric data."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Enrol an artist from recordings of the real voice."""
    with failures(), progress(enabled=not quiet) as bar:
        statement = _read_consent(consent)
        from api.audit.engines import product_engines
        from api.audit.enrolling import sounding_alike, voiceprint
        from core.errors import TrackmarkError
        from detector.voice.errors import EnrolmentError

        report, chosen = bar(name), settings()
        engines = product_engines(chosen)
        try:
            made = voiceprint(engines, files, chosen.limits(), report)
        except (TrackmarkError, OSError) as error:
            if as_json:
                told = {"type": type(error).__name__, "message": str(error)}
                reason = {"reason": error.reason} if isinstance(error, EnrolmentError) else {}
                emit({"name": name, "error": {**told, **reason}})
            raise
        from api.registry.artists import MOST_ALIKE, Reader, enrolment_warnings, new_artist_id

        with registry() as (store, _settings):
            artist_id = new_artist_id()
            store.artists.free(name, artist_id)  # before a voice print is opened
            reader = store.on_behalf(Reader.here(f"enrolment of artist {artist_id}"))
            alike = sounding_alike(engines, reader.artists, made, artist_id)
            store.artists.enrol(name, made, statement, artist_id=artist_id)
        report("done", 1.0)
    warnings = enrolment_warnings(len(files), alike[:MOST_ALIKE])
    if as_json:
        known = {"name": name, "files": [str(file) for file in files], "consent": statement is not None}
        emit({**known, "warnings": warnings})
        return
    for warning in warnings:
        messages().print(f"[yellow]warning:[/] {warning}")
    note = (
        "" if statement else " (no consent on file: in many places you need it before keeping a voice print)"
    )
    answers().print(f"{name} is enrolled from {counted(len(files), 'recording')}{note}", markup=False)


@commands.command("list")
def list_artists(as_json: AsJson = False) -> None:
    """List the enrolled artists."""
    with failures(), registry() as (store, _settings):
        artists = [
            {
                "name": a.name,
                "id": a.id,
                "consent": a.consent is not None,
                "enrolled_at": clock.utc_text(a.created_at),
                "encoder": a.encoder,
            }
            for a in store.artists.listed()
        ]
    if as_json:
        for artist in artists:
            emit(artist)
        return
    if not artists:
        answers().print("nobody is enrolled; see `trackmark artist enrol --help`")
    for artist in artists:
        consent = "with consent" if artist["consent"] else "without consent on file"
        answers().print(f"{artist['name']}  enrolled {artist['enrolled_at']}, {consent}", markup=False)


@commands.command("delete")
def delete(
    name: Annotated[str, typer.Argument(help="The artist's name or id.")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete an artist's voice print, its key and every consent for good."""
    with failures(), registry() as (store, _settings):
        artist = store.artists.find(name)
        ask_person(f"Delete the voice print of {artist.name} with its key and consents, for good?", yes=yes)
        store.artists.remove(name)
    if as_json:
        emit({"name": name, "deleted": True})
    else:
        answers().print(f"the voice print of {name} is deleted", markup=False)


@commands.command("reads")
def reads(
    name: Annotated[str, typer.Argument(help="The artist's name or id.")], as_json: AsJson = False
) -> None:
    """List who opened an artist's voice print, when and for which audit, the latest first."""
    with failures(), registry() as (store, _settings):
        found = [
            {"read_at": clock.utc_text(r.read_at), "who": r.who, "purpose": r.purpose, "voices": r.voices}
            for r in store.artists.readings(store.artists.find(name).id)
        ]
    for read in found:
        if as_json:
            emit(read)
        else:
            answers().print(f"{read['read_at']}  {read['who']}, {read['purpose']}", markup=False)
    if not found and not as_json:
        answers().print(f"nobody opened the voice print of {name} yet", markup=False)


def _read_consent(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"cannot read the consent {path}: {error}", USAGE)
