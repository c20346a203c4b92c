"""Audio to fingerprint."""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import EmptyAudio, TrackmarkError
from provenance.fingerprint import triplets
from provenance.fingerprint.peaks import FRAME_RATE, HOP, SAMPLE_RATE, find_peaks

if TYPE_CHECKING:  # torch stays out of programs that keep and look up fingerprints and hear nothing
    from torch import Tensor

MAGIC = b"TMF2"
HEADER = 16


class FingerprintError(TrackmarkError):
    """Stored bytes are not a fingerprint of this version."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Hashes of a piece of audio.

    The first `filed` hashes (about 60 a second) are what an index keeps of a reference; the others
    (about 200 a second) are formed from weaker peaks and only used when this fingerprint is the query.

    Attributes:
        hashes: packed peak triplets, [N] uint64.
        times: frames of 128 / 11025 s, [N] uint32.
        filed: how many hashes an index keeps.
        frames: length of the audio in frames.
    """

    hashes: NDArray[np.uint64]
    times: NDArray[np.uint32]
    filed: int
    frames: int

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return self.frames / FRAME_RATE

    def reference(self) -> "Fingerprint":
        """The part that an index keeps."""
        return Fingerprint(self.hashes[: self.filed], self.times[: self.filed], self.filed, self.frames)

    def to_bytes(self) -> bytes:
        """Serialise: `TMF2`, three little-endian uint32 (hashes, filed, frames), the arrays under zlib."""
        counts = np.array([len(self.hashes), self.filed, self.frames], "<u4").tobytes()
        body = self.hashes.astype("<u8").tobytes() + self.times.astype("<u4").tobytes()
        return MAGIC + counts + zlib.compress(body, 6)

    @staticmethod
    def from_bytes(data: bytes) -> "Fingerprint":
        """Read what `to_bytes` wrote.

        Raises:
            FingerprintError: other bytes, or damaged ones.
        """
        if len(data) < HEADER or data[:4] != MAGIC:
            raise FingerprintError("not a fingerprint (TMF2): extract it again from the audio")
        count, filed, frames = (int(n) for n in np.frombuffer(data, "<u4", 3, 4))
        unpacker = zlib.decompressobj()
        try:
            body = unpacker.decompress(data[HEADER:], count * 12 + 1)  # never more than the header declares
        except zlib.error as error:
            raise FingerprintError(f"damaged fingerprint: {error}") from error
        if len(body) != count * 12 or filed > count:
            raise FingerprintError("damaged fingerprint: its length does not agree with its header")
        return Fingerprint(
            np.frombuffer(body, "<u8", count).astype(np.uint64),
            np.frombuffer(body, "<u4", count, count * 8).astype(np.uint32),
            filed,
            frames,
        )


def extract(wav: "Tensor", sample_rate: int) -> Fingerprint:
    """Fingerprint audio, as a reference or as a query.

    Args:
        wav: samples, [C, T]; channels are averaged (or subtracted where they cancel out).
        sample_rate: in Hz.

    Returns:
        The fingerprint; without hashes where the audio is silent, shorter than about a second, or one
        steady tone.

    Raises:
        EmptyAudio: there are no samples.

    >>> import torch
    >>> extract(torch.zeros(2, 44100), 44100).hashes.shape
    (0,)
    """
    from core.resample import one_channel

    if wav.ndim != 2 or wav.numel() == 0:
        raise EmptyAudio(f"a fingerprint needs samples [C, T], got shape {tuple(wav.shape)}")
    return of_samples(one_channel(wav.float(), sample_rate, SAMPLE_RATE).detach().cpu().numpy())


def of_samples(samples: NDArray[np.float32]) -> Fingerprint:
    """Fingerprint mono audio at `peaks.SAMPLE_RATE`, [T]."""
    peaks = find_peaks(samples)
    reference = triplets.form(peaks.top(triplets.REFERENCE_RANK), triplets.REFERENCE_TARGETS)
    query = triplets.form(peaks.top(triplets.QUERY_RANK), triplets.QUERY_TARGETS)
    hashes = np.concatenate([reference.hashes, query.hashes])
    times = np.concatenate([reference.frame, query.frame])
    order = np.lexsort((hashes, times))  # stable: what both lists hold stays with the reference
    again = (np.diff(hashes[order]) == 0) & (np.diff(times[order]) == 0)
    kept = np.sort(order[np.concatenate([np.ones(min(1, len(order)), bool), ~again])])
    filed = int((kept < len(reference.hashes)).sum())
    return Fingerprint(hashes[kept], times[kept], filed, len(samples) // HOP + 1)
