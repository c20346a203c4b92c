"""Audio in: any file a label receives, decoded in a sandboxed process, to a `Clip`.

The bytes are hostile until proven otherwise. They are parsed in a locked-in process (`core.decoder_child`)
that can do nothing but compute, with bounded memory and time; this process only reads raw samples
from a socket and checks them. What comes back is a clip or a typed error of `core.errors`.
"""

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core import errors
from core.clip import Clip, Source
from core.layouts import LAYOUTS
from core.limits import DEFAULT_LIMITS, LONG_LIMITS, Limits
from core.locked import Locked, LockedError, LockedTimeout, Talk, refusal

_REFUSALS: dict[str, type[errors.AudioError]] = {
    kind.__name__: kind
    for kind in (errors.UnreadableAudio, errors.UnsupportedAudio, errors.AudioTooLarge, errors.EmptyAudio)
}
DECODER = Locked("core.decoder_child")
_MISBEHAVED = "the decoder misbehaved on it: the file is damaged or hostile"
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Stream:
    """Audio that is decoded while it is read.

    Attributes:
        sample_rate: in Hz.
        channels: C.
        layout: which channel is which; None where nobody said.
        bits: as in `core.clip.Source`.
        others: what else the file holds, as in `core.clip.Source`.
        blocks: the samples in order, each [C, some length]; to be read once.
    """

    sample_rate: int
    channels: int
    blocks: Iterator[Tensor]
    layout: str | None = None
    bits: int | None = None
    others: tuple[str, ...] = ()


def decode(path: Path | str, limits: Limits = DEFAULT_LIMITS) -> Clip:
    """Decode an audio file.

    Args:
        path: a regular file: WAV, RF64, AIFF, CAF, FLAC, MP3, Ogg (Vorbis, Opus, FLAC), M4A/MP4/MOV
            (AAC, ALAC), Matroska/WebM, ADTS AAC or AMR; of several audio tracks the first.
        limits: what is accepted.

    Returns:
        The clip at its own sample rate, with `source.truncated` set where the audio breaks off
        or damaged packets were left out.

    Raises:
        UnreadableAudio: not audio, damaged beyond use, or no regular file.
        UnsupportedAudio: too many channels, a sample rate out of range, an unknown codec.
        AudioTooLarge: the file or its decoded samples exceed a limit.
        EmptyAudio: no bytes or no samples.
        InvalidSamples: samples that are not finite numbers.
        DecodeTimeout: not decoded within `limits.timeout_s`.
    """
    path = Path(path)
    with _opened(path) as file:
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
    path = Path(path)
    with _opened(path) as file, _naming(path.name):
        _check_size(file, path.name, limits)
        with _Reception(file, limits) as reception:
            header = reception.header
            blocks = (torch.from_numpy(block.copy()) for block in reception.blocks())
            yield Stream(
                header["sample_rate"],
                header["channels"],
                blocks,
                header.get("layout"),
                header.get("bits"),
                _texts(header.get("others")),
            )


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a named pipe must not block
    except (OSError, ValueError) as error:
        raise errors.UnreadableAudio(f"{path.name}: cannot be opened ({_reason(error)})") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise errors.UnreadableAudio(f"{path.name}: not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Put the file's name before the decoder's messages."""
    try:
        yield
    except errors.AudioError as error:
        if str(error).startswith(f"{name}: "):
            raise
        raise type(error)(f"{name}: {error}") from None


def _check_size(file: Any, name: str, limits: Limits) -> int:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise errors.EmptyAudio(f"{name}: the file is empty (0 bytes): upload it again")
    if size > limits.max_bytes:
        allowed = limits.max_bytes / (1 << 20)
        raise errors.AudioTooLarge(f"{name}: larger than {allowed:g} MiB: cut it or send it compressed")
    return size


def _decode(file: Any, name: str, limits: Limits) -> Clip:
    size = _check_size(file, name, limits)
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    with _naming(name), _Reception(file, limits) as reception:
        header, samples = reception.header, np.concatenate(list(reception.blocks()), axis=1)
    source = Source(
        name=name,
        sha256=sha256,
        size_bytes=size,
        container=str(header.get("container"))[:64],
        codec=str(header.get("codec"))[:64],
        bit_rate=header.get("bit_rate"),
        truncated=bool(reception.end.get("truncated")),
        reasons=_texts(reception.end.get("reasons")),
        bits=header.get("bits"),
        others=_texts(header.get("others")),
        chapters=_chapters(header.get("chapters")),
        tags=_pairs(header.get("tags")),
    )
    return Clip(torch.from_numpy(samples), header["sample_rate"], source, header.get("layout"))


class _Reception:
    """What the worker answers about one file (untrusted: the worker met hostile bytes)."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self.end: dict[str, Any] = {}
        self._limits = limits
        self._talk = begin(file.fileno(), limits)
        try:
            tag, body = self._message()
            if tag != b"H":
                raise _refused(tag, body)
            self.header = _header(_parsed(body), limits)
        except BaseException:
            self._talk.close()
            raise

    def __enter__(self) -> "_Reception":
        return self

    def __exit__(self, *_: object) -> None:
        self._talk.close()

    def blocks(self) -> Iterator[Samples]:
        """The samples, each block [C, n], checked; sets `end` after the last."""
        room, count, channels = self._limits.max_decoded_bytes, 0, self.header["channels"]
        while True:
            tag, body = self._message()
            if tag == b"E" and count:
                self.end = _parsed(body)
                return
            if tag != b"B":
                raise _refused(tag, body)
            room, count = room - len(body), count + 1
            if room < 0 or len(body) % (4 * channels):
                raise errors.UnreadableAudio(_MISBEHAVED)
            block = np.frombuffer(body, dtype=np.float32).reshape(channels, -1)
            if not np.isfinite(block).all():
                raise errors.InvalidSamples(
                    "holds samples that are not numbers (NaN or infinity): export it again"
                )
            yield block

    def _message(self) -> tuple[bytes, bytes]:
        try:
            return self._talk.message()
        except LockedTimeout as error:
            raise errors.DecodeTimeout("decoding took too long: the file is damaged or hostile") from error


def begin(file: int, limits: Limits) -> Talk:
    """Have a fresh locked-in child decode an open file, positioned at its start.

    Raises:
        UnreadableAudio: the decoding process cannot be started.
    """
    try:
        return DECODER.begin(
            asdict(limits), [file], memory_bytes=limits.memory_bytes, seconds=limits.timeout_s
        )
    except LockedError as error:
        raise errors.UnreadableAudio(str(error)) from error


def _refused(tag: bytes, body: bytes) -> errors.AudioError:
    if tag != b"X":
        return errors.UnreadableAudio("the decoder crashed on it: the file is damaged or hostile")
    told = refusal(tag, body)
    return _REFUSALS.get(told.kind, errors.UnreadableAudio)(str(told))


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise errors.UnreadableAudio(_MISBEHAVED) from error
    if not isinstance(value, dict):
        raise errors.UnreadableAudio(_MISBEHAVED)
    return value


def _header(header: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """The worker's H message, once its figures are of the right type and within the limits."""
    rate, channels, bit_rate = header.get("sample_rate"), header.get("channels"), header.get("bit_rate")
    if not (isinstance(rate, int) and isinstance(channels, int) and isinstance(bit_rate, int | None)):
        raise errors.UnreadableAudio(_MISBEHAVED)
    if not (limits.min_rate <= rate <= limits.max_rate and 1 <= channels <= limits.max_channels):
        raise errors.UnreadableAudio(_MISBEHAVED)
    layout, bits = header.get("layout"), header.get("bits")
    if layout is not None and len(LAYOUTS.get(layout, ())) != channels:
        raise errors.UnreadableAudio(_MISBEHAVED)
    if not isinstance(bits, int | None):
        raise errors.UnreadableAudio(_MISBEHAVED)
    return header


def _chapters(value: Any) -> tuple[tuple[float, float, str], ...]:
    try:
        return tuple((float(start), float(end), str(title)) for start, end, title in value or ())
    except (TypeError, ValueError) as error:
        raise errors.UnreadableAudio(_MISBEHAVED) from error


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    try:
        return tuple((str(name), str(text)) for name, text in value or ())
    except (TypeError, ValueError) as error:
        raise errors.UnreadableAudio(_MISBEHAVED) from error


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(text)[:200] for text in value[:20]) if isinstance(value, list) else ()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
