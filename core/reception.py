"""A file on its way through the locked-in decoder: what goes in, and what comes back, checked. No torch.

The bytes are hostile until proven otherwise. They are parsed in a process (`core.decoder_child`) that can do
nothing but compute, with bounded memory and time; this process only reads raw samples from a socket.
"""

import json
import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core import errors
from core.layouts import channels_of
from core.limits import Limits
from core.locked import Locked, LockedError, LockedTimeout, Talk, refusal

_REFUSALS: dict[str, type[errors.AudioError]] = {
    kind.__name__: kind
    for kind in (errors.UnreadableAudio, errors.UnsupportedAudio, errors.AudioTooLarge, errors.EmptyAudio)
}
DECODER = Locked("core.decoder_child")
_MISBEHAVED = "the decoder misbehaved on it: the file is damaged or hostile"
LARGEST_SAMPLE = 1e6
"""Times full scale, +120 dB. What lies above is damage, or made to blind: squares of still larger samples
add up to infinity in float32, and every finding of their surroundings is void."""
Samples = NDArray[np.float32]


@contextmanager
def received(path: Path, limits: Limits) -> Iterator["Reception"]:
    """Have a file decoded, in memory that does not grow with its length; messages name the file.

    Raises:
        AudioError: as `core.decode.stream`, on entering or while reading blocks.
    """
    with opened(path) as file, naming(path.name):
        check_size(file, path.name, limits)
        with Reception(file, limits) as reception:
            yield reception


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A regular file, for reading; `UnreadableAudio` for anything else."""
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
def naming(name: str) -> Iterator[None]:
    """Put the file's name before the decoder's messages."""
    try:
        yield
    except errors.AudioError as error:
        if str(error).startswith(f"{name}: "):
            raise
        raise type(error)(f"{name}: {error}") from None


def check_size(file: Any, name: str, limits: Limits) -> int:
    """Bytes of an open file; `EmptyAudio` for none, `AudioTooLarge` for too many."""
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise errors.EmptyAudio(f"{name}: the file is empty (0 bytes): upload it again")
    if size > limits.max_bytes:
        allowed = limits.max_bytes / (1 << 20)
        raise errors.AudioTooLarge(f"{name}: larger than {allowed:g} MiB: cut it or send it compressed")
    return size


class Reception:
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

    def __enter__(self) -> "Reception":
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
            if not (np.abs(block) <= LARGEST_SAMPLE).all():  # not a number compares as false, too
                raise errors.InvalidSamples(
                    "holds samples that are no sound (NaN, infinity, or over a million times full scale): "
                    "export it again"
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
    if layout is not None and len(channels_of(layout) or ()) != channels:
        raise errors.UnreadableAudio(_MISBEHAVED)
    if not isinstance(bits, int | None):
        raise errors.UnreadableAudio(_MISBEHAVED)
    return header


def chapters(value: Any) -> tuple[tuple[float, float, str], ...]:
    """Chapters as `core.clip.Source` holds them; `UnreadableAudio` for anything else."""
    try:
        return tuple((float(start), float(end), str(title)) for start, end, title in value or ())
    except (TypeError, ValueError) as error:
        raise errors.UnreadableAudio(_MISBEHAVED) from error


def pairs(value: Any) -> tuple[tuple[str, str], ...]:
    """Pairs of texts; `UnreadableAudio` for anything else."""
    try:
        return tuple((str(name), str(text)) for name, text in value or ())
    except (TypeError, ValueError) as error:
        raise errors.UnreadableAudio(_MISBEHAVED) from error


def expected_s(value: Any) -> float | None:
    """A length that a file promises, in seconds; None for what is none."""
    return float(value) if isinstance(value, int | float) and 0 < value < math.inf else None


def texts(value: Any) -> tuple[str, ...]:
    """A few short texts."""
    return tuple(str(text)[:200] for text in value[:20]) if isinstance(value, list) else ()


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
