"""Audio out: files in the formats that music travels in, and codec round trips in memory.

`encode` writes what a user asked for; `recode` is the honest codec attack used in training and
tests: it really encodes and decodes, aligns the result to the input and raises where it cannot,
because code that returns untouched audio on failure makes every watermark look robust.
"""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.align import align
from core.codecs import Bits, Codec, write
from core.counted import counted
from core.errors import EncodeError
from core.files import replacing
from core.resample import resample


def encode(
    wav: Tensor | Iterable[Tensor],
    sample_rate: int,
    path: Path | str,
    *,
    codec: Codec,
    bit_rate: int | None = None,
    bits: Bits = 24,
    layout: str | None = None,
    chapters: Sequence[tuple[float, float, str]] = (),
) -> int:
    """Write audio to a file, whole or not at all.

    Args:
        wav: audio, [C, T] float32, or blocks of it in order, so that long audio need not be in memory;
            samples beyond [-1, 1] are clipped by the integer formats.
        sample_rate: in Hz. A lossy codec that does not know the rate gets the next one it knows
            (Opus always 48 kHz), resampled here.
        path: where to write; an existing file is replaced only after success.
        codec: `wav` and `flac` (PCM of `bits`), `mp3` (LAME), `aac` (in an .m4a container),
            `opus` and `vorbis` (in Ogg).
        bit_rate: bits per second for the lossy codecs; None takes the encoder's default. Vorbis
            takes the quality that comes nearest.
        bits: sample size of `wav` and `flac`; -32 is float, for `wav` only.
        layout: which channel is which, by a name of `core.layouts`; one that the codec cannot say is
            written as the nearest that it can (`core.layouts.written`).
        chapters: for `aac`: start and end in seconds, and title.

    Returns:
        How many samples lay beyond full scale and were cut off there.

    Raises:
        EncodeError: no samples, samples that are not finite, too many channels for the codec, or
            the encoder or the disk failed.
    """
    target = Path(path)
    try:
        with replacing(target) as part, part.open("xb") as file:
            blocks = [wav] if isinstance(wav, Tensor) else wav
            return write(file, blocks, sample_rate, codec, bit_rate, bits, layout, chapters)
    except OSError as error:
        raise EncodeError(f"cannot write {target}: {error.strerror or error}") from error


def encode_bytes(
    wav: Tensor,
    sample_rate: int,
    *,
    codec: Codec,
    bit_rate: int | None = None,
    bits: Bits = 24,
    layout: str | None = None,
) -> bytes:
    """Encode audio in memory; arguments and errors as in `encode`."""
    buffer = io.BytesIO()
    write(buffer, [wav], sample_rate, codec, bit_rate, bits, layout)
    return buffer.getvalue()


def recode(
    wav: Tensor,
    sample_rate: int,
    *,
    codec: Codec,
    bit_rate: int | None = None,
    coded_rate: int | None = None,
) -> Tensor:
    """Send audio through a codec and back, aligned to the sample.

    Args:
        wav: audio, [C, T] float32, one or two channels for mp3.
        sample_rate: in Hz.
        codec: as in `encode`.
        bit_rate: bits per second; None takes the encoder's default.
        coded_rate: resample to this rate (Hz) before encoding, as low-rate services do.

    Returns:
        The decoded audio at `sample_rate`, of `wav`'s shape and device; no gradient.

    Raises:
        EncodeError: the codec failed, or what came back does not line up with what went in.
    """
    source = wav.detach()
    rate = coded_rate or sample_rate
    data = encode_bytes(resample(source, sample_rate, rate), rate, codec=codec, bit_rate=bit_rate)
    decoded, decoded_rate = _decode(data)
    back = resample(torch.from_numpy(decoded), decoded_rate, sample_rate)[: wav.shape[0]]
    if back.shape[0] != wav.shape[0]:
        raise EncodeError(f"{codec} returned {counted(back.shape[0], 'channel')} for {wav.shape[0]}")
    aligned = align(source.cpu(), back, f"{codec} at {bit_rate or 'its default'} bit/s")
    return aligned.to(device=wav.device, dtype=wav.dtype)


def _decode(data: bytes) -> tuple[NDArray[np.float32], int]:
    """Decode what this process has just encoded (trusted bytes: no sandbox), [C, T] and its rate."""
    blocks: list[NDArray[Any]] = []
    try:
        with av.open(io.BytesIO(data)) as container:
            stream = container.streams.audio[0]
            channels, rate = stream.codec_context.channels, stream.codec_context.sample_rate
            resampler = av.AudioResampler(format="fltp")
            for frame in container.decode(stream):
                blocks.extend(part.to_ndarray() for part in resampler.resample(frame))
    except av.FFmpegError as error:
        raise EncodeError(f"the encoded audio could not be decoded again: {error}") from error
    if not blocks:
        raise EncodeError("the encoded audio decodes to nothing: it is too short for this codec")
    samples = np.concatenate(blocks, axis=1).reshape(channels, -1)
    return np.ascontiguousarray(samples, dtype=np.float32), int(rate)
