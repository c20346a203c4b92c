"""Audio to fingerprint."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.errors import EmptyAudio, TrackmarkError
from core.resample import resample
from provenance.fingerprint import triplets
from provenance.fingerprint.peaks import FRAME_RATE, HOP, SAMPLE_RATE, find_peaks

MAGIC = b"TMF1"
HEADER = 16


class FingerprintError(TrackmarkError):
    """Stored bytes are not a fingerprint of this version."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """Hashes of a piece of audio.

    The first `filed` hashes (about 60 a second) are what an index keeps of a reference; the others
    (about 200 a second) are formed from weaker peaks and only used when this fingerprint is the query.

    Attributes:
        hashes: descriptors of peak triplets, [N] uint32.
        times: frames of 128 / 11025 s, [N] uint32.
        details: frequency and span of each triplet, which attacks may change, [N] uint16.
        filed: how many hashes an index keeps.
        frames: length of the audio in frames.
    """

    hashes: NDArray[np.uint32]
    times: NDArray[np.uint32]
    details: NDArray[np.uint16]
    filed: int
    frames: int

    @property
    def duration_s(self) -> float:
        """Length of the audio in seconds."""
        return self.frames / FRAME_RATE

    def reference(self) -> "Fingerprint":
        """The part that an index keeps."""
        n = self.filed
        return Fingerprint(self.hashes[:n], self.times[:n], self.details[:n], n, self.frames)

    def to_bytes(self) -> bytes:
        """Serialise: `TMF1`, three little-endian uint32 (hashes, filed, frames), the arrays under zlib."""
        counts = np.array([len(self.hashes), self.filed, self.frames], "<u4").tobytes()
        body = b"".join(
            (
                self.hashes.astype("<u4").tobytes(),
                self.times.astype("<u4").tobytes(),
                self.details.astype("<u2").tobytes(),
            )
        )
        return MAGIC + counts + zlib.compress(body, 6)

    @staticmethod
    def from_bytes(data: bytes) -> "Fingerprint":
        """Read what `to_bytes` wrote.

        Raises:
            FingerprintError: other bytes, or damaged ones.
        """
        if len(data) < HEADER or data[:4] != MAGIC:
            raise FingerprintError("not a fingerprint (TMF1): extract it again from the audio")
        count, filed, frames = (int(n) for n in np.frombuffer(data, "<u4", 3, 4))
        unpacker = zlib.decompressobj()
        try:
            body = unpacker.decompress(data[HEADER:], count * 10 + 1)  # never more than the header declares
        except zlib.error as error:
            raise FingerprintError(f"damaged fingerprint: {error}") from error
        if len(body) != count * 10 or filed > count:
            raise FingerprintError("damaged fingerprint: its length does not agree with its header")
        return Fingerprint(
            np.frombuffer(body, "<u4", count).astype(np.uint32),
            np.frombuffer(body, "<u4", count, count * 4).astype(np.uint32),
            np.frombuffer(body, "<u2", count, count * 8).astype(np.uint16),
            filed,
            frames,
        )


def extract(wav: Tensor, sample_rate: int) -> Fingerprint:
    """Fingerprint audio, as a reference or as a query.

    Args:
        wav: samples, [C, T]; channels are averaged (and the first taken where they cancel out).
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
    if wav.ndim != 2 or wav.numel() == 0:
        raise EmptyAudio(f"a fingerprint needs samples [C, T], got shape {tuple(wav.shape)}")
    mono = wav.float().mean(0, keepdim=True)
    if float(mono.square().mean()) < 1e-4 * float(wav.float().square().mean()):
        mono = wav[:1].float()
    samples = resample(mono, sample_rate, SAMPLE_RATE)[0].detach().cpu().numpy()
    peaks = find_peaks(samples)
    reference = triplets.form(peaks.top(triplets.REFERENCE_RANK), triplets.REFERENCE_TARGETS)
    query = triplets.form(peaks.top(triplets.QUERY_RANK), triplets.QUERY_TARGETS)
    rows = np.concatenate([_rows(reference), _rows(query)])
    _, first = np.unique(rows, return_index=True)
    first.sort()  # what both lists hold stays with the reference
    rows = rows[first]
    filed = int((first < len(reference.frame)).sum())
    return Fingerprint(
        (rows & 0x3FFFFF).astype(np.uint32),
        (rows >> np.uint64(38)).astype(np.uint32),
        (rows >> np.uint64(22) & np.uint64(0xFFFF)).astype(np.uint16),
        filed,
        len(samples) // HOP + 1,
    )


def _rows(hashes: triplets.Triplets) -> NDArray[np.uint64]:
    """Each hash as one number: time, detail (16 bits), descriptor (22 bits)."""
    frame, detail = hashes.frame.astype(np.uint64), hashes.detail.astype(np.uint64)
    return np.asarray(frame << np.uint64(38) | detail << np.uint64(22) | hashes.descriptor, dtype=np.uint64)
