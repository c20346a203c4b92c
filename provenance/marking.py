"""A mark by a key of one's own in a file, without record or credentials: `trackmark watermark embed`.

As careful of the source as `provenance.tag`: the same is kept, and the same is named where it is not.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core import scratch
from core.errors import CredentialsError
from core.limits import Limits
from core.progress import Progress
from provenance.formats import codec_for
from provenance.output import check_output, put, refuse_changed
from provenance.preparation import prepare
from provenance.writing import workplace, write, writing

if TYPE_CHECKING:
    from torch import Tensor

    from provenance.watermark import WatermarkKey


def mark_file(
    source: Path,
    out: Path,
    message: bytes,
    key: "WatermarkKey",
    *,
    limits: Limits,
    strength: float = 1.0,
    overwrite: bool = False,
    warn: Callable[[str], None] | None = None,
    progress: Progress | None = None,
) -> tuple[float, tuple[str, ...]]:
    """Hide 64 bits in a file's audio, in memory that does not grow with its length.

    Args:
        source: a file.
        out: where to write; the suffix chooses the format.
        message: 8 bytes.
        key: of the mark.
        limits: what is accepted.
        strength: gain on the mark.
        overwrite: whether an existing output is replaced.
        warn: called with each thing that the output will not keep, before anything is written.
        progress: called with (step, fraction done).

    Returns:
        How many decibels the mark lies under the music (infinite where there is none), and the warnings.

    Raises:
        AudioError: the source cannot be used as audio, or changed meanwhile.
        EncodeError: `out` names no known format, exists already, would lose a channel or cannot be written.
        WatermarkError: the track is too short or silent.
    """
    from provenance.watermark import Meter, embed_blocks

    codec, _bit_rate = codec_for(out)
    check_output(out, overwrite=overwrite, source=source)
    ready = prepare(source, out, codec, None, limits)
    warnings = (*ready.warnings, *_credentials(source))
    if warn is not None:
        for text in warnings:
            warn(text)
    meter, wav = Meter(), ready.clip.wav
    with workplace(out) as folder:
        finished = folder / f"finished{out.suffix}"
        blocks = _telling(scratch.stretches(wav), wav.shape[-1], progress)
        marked = embed_blocks(blocks, ready.clip.sample_rate, message, key, strength=strength, meter=meter)
        write(finished, marked, ready)
        if ready.state is not None:
            refuse_changed(source, ready.state)
        with writing(out):
            put(finished, out, overwrite=overwrite)
    return meter.snr_db, warnings


def _credentials(source: Path) -> tuple[str, ...]:
    """That the source's content credentials, which are bound to its unmarked audio, are left out."""
    from provenance.credentials import read_credentials

    try:
        if not read_credentials(source).present:
            return ()
    except CredentialsError:
        pass  # damaged ones are lost as well
    return ("the source's content credentials speak of its audio without the mark: they are left out",)


def _telling(blocks: "Iterable[Tensor]", samples: int, progress: Progress | None) -> "Iterator[Tensor]":
    done = 0
    for block in blocks:
        if progress is not None:
            progress("mark", done / samples)
        yield block
        done += block.shape[-1]
