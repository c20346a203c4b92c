"""What a record says of the sound itself: its digest, length, format and fingerprint."""

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from core.clip import Clip
from provenance.records.asset import Asset, FingerprintRef

if TYPE_CHECKING:
    from torch import Tensor

    from provenance.fingerprint import Fingerprint


def describe(draft: Asset, clip: Clip, suffix: str, fingerprint: "Fingerprint") -> Asset:
    """Fill in what a draft's asset says of the audio itself; `suffix` is that of the file, with its dot."""
    return replace(
        draft,
        sha256_pcm=pcm_sha256(clip.wav, clip.sample_rate),
        sha256_files=(clip.source.sha256,),
        duration_ms=max(1, round(1000 * clip.duration_s)),
        sample_rate=clip.sample_rate,
        channels=int(clip.wav.shape[0]),
        container=suffix[1:].lower() or "unknown",
        fingerprints=(_fingerprint_ref(fingerprint),),
    )


def pcm_sha256(wav: "Tensor", sample_rate: int) -> str:
    """Digest of the sound itself, whatever container it lies in.

    The canonical form is `pcm/s24le/<rate>/<channels>` and a line feed, then the samples rounded
    to 24 bits, little-endian, interleaved.

    >>> import torch
    >>> pcm_sha256(torch.zeros(1, 4), 8000)[:16]
    '92cf0525c35c4396'
    """
    digest = hashlib.sha256(f"pcm/s24le/{sample_rate}/{wav.shape[0]}\n".encode())
    for block in torch.split(wav, 1 << 20, dim=-1):
        scaled = np.clip(np.rint(block.T.double().numpy() * 8388608.0), -8388608, 8388607).astype("<i4")
        digest.update(np.ascontiguousarray(scaled).view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    return digest.hexdigest()


def _fingerprint_ref(fingerprint: "Fingerprint") -> FingerprintRef:
    return FingerprintRef("trackmark.triplets", hashlib.sha256(fingerprint.to_bytes()).hexdigest(), "TMF2")
