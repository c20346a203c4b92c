"""Before anything is written: what of the source can be kept in the output, and what its owner must know."""

from dataclasses import dataclass, replace
from pathlib import Path

from core import scratch
from core.clip import Clip
from core.codecs import Bits, Codec
from core.errors import EncodeError
from core.layouts import written
from core.limits import Limits
from provenance.declaration import Declaration
from provenance.metadata.carrying import Carried
from provenance.output import State, state_of

FULL_SCALE = 0.999
MAX_WAV_BYTES = (1 << 32) - (1 << 28)
"""Of the samples in a WAV file, which is to hold credentials and whatever its source says of itself, too."""


@dataclass(frozen=True)
class Prepared:
    """A source that is ready to be marked.

    Attributes:
        clip: its audio, within full scale.
        kept: what it says of itself.
        bits: size of the samples to write.
        warnings: what changes or is lost, in plain words.
        state: the source's file as it was when work began; None of audio that came otherwise.
    """

    clip: Clip
    kept: Carried
    bits: Bits
    warnings: tuple[str, ...]
    state: State | None = None


def prepare(
    source: Path | Clip, out: Path, codec: Codec, declaration: Declaration | None, limits: Limits
) -> Prepared:
    """Decode a source and find out what can be kept.

    Args:
        source: a file, or audio that was decoded or generated already.
        out: the file to be.
        codec: of its audio.
        declaration: what is stated of it, instead of what the source says; None states nothing, and then
            no credentials come into the file either.
        limits: what is accepted.

    Raises:
        AudioError: the source cannot be used as audio.
        EncodeError: the format of the output would lose a channel, or cannot hold so much audio.
    """
    from core.decode import decode

    state = None
    if isinstance(source, Clip):
        clip, kept = source, Carried()
    else:
        from provenance.metadata.carrying import read

        state = state_of(source)
        clip = decode(source, limits)
        kept = read(source, clip.source)
    warnings = [*clip.source.reasons]
    if clip.source.others:
        told = " and ".join(clip.source.others)
        warnings.append(f"the source also holds {told}: only its first audio track is kept")
    how = written(clip.layout, int(clip.wav.shape[0]), codec)
    bits, depth = _bits(clip.source.bits, codec)
    if declaration is not None and codec == "wav" and clip.wav.numel() * abs(bits) // 8 > MAX_WAV_BYTES:
        raise EncodeError("a WAV file cannot hold so much audio and its credentials (4 GB): write FLAC")
    clip, gain_db = _within_full_scale(clip)
    if gain_db:
        warnings.append(
            f"the source goes beyond full scale: it is turned down by {gain_db:.2f} dB, nothing is clipped"
        )
        if kept.levels:
            warnings.append("its ReplayGain or loudness figures no longer fit and are left out")
            kept = replace(kept, other_levels=True)
        if kept.stale and codec == "wav":
            named = ", ".join(kept.stale)
            warnings.append(f"its {named} may state loudness that no longer fits, and is kept as it is")
    warnings += [text for text in (how.lost, depth) if text]
    if declaration is not None:
        kept = kept.without({"TITLE", "ISRC"} if declaration.isrc else {"TITLE"})
    warnings += kept.lost(out.suffix.lower())
    if kept.statements:
        named = ", ".join(sorted(kept.statements)[:8])
        instead = "are left out" if declaration is None else "are replaced by this declaration"
        warnings.append(f"the source's own statements on AI ({named}) {instead}")
    return Prepared(clip, kept, bits, tuple(warnings), state)


def _bits(source: int | None, codec: str) -> tuple[Bits, str | None]:
    """The sample size to write, and what is lost by it."""
    if codec not in ("wav", "flac") or source is None or source == 24:
        return 24, None
    if source in (8, 16):
        return 16, "8-bit samples are written with 16 bits" if source == 8 else None
    if source < 0 and codec == "wav":
        return -32, "64-bit floating-point samples are written with 32 bits" if source == -64 else None
    kind = "floating-point" if source < 0 else "32-bit"
    return 24, f"{kind} samples are written with 24 bits"


def _within_full_scale(clip: Clip) -> tuple[Clip, float]:
    """The clip turned down to full scale where it goes beyond, and by how many decibels."""
    from math import log10

    peak = max((float(part.abs().max()) for part in scratch.stretches(clip.wav) if part.numel()), default=0.0)
    if peak <= 1.0:
        return clip, 0.0
    gain = FULL_SCALE / peak
    return replace(clip, wav=scratch.made(clip.wav, lambda part: part * gain)), -20 * log10(gain)
