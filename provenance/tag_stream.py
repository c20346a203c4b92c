"""Tag audio while it is being made: marked as it comes, handed on marked, registered when it ends.

There is no second pass: what a listener was handed is what is registered, sample by sample. The record
comes after the audio, because it holds the digest and the fingerprint of all of it; its id is in the mark
from the first second on. Where the maker fails midway, what was handed on is registered all the same.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.clip import Clip, Source
from core.progress import Progress
from provenance import watermark
from provenance.declaration import Declaration, draft_record
from provenance.formats import codec_for
from provenance.metadata.carrying import Carried
from provenance.output import check_output
from provenance.preparation import FULL_SCALE, Prepared
from provenance.publishing import Ledger, Marked, Tagged, publish
from provenance.records.record import new_record_id
from provenance.tag import teller
from provenance.watermark.streaming import Stream

Listener = Callable[[Tensor, int], None]
"""Is handed marked audio, [C, any length], and its rate in Hz."""
CLIPPED = "the stream went beyond full scale: its peaks were cut, since a stream cannot be turned down"


def tag_stream(
    chunks: Iterable[Tensor],
    sample_rate: int,
    out: Path,
    declaration: Callable[[], Declaration],
    *,
    ledger: Ledger,
    strength: float = 1.0,
    progress: Progress | None = None,
    overwrite: bool = False,
    listener: Listener | None = None,
    before: Clip | None = None,
    source: Path | None = None,
    warnings: Sequence[str] = (),
    record_id: str | None = None,
) -> Tagged:
    """Mark a stream, hand it on and register it.

    Args:
        chunks: audio in order, each [C, any length].
        sample_rate: of the chunks, in Hz.
        out: where to write; the suffix chooses the format.
        declaration: what is stated; asked for before the first chunk and after the last one, when the time at
            which it was made is known.
        ledger: keys and records.
        strength: gain on the watermark.
        progress: called with (step, fraction done) once the stream has ended.
        overwrite: whether an existing output is replaced.
        listener: is handed the marked audio, with 1.92 s of delay.
        before: audio that comes first and is left as it is, as it carries a mark of its own.
        source: the file that `before` came from, whose credentials are kept.
        warnings: what is known already of what the output does not keep.
        record_id: of the record to be; a new one otherwise.

    Raises:
        As `provenance.tag.tag`; what `chunks` raises, after what was handed on has been registered.
    """
    started = time.monotonic()
    codec_for(out)
    check_output(out, overwrite=overwrite)
    record_id, keyid = record_id or new_record_id(), ledger.record_signer().keyid
    draft_record(record_id, declaration(), keyid)  # a broken declaration fails before anything is made
    stream = Stream(sample_rate, bytes.fromhex(record_id), ledger.watermark_key(), strength=strength)
    given: list[Tensor] = []

    def give(wav: Tensor) -> None:
        given.append(wav)
        if listener is not None and wav.numel():
            listener(wav, sample_rate)

    if before is not None:
        give(before.wav)
    clipped, failure = False, None
    try:
        for chunk in chunks:
            over = bool((chunk.abs() > 1.0).any())
            clipped = clipped or over
            give(stream.push(chunk.clamp(-FULL_SCALE, FULL_SCALE) if over else chunk))
    except BaseException as error:
        if listener is None or sum(wav.shape[-1] for wav in given) <= (before.wav.shape[-1] if before else 0):
            raise  # nobody has heard anything
        failure = error
    give(stream.close())
    start_s = before.duration_s if before is not None else 0.0
    clip = Clip(torch.cat(given, -1), sample_rate, Source("generated", "0" * 64, 0, "none", "none"))
    done = publish(
        Prepared(clip, Carried(), 24, (*warnings, CLIPPED) if clipped else tuple(warnings)),
        out,
        draft_record(record_id, declaration(), keyid),
        Marked(record_id, strength, stream.meter.snr_db, start_s),
        ledger=ledger,
        marker=watermark,
        source=source or clip,
        overwrite=overwrite,
        tell=teller(progress),
        started=started,
    )
    if failure is not None:
        raise failure
    return done
