"""The one pipeline that makes a track tell whose it is.

decode → embed → encode → read back → fingerprint → record → sign and log → disclosure and
credentials into the file. The output appears under its name only when everything before has
worked, so a crash leaves no half-written file behind; a record without its file can be left by
a crash in the last instant, and does no harm.

A record cannot contain the hash of a file that contains the record's hash. So the record holds
the digest of the marked samples (`pcm_sha256`) and of the file before credentials; the digest of
the finished file is told to the ledger afterwards.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.clip import Clip
from core.errors import WatermarkError
from core.progress import Progress
from provenance import watermark
from provenance.declaration import Declaration, draft_record
from provenance.formats import codec_for
from provenance.output import check_output
from provenance.preparation import prepare
from provenance.publishing import Ledger, Marked, Marker, Tagged, publish
from provenance.records.record import new_record_id

if TYPE_CHECKING:
    from torch import Tensor

    from provenance.watermark import WatermarkKey

__all__ = ["Declaration", "Ledger", "Marker", "Tagged", "tag"]


_STEPS = ("decode", "mark", "encode", "read back", "fingerprint", "record", "credentials")


def tag(
    source: Path | str | Clip,
    out: Path | str,
    declaration: Declaration,
    *,
    ledger: Ledger,
    strength: float = 1.0,
    progress: Progress | None = None,
    marker: Marker | None = None,
    record_id: str | None = None,
    overwrite: bool = False,
    warn: Callable[[str], None] | None = None,
    issued_at: str | None = None,
) -> Tagged:
    """Mark a track, register it and write it with its credentials.

    Args:
        source: a file, or audio that was decoded or generated already.
        out: where to write; the suffix chooses the format (see `provenance.formats`).
        declaration: whose it is and how it was made.
        ledger: keys and records.
        strength: gain on the watermark; more is safer and easier to hear.
        progress: called with (step, fraction done).
        marker: the watermark; None is ours.
        record_id: 16 hex digits, the record's name and the mark's message; None draws one. A job that may be
            repeated after a crash gives the same one each time.
        overwrite: whether an existing output is replaced.
        warn: called with each thing that the output will not keep, before anything is written.
        issued_at: when the statement was made; None is now. Goes with `record_id`: the registry takes a known
            id again only where the record says the same.

    Raises:
        AudioError: the source cannot be used as audio.
        EncodeError: `out` names no known format, exists already, would lose a channel or cannot be written.
        WatermarkError: the track is too short or silent, carries a mark of this ledger already, or
            the mark cannot be read back from the finished file. Nothing is registered then.
        RecordError: the declaration breaks a rule of the record (a malformed ISRC, say).
    """
    started, out = time.monotonic(), Path(out)
    codec, _bit_rate = codec_for(out)
    tell, marker = teller(progress), marker or watermark
    record_id = record_id or new_record_id()
    draft = draft_record(record_id, declaration, ledger.record_signer().keyid)
    if issued_at is not None:
        draft = replace(draft, issued_at=issued_at)

    source = source if isinstance(source, Clip) else Path(source)
    check_output(out, overwrite=overwrite, source=None if isinstance(source, Clip) else source)

    tell("decode")
    ready = prepare(source, out, codec, declaration, ledger.limits)
    clip = ready.clip
    if warn is not None:
        for text in ready.warnings:
            warn(text)
    key = ledger.watermark_key()
    _refuse_second_mark(marker, clip, key)
    tell("mark")
    marked = marker.embed(clip.wav, clip.sample_rate, bytes.fromhex(record_id), key, strength=strength)
    snr = snr_db(clip.wav, marked)
    marked_clip = replace(clip, wav=marked)
    facts = Marked(record_id, strength, snr)
    return publish(
        replace(ready, clip=marked_clip),
        out,
        draft,
        facts,
        ledger=ledger,
        marker=marker,
        source=source,
        overwrite=overwrite,
        tell=tell,
        started=started,
    )


def snr_db(wav: "Tensor", marked: "Tensor") -> float:
    """Power of the music over power of the mark, in decibels."""
    noise = float((marked - wav).double().square().sum())
    if noise == 0.0:
        raise WatermarkError("the mark changed nothing: the strength is zero, or the track is silent")
    return float(10 * (wav.double().square().sum() / noise).log10())


def _refuse_second_mark(marker: Marker, clip: Clip, key: "WatermarkKey") -> None:
    found = marker.detect(clip.wav, clip.sample_rate, key)
    if found.present and found.message is not None:
        raise WatermarkError(
            f"the track carries the mark of record {found.message.hex()} already; a second would spoil both"
        )


def teller(progress: Progress | None) -> Callable[[str], None]:
    """What tells the pipeline's steps, and the share that is done before each."""

    def tell(step: str) -> None:
        if progress is not None:
            progress(step, _STEPS.index(step) / len(_STEPS))

    return tell
