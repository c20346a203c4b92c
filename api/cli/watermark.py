"""`trackmark keygen` and `trackmark watermark`: the channel alone, without records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.console import (
    USAGE,
    AsJson,
    Quiet,
    Report,
    answers,
    emit,
    fail,
    failures,
    for_each,
    progress,
    settings,
)
from api.cli.tag import Force, check_output, warn

if TYPE_CHECKING:
    from torch import Tensor

commands = typer.Typer(help="Embed or detect a watermark with a key file of your own.", no_args_is_help=True)

KeyFile = Annotated[Path, typer.Option("--key", help="Key file made by `trackmark keygen`.")]


def keygen(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the key.")],
    as_json: AsJson = False,
) -> None:
    """Make a watermark key. Whoever holds it can read and forge your marks: keep it secret."""
    with failures():
        from provenance.watermark import WatermarkKey

        if output.exists():
            fail(f"{output} exists already; a key is never overwritten", USAGE)
        try:
            WatermarkKey.generate().save(output)
        except OSError as error:
            fail(f"cannot write {output}: {error.strerror}", USAGE)
        if as_json:
            emit({"file": str(output)})
        else:
            answers().print(f"key written to {output}, readable by you only")


@commands.command("embed")
def embed(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Audio file.")],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Where to write; the suffix chooses the format.")
    ],
    message: Annotated[str, typer.Option(help="64 bits as 16 hex digits.")],
    key: KeyFile,
    strength: Annotated[float, typer.Option(min=0.05, max=8.0, help="Gain on the mark.")] = 1.0,
    force: Force = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Hide 64 bits in a track."""
    _message("--message", message)
    with failures(), progress(enabled=not quiet) as bar:
        report = bar(source.name)
        from provenance.marking import mark_file
        from provenance.watermark import WatermarkKey

        check_output(out, force=force, source=source)
        secret = WatermarkKey.load(key)
        snr_db, warnings = mark_file(
            source,
            out,
            bytes.fromhex(message),
            secret,
            limits=settings().stream_limits(),
            strength=strength,
            overwrite=force,
            warn=warn,
            progress=report,
        )
        report("done", 1.0)
    snr = round(min(snr_db, 200.0), 2)
    told = {"file": str(source), "output": str(out), "message": message.lower(), "snr_db": snr}
    if as_json:
        emit({**told, "warnings": list(warnings)})
    else:
        answers().print(f"{out} carries {message.lower()} (mark {snr:.1f} dB under the music)", markup=False)


@commands.command("detect")
def detect(
    files: Annotated[list[Path], typer.Argument(help="Audio files.")],
    key: KeyFile,
    exhaustive: Annotated[bool, typer.Option(help="Search more speeds and pitches; slower.")] = False,
    asked: Annotated[
        list[str] | None,
        typer.Option(
            "--ask",
            metavar="HEX",
            help="Also ask for the mark with this message, which is heard where it cannot be read: in noise, "
            "or where the copies of several recipients were averaged. Can be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Look for a watermark. "No mark" is an answer, not a failure: exits with 0."""
    named = [_message("--ask", one) for one in asked or ()]
    with failures():
        import torch

        from api.audit import json_form
        from api.audit.checks import SHORTEST_MARKED_S, swing, too_short, unusable
        from api.audit.findings import NotRun, WatermarkFound
        from api.report.numbers import clock_text
        from core.decode import stream
        from provenance.watermark import Known, WatermarkKey, detect_blocks

        secret, limits = WatermarkKey.load(key), settings().stream_limits()
        known = [Known(1.0, 1.0, message=message) for message in named]

        def ask(file: Path, report: Report) -> dict[str, Any]:
            report("detect", 0.0)
            extremes: list[Tensor] = []
            with stream(file, limits) as audio:
                blocks = (_noting(block, extremes) for block in audio.blocks)
                length_s = audio.expected_s

                def heard(done_s: float) -> None:
                    if length_s is not None:
                        report(f"detect, {clock_text(done_s)}", min(done_s / length_s, 0.99))

                found = detect_blocks(
                    blocks, audio.sample_rate, secret, exhaustive=exhaustive, known=known, heard=heard
                )
            reason = unusable(found.duration_s, swing(torch.cat(extremes, -1)))
            if reason is None and not found.present and found.duration_s < SHORTEST_MARKED_S:
                reason = too_short(found.duration_s)
            told = WatermarkFound.of(found)
            if reason is not None:
                told = WatermarkFound(duration_s=told.duration_s, elapsed_s=0.0)
            answer = json_form.as_json(told)
            del answer["record_id"], answer["searched"]  # a key of one's own knows no records
            why = {} if reason is None else {"reason": NotRun[WatermarkFound]("inconclusive", reason).told}
            return {"file": str(file), **answer, **why}

        for_each(files, ask, _show, lambda _found: True, as_json=as_json, quiet=quiet)


def _message(option: str, text: str) -> bytes:
    if len(text) != 16 or any(c not in "0123456789abcdefABCDEF" for c in text):
        fail(f"{option} must be 16 hex digits, not {text!r}", USAGE)
    return bytes.fromhex(text)


def _noting(block: "Tensor", extremes: "list[Tensor]") -> "Tensor":
    """The block itself; its channels' lowest and highest samples are noted on the way, each [C, 1]."""
    extremes += [block.amin(-1, keepdim=True), block.amax(-1, keepdim=True)]
    return block


def _show(found: dict[str, Any]) -> None:
    from api.cli.tables import detection_table

    answers().print(detection_table(found))
