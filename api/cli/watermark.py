"""`trackmark keygen` and `trackmark watermark`: the channel alone, without records."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import USAGE, AsJson, Quiet, Report, answers, emit, fail, failures, for_each, progress
from api.cli.tag import check_suffix

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
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Hide 64 bits in a track."""
    if len(message) != 16 or any(c not in "0123456789abcdefABCDEF" for c in message):
        fail(f"--message must be 16 hex digits, not {message!r}", USAGE)
    with failures(), progress(enabled=not quiet) as bar:
        report = bar(source.name)
        from core.decode import decode
        from core.encode import encode
        from provenance.tag import codec_for, snr_db
        from provenance.watermark import WatermarkKey
        from provenance.watermark import embed as embed_mark

        check_suffix(out)
        codec, bit_rate = codec_for(out)
        secret = WatermarkKey.load(key)
        report("decode", 0.1)
        clip = decode(source)
        report("mark", 0.3)
        marked = embed_mark(clip.wav, clip.sample_rate, bytes.fromhex(message), secret, strength=strength)
        snr = snr_db(clip.wav, marked)
        report("encode", 0.9)
        encode(marked, clip.sample_rate, out, codec=codec, bit_rate=bit_rate)
        report("done", 1.0)
    found = {"file": str(source), "output": str(out), "message": message.lower(), "snr_db": round(snr, 2)}
    if as_json:
        emit(found)
    else:
        answers().print(f"{out} carries {message.lower()} (mark {snr:.1f} dB under the music)")


@commands.command("detect")
def detect(
    files: Annotated[list[Path], typer.Argument(help="Audio files.")],
    key: KeyFile,
    exhaustive: Annotated[bool, typer.Option(help="Search more speeds and pitches; slower.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Look for a watermark. "No mark" is an answer, not a failure: exits with 0."""
    with failures():
        from api.checks import unusable_reason, watermark_json
        from api.findings import EMPTY_WATERMARK
        from core.decode import decode
        from provenance.watermark import WatermarkKey
        from provenance.watermark import detect as detect_mark

        secret = WatermarkKey.load(key)

        def ask(file: Path, report: Report) -> dict[str, Any]:
            report("decode", 0.1)
            clip = decode(file)
            report("detect", 0.4)
            reason = unusable_reason(clip)
            if reason is not None:
                blank = {k: v for k, v in EMPTY_WATERMARK.items() if k != "record_id"}
                measured = {"duration_s": round(clip.duration_s, 3), "elapsed_s": 0.0, "reason": reason}
                return {"file": str(file), **blank, **measured}
            found = detect_mark(clip.wav, clip.sample_rate, secret, exhaustive=exhaustive)
            return {"file": str(file), **watermark_json(found)}

        for_each(files, ask, _show, lambda _found: True, as_json=as_json, quiet=quiet)


def _show(found: dict[str, Any]) -> None:
    from api.cli.tables import detection_table

    answers().print(detection_table(found))
