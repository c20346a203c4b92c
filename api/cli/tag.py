"""`trackmark tag`: tracks that tell whose they are."""

import unicodedata
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.console import USAGE, AsJson, Quiet, answers, emit, fail, failures, messages, progress, registry

if TYPE_CHECKING:
    from provenance.tag import Tagged


class Ai(StrEnum):
    """How much of a track a machine made (DDEX `ContainsAI`)."""

    ALL = "all"
    PARTLY = "partly"
    NONE = "none"


Output = Annotated[
    Path, typer.Option("--output", "-o", help="Where to write; the suffix chooses the format.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output where it exists.")]
Strength = Annotated[float, typer.Option(min=0.05, max=8.0, help="Gain on the watermark.")]


def tag(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Audio file.")],
    output: Output,
    title: Annotated[str, typer.Option(help="Title of the recording.")],
    owner: Annotated[str, typer.Option(help="Who holds the master right.")],
    isrc: Annotated[str | None, typer.Option(help="ISRC, with or without hyphens.")] = None,
    ai: Annotated[Ai | None, typer.Option(help="How much of it a machine made.")] = None,
    generator: Annotated[str | None, typer.Option(help='The AI system, such as "Meta/MusicGen 1.3".')] = None,
    score: Annotated[
        list[Path] | None,
        typer.Option(help="MIDI file that it renders; its hash goes into the record."),
    ] = None,
    strength: Strength = 1.0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Mark a track, register it, and write it with signed credentials."""
    with failures(), progress(enabled=not quiet) as bar:
        from api.audit.engines import product_engines
        from provenance.declaration import Declaration
        from provenance.score.reading import read_score

        check_output(output, force=force, source=source)
        check_text("--title", title)
        check_text("--owner", owner)
        check_isrc(isrc)
        if generator is not None:
            check_text("--generator", generator)
        declaration = Declaration.parse(
            title,
            owner,
            isrc=isrc,
            ai=ai.value if ai else None,
            generator=generator,
            ingredients=tuple(read_score(path).ingredient for path in score or ()),
        )
        with registry() as (store, settings):
            engines = product_engines(settings)
            done = engines.tagger(
                source,
                output,
                declaration,
                ledger=store.ledger(),
                strength=strength,
                progress=bar(source.name),
                marker=engines.marker,
                overwrite=force,
                warn=warn,
            )
    show(str(source), done, as_json=as_json)


def check_output(output: Path, *, force: bool, source: Path | None = None) -> None:
    """Leave with a usage error where the output cannot be written or exists unasked."""
    from core.errors import EncodeError
    from provenance import output as place
    from provenance.formats import codec_for

    try:
        codec_for(output)
        place.check_output(output, overwrite=force, source=source)
    except EncodeError as error:
        fail(str(error), USAGE)


def check_text(option: str, text: str) -> None:
    """Leave with a usage error where an option's text is empty, or none that a record may hold."""
    from core.errors import RecordError
    from provenance.records import shape_checks

    if not text.strip():
        fail(f"{option} must not be empty", USAGE)
    try:
        shape_checks.text(unicodedata.normalize("NFC", text.strip()), option)
    except RecordError as error:
        fail(str(error), USAGE)


def check_isrc(isrc: str | None) -> None:
    """Leave with a usage error where the ISRC is none."""
    from core.errors import RecordError
    from provenance.records import identifiers

    try:
        if isrc is not None:
            identifiers.isrc(isrc)
    except RecordError as error:
        fail(f"--isrc: {error}", USAGE)


def warn(text: str) -> None:
    """Print a warning, before anything is written."""
    messages().print(f"warning: {text}", style="yellow", markup=False)


def show(source: str, done: "Tagged", *, as_json: bool) -> None:
    """Tell what was tagged."""
    if as_json:
        emit({"file": source, "output": str(done.path), **done.to_dict()})
        return
    from api.audit.numbers import p_value_text

    console = answers()
    console.print(f"{done.path} is tagged as record {done.record_id}", style="bold", markup=False)
    console.print(
        f"  watermark {done.snr_db:.1f} dB under the music, "
        f"read back (p {p_value_text(done.read_back_p_value)})"
    )
    console.print(
        f"  signed record is entry {done.leaf_index} of the log; "
        f"credentials {'are in the file' if done.credentials else 'not possible in this format'}"
    )
    for warning in done.warnings:
        console.print(f"  warning: {warning}", style="yellow", markup=False)
