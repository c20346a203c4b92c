"""Audio in: any file a label receives, decoded in a sandboxed process, to a `Clip`.

The bytes are hostile until proven otherwise. They are parsed in a worker process (`core.worker`)
that cannot open files or sockets, with bounded memory and time; this process only reads raw samples
from a pipe and checks them. What comes back is a clip or a typed error of `core.errors`.
"""

import hashlib
import io
import json
import os
import select
import stat
import struct
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from core import errors
from core.clip import Clip, Source
from core.decoder_process import submit


@dataclass(frozen=True)
class Limits:
    """What is accepted; everything beyond is refused with a typed error.

    Attributes:
        max_bytes: size of the file.
        max_duration_s: length of the audio, in seconds.
        max_decoded_bytes: size of the decoded float32 samples.
        max_channels: channels per file.
        min_rate: lowest sample rate, in Hz.
        max_rate: highest sample rate, in Hz.
        timeout_s: wall time and processor time for one file, in seconds.
        memory_bytes: memory the decoder may take beyond its own code.
    """

    max_bytes: int = 1 << 30
    max_duration_s: float = 1800.0
    max_decoded_bytes: int = 3 << 29
    max_channels: int = 8
    min_rate: int = 8000
    max_rate: int = 192_000
    timeout_s: float = 60.0
    memory_bytes: int = 1 << 29


DEFAULT_LIMITS = Limits()

_REFUSALS: dict[str, type[errors.AudioError]] = {
    kind.__name__: kind
    for kind in (errors.UnreadableAudio, errors.UnsupportedAudio, errors.AudioTooLarge, errors.EmptyAudio)
}
_LARGEST_MESSAGE = 1 << 26
_MISBEHAVED = "the decoder misbehaved on it: the file is damaged or hostile"
Samples = NDArray[np.float32]


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
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a named pipe must not block
    except (OSError, ValueError) as error:
        raise errors.UnreadableAudio(f"{path.name}: cannot be opened ({_reason(error)})") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise errors.UnreadableAudio(f"{path.name}: not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return _decode(file, path.name, limits)
    finally:
        os.close(descriptor)


def decode_bytes(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Clip:
    """Decode audio held in memory; `name` is for messages, the rest as in `decode`."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return _decode(file, name, limits)


def _decode(file: Any, name: str, limits: Limits) -> Clip:
    status = os.fstat(file.fileno())
    if status.st_size == 0:
        raise errors.EmptyAudio(f"{name}: the file is empty (0 bytes): upload it again")
    if status.st_size > limits.max_bytes:
        allowed = limits.max_bytes / (1 << 20)
        raise errors.AudioTooLarge(f"{name}: larger than {allowed:g} MiB: cut it or send it compressed")
    file.seek(0)
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    try:
        header, samples, end = _receive(file, limits)
    except errors.AudioError as error:
        raise type(error)(f"{name}: {error}") from None
    source = Source(
        name=name,
        sha256=sha256,
        size_bytes=status.st_size,
        container=str(header.get("container"))[:64],
        codec=str(header.get("codec"))[:64],
        bit_rate=header.get("bit_rate"),
        truncated=bool(end.get("truncated")),
    )
    return Clip(torch.from_numpy(samples), header["sample_rate"], source)


def _receive(file: BinaryIO, limits: Limits) -> tuple[dict[str, Any], Samples, dict[str, Any]]:
    """Run the worker on `file` and collect its answer (untrusted: the worker met hostile bytes)."""
    deadline = time.monotonic() + limits.timeout_s
    pipe = submit(file.fileno(), json.dumps(asdict(limits)).encode())
    header: dict[str, Any] | None = None
    blocks: list[Samples] = []
    room = limits.max_decoded_bytes
    with os.fdopen(pipe, "rb", buffering=0) as answers:
        while True:
            tag, body = _message(answers, deadline)
            if tag == b"H" and header is None:
                header = _header(_parsed(body), limits)
            elif tag == b"B" and header is not None:
                room -= len(body)
                if room < 0 or len(body) % (4 * header["channels"]):
                    raise errors.UnreadableAudio(_MISBEHAVED)
                block = np.frombuffer(body, dtype=np.float32).reshape(header["channels"], -1)
                if not np.isfinite(block).all():
                    raise errors.InvalidSamples(
                        "holds samples that are not numbers (NaN or infinity): export it again"
                    )
                blocks.append(block)
            elif tag == b"E" and header is not None and blocks:
                return header, np.concatenate(blocks, axis=1), _parsed(body)
            elif tag == b"X":
                refusal = _parsed(body)
                kind = _REFUSALS.get(str(refusal.get("kind")), errors.UnreadableAudio)
                raise kind(str(refusal.get("message"))[:500])
            else:
                raise errors.UnreadableAudio("the decoder crashed on it: the file is damaged or hostile")


def _message(answers: io.FileIO, deadline: float) -> tuple[bytes, bytes]:
    """The worker's next message; an empty tag where it has gone away."""
    head = _exactly(answers, 5, deadline)
    if len(head) < 5:
        return b"", b""
    tag, length = struct.unpack("<cI", head)
    body = _exactly(answers, min(length, _LARGEST_MESSAGE), deadline)
    return (tag, bytes(body)) if len(body) == length else (b"", b"")


def _exactly(answers: io.FileIO, length: int, deadline: float) -> bytearray:
    """Read `length` bytes, fewer only at the end of the pipe."""
    buffer = bytearray(length)
    view, filled = memoryview(buffer), 0
    poll = select.poll()
    poll.register(answers, select.POLLIN)
    while filled < length:
        remaining_s = deadline - time.monotonic()
        if remaining_s <= 0 or not poll.poll(1000 * remaining_s):
            raise errors.DecodeTimeout("decoding took too long: the file is damaged or hostile")
        got = answers.readinto(view[filled:])
        if not got:
            break
        filled += got
    view.release()
    del buffer[filled:]
    return buffer


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
    return header


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
