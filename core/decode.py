"""Audio in: any file a label receives, decoded in a sandboxed process, to a `Clip`.

The bytes are parsed elsewhere (`core.reception`); what comes back is a clip or a typed error of
`core.errors`.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.clip import Clip, Source
from core.limits import DEFAULT_LIMITS, LONG_LIMITS, Limits
from core.reception import (
    Reception,
    chapters,
    check_size,
    expected_s,
    naming,
    opened,
    pairs,
    received,
    texts,
)
from core.scratch import Recording


@dataclass(frozen=True)
class Stream:
    """Audio that is decoded while it is read.

    Attributes:
        sample_rate: in Hz.
        channels: C.
        layout: which channel is which; None where nobody said.
        bits: as in `core.clip.Source`.
        others: what else the file holds, as in `core.clip.Source`.
        expected_s: how long it should be by its header, in seconds; None where that does not say. Only to
            tell how far one is: a header may say anything.
        blocks: the samples in order, each [C, some length]; to be read once.
    """

    sample_rate: int
    channels: int
    blocks: Iterator[Tensor]
    layout: str | None = None
    bits: int | None = None
    others: tuple[str, ...] = ()
    expected_s: float | None = None


def decode(path: Path | str, limits: Limits = DEFAULT_LIMITS) -> Clip:
    """Decode an audio file.

    Args:
        path: a regular file: WAV, RF64, AIFF, CAF, FLAC, MP3, Ogg (Vorbis, Opus, FLAC), M4A/MP4/MOV
            (AAC, ALAC), Matroska/WebM, ADTS AAC or AMR; of several audio tracks the first.
        limits: what is accepted.

    Returns:
        The clip at its own sample rate, with `source.truncated` set where the audio breaks off
        or damaged packets were left out. Long audio lies in a file (see `core.scratch`).

    Raises:
        UnreadableAudio: not audio, damaged beyond use, or no regular file.
        UnsupportedAudio: too many channels, a sample rate out of range, an unknown codec.
        AudioTooLarge: the file or its decoded samples exceed a limit.
        EmptyAudio: no bytes or no samples.
        InvalidSamples: samples that are not finite numbers, or over a million times full scale.
        DecodeTimeout: not decoded within `limits.timeout_s`.
    """
    path = Path(path)
    with opened(path) as file:
        return _decode(file, path.name, limits)


def decode_bytes(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Clip:
    """Decode audio held in memory; `name` is for messages, the rest as in `decode`."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return _decode(file, name, limits)


@contextmanager
def stream(path: Path | str, limits: Limits = LONG_LIMITS) -> Iterator[Stream]:
    """Decode an audio file block by block, in memory that does not grow with its length.

    Args:
        path: as in `decode`.
        limits: what is accepted; the time limit counts only waiting for the decoder.

    Yields:
        The stream, valid inside the `with` block. Errors as in `decode`, on entering or while reading blocks.
    """
    with received(Path(path), limits) as reception:
        header = reception.header
        blocks = (torch.from_numpy(block.copy()) for block in reception.blocks())
        yield Stream(
            header["sample_rate"],
            header["channels"],
            blocks,
            header.get("layout"),
            header.get("bits"),
            texts(header.get("others")),
            expected_s(header.get("expected_s")),
        )


def _decode(file: Any, name: str, limits: Limits) -> Clip:
    size = check_size(file, name, limits)
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    with naming(name), Reception(file, limits) as reception:
        header = reception.header
        with Recording(header["channels"], limits.max_decoded_bytes) as recording:
            for block in reception.blocks():
                recording.add(block)
            wav = recording.wav()
    source = Source(
        name=name,
        sha256=sha256,
        size_bytes=size,
        container=str(header.get("container"))[:64],
        codec=str(header.get("codec"))[:64],
        bit_rate=header.get("bit_rate"),
        truncated=bool(reception.end.get("truncated")),
        reasons=texts(reception.end.get("reasons")),
        bits=header.get("bits"),
        others=texts(header.get("others")),
        chapters=chapters(header.get("chapters")),
        tags=pairs(header.get("tags")),
        more_audio=header.get("more_audio") or 0,
    )
    return Clip(wav, header["sample_rate"], source, header.get("layout"))
