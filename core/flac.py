"""What a FLAC file promises of its samples (RFC 9639), held against what was decoded: runs in the sandbox."""

import hashlib
from typing import Any

import numpy as np

from core.elements import HIDDEN_BYTES, MORE_BYTES

_HEADERS_BYTES = 64
"""More than the header and the end of a frame take, clauses 9.1 and 9.3."""


_STREAM_INFO = 34
_ALAC_COOKIE = 36


def stated_bits(codec: str, header: bytes) -> int:
    """Bits of a sample by the codec's header of a FLAC or ALAC stream; 0 where it does not say."""
    if codec == "flac" and len(header) == _STREAM_INFO:
        return (int.from_bytes(header[12:14], "big") >> 4 & 0x1F) + 1
    return header[17] if codec == "alac" and len(header) == _ALAC_COOKIE and header[17] <= 32 else 0


class Promises:
    """The checksum of all samples (clause 8.2), and frames no longer than their samples can make them.

    Args:
        stated: MD5 of the samples as its header has it.
        bits: of a sample.
    """

    def __init__(self, stated: bytes, bits: int) -> None:
        self._stated, self._bits = stated, bits
        self._sum = hashlib.md5(usedforsecurity=False)
        self._more = False

    @classmethod
    def of(cls, container: Any, stream: Any) -> "Promises | None":
        """Of a FLAC file; None for other files: what cuts FLAC in other containers keeps the old checksum."""
        header = stream.codec_context.extradata or b""
        if container.format.name != "flac" or len(header) != _STREAM_INFO:
            return None
        return cls(bytes(header[18:]), stated_bits("flac", header))

    def count(self, size_bytes: int, frame: Any) -> None:
        """Hear of a decoded frame, and of the bytes that it was decoded from."""
        channels = frame.layout.nb_channels
        most = frame.samples * channels * (self._bits + 1) // 8 + _HEADERS_BYTES
        self._more |= size_bytes > most + HIDDEN_BYTES
        if self._stated == bytes(16):
            return
        held = 2 if frame.format.name.startswith("s16") else 4
        kind = f"<i{held}"
        if frame.format.is_planar:
            planes = [np.frombuffer(p, kind, frame.samples) for p in frame.planes[:channels]]
            samples = np.stack(planes, axis=1)
        else:
            samples = np.frombuffer(frame.planes[0], kind, frame.samples * channels)
        width = -(-self._bits // 8)
        samples = samples >> (8 * held - self._bits)
        raw = np.ascontiguousarray(samples).view(np.uint8).reshape(-1, held)
        self._sum.update(np.ascontiguousarray(raw[:, :width]).tobytes())

    def broken(self) -> list[str]:
        """Promises that were not kept, in plain words."""
        broken = [MORE_BYTES] if self._more else []
        if self._stated != bytes(16) and self._sum.digest() != self._stated:
            broken.append("the samples do not fit the checksum that the file states")
        return broken
