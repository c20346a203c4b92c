"""A stored voice: what enrolment keeps of an artist's recordings."""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from detector.voice.errors import VoicePrintError

_MAGIC = b"TMVOICE1"
_MOST_EMBEDDINGS = 4096


@dataclass(frozen=True)
class VoicePrint:
    """Embeddings of an artist's voice. No audio can be recovered from it, but it is biometric data.

    Attributes:
        embeddings: unit vectors, one per stretch of voice, [n, D] float32.
        encoder: name of the speaker encoder that made them.
        voice_s: seconds of voice they were made from.
    """

    embeddings: Tensor
    encoder: str
    voice_s: float

    def centre(self) -> Tensor:
        """The mean direction, a unit vector [D]."""
        return functional.normalize(self.embeddings.mean(0), dim=0)

    def to_bytes(self) -> bytes:
        """Serialise: magic, length of a JSON head, head, little-endian float32 rows, SHA-256."""
        rows, columns = self.embeddings.shape
        head = json.dumps(
            {"encoder": self.encoder, "rows": rows, "columns": columns, "voice_s": self.voice_s},
            sort_keys=True,
        ).encode()
        data = self.embeddings.to(torch.float32).contiguous().numpy().astype("<f4").tobytes()
        body = _MAGIC + struct.pack("<I", len(head)) + head + data
        return body + hashlib.sha256(body).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> "VoicePrint":
        """Read what `to_bytes` wrote.

        Raises:
            VoicePrintError: not a voice print, damaged, or values that are no unit vectors.
        """
        body, digest = data[:-32], data[-32:]
        if not body.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
            raise VoicePrintError("not a voice print, or damaged: enrol the artist again")
        try:
            head, start = _head(body)
            rows, columns, name = int(head["rows"]), int(head["columns"]), str(head["encoder"])
            seconds = float(head["voice_s"])
        except (struct.error, ValueError, KeyError, TypeError) as error:
            raise VoicePrintError("a voice print with an unreadable head: enrol the artist again") from error
        numbers = body[start:]
        if not 1 <= rows <= _MOST_EMBEDDINGS or columns < 1 or len(numbers) != rows * columns * 4:
            raise VoicePrintError("a voice print of the wrong size: enrol the artist again")
        values = torch.frombuffer(bytearray(numbers), dtype=torch.float32).reshape(rows, columns).clone()
        norms = values.norm(dim=1)
        if not bool(torch.isfinite(values).all()) or bool(((norms - 1).abs() > 1e-2).any()):
            raise VoicePrintError("a voice print whose rows are no unit vectors: enrol the artist again")
        return cls(embeddings=values, encoder=name, voice_s=seconds)


def centres(prints: Sequence[VoicePrint]) -> Tensor:
    """Their mean directions, unit vectors [N, D], of one encoder; thousands at once."""
    rows = torch.cat([known.embeddings for known in prints])
    if len(rows) != len(prints):
        parts = torch.split(rows, [len(known.embeddings) for known in prints])
        rows = torch.stack([part.mean(0) for part in parts])
    # In place: new memory for so many costs more than the sums (`functional.normalize`: four times the time).
    return rows.div_(torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min_(1e-12))


def encoder_of(stored: bytes) -> str | None:
    """Name of the encoder that made a stored voice print; None where its head cannot be read."""
    try:
        return str(_head(stored)[0]["encoder"])
    except (struct.error, ValueError, KeyError, TypeError):
        return None


def _head(body: bytes) -> tuple[dict[str, Any], int]:
    """The JSON head, and where the numbers start."""
    (length,) = struct.unpack_from("<I", body, len(_MAGIC))
    start = len(_MAGIC) + 4
    head = json.loads(body[start : start + length])
    return dict(head), start + length


def read_all(stored: Mapping[str, bytes]) -> tuple[dict[str, VoicePrint], tuple[str, ...]]:
    """Read artists' voice prints; one that is damaged costs no other its comparison.

    Args:
        stored: what `VoicePrint.to_bytes` wrote, by artist.

    Returns:
        The voice prints, and a sentence for each that cannot be read, naming the artist.
    """
    prints: dict[str, VoicePrint] = {}
    unreadable = []
    for name, data in stored.items():
        try:
            prints[name] = VoicePrint.from_bytes(data)
        except VoicePrintError as error:
            unreadable.append(f"{name!r} was not compared: {error}")
    return prints, tuple(unreadable)
