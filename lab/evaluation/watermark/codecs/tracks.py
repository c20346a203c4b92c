"""Tracks of a minute, each of two cuts of music that no training saw."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.resample import resample
from lab.datasets import Recording, read_manifest
from provenance.watermark.grid import RATE

CUT_S = 34
EVERY = 2
"""Every which host is taken."""


class Track:
    """Two recordings joined, mono at `grid.RATE`, and what is drawn for them."""

    def __init__(self, number: int, recordings: Sequence[Recording]) -> None:
        self.number = number
        self.name = "+".join(one.path.name for one in recordings)
        self.seed = zlib.crc32(self.name.encode())
        self._recordings = recordings

    def wav(self) -> Tensor:
        """[1, T]."""
        cuts = []
        for recording in self._recordings:
            clip = recording.load()
            mid = resample(clip.wav.mean(0, keepdim=True), clip.sample_rate, RATE)
            cuts.append(mid[:, : CUT_S * RATE])
        return torch.cat(cuts, 1)


def tracks_of(data: Path | None, most: int) -> list[Track]:
    """The tracks of a data folder, no more than so many."""
    hosts = [r for r in read_manifest(data) if r.is_34s_test][::EVERY]
    return [Track(n, hosts[2 * n : 2 * n + 2]) for n in range(min(most, len(hosts) // 2))]
