"""Slower and broader cells than the mark's, keyed and untrained: an experiment, not a part of the product.

A cell raises or lowers a band for a while by one factor, under the mask that also bounds the mark. It is read
from log power, less that of the cells before and after it and of the other bands at its time.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from provenance.watermark.grid import FRAMES_PER_S, ROWS, istft, log_rows, stft
from provenance.watermark.level import CEILING_DB, SNR_DB, relative_gain

FIRST_ROW, LAST_ROW = 11, 78
"""Fine rows, a sixteenth of an octave each: 400 Hz to 7.5 kHz."""
CLIP = 3.0
NAMES = {5: "third", 8: "half", 16: "whole"}
LEVELS = {"as the mark": SNR_DB, "as the mask allows": 0.0}
"""Host over mark in dB before the mask bounds it; 0 leaves all to the mask."""
Cells = NDArray[np.float64]


@dataclass(frozen=True)
class Size:
    """Of a cell: fine rows, and seconds."""

    rows: int
    seconds: float

    def __str__(self) -> str:
        return f"{NAMES[self.rows]} x {self.seconds:g} s"

    @property
    def bands(self) -> int:
        """How many lie beside each other."""
        return (LAST_ROW - FIRST_ROW) // self.rows

    @property
    def frames(self) -> int:
        """How many a cell lasts."""
        return round(self.seconds * FRAMES_PER_S)

    def signs(self, frames: int, seed: int) -> NDArray[np.int8]:
        """±1 for every whole cell, [bands, cells]."""
        rng = np.random.default_rng(seed)
        drawn = rng.integers(0, 2, (self.bands, frames // self.frames))
        return (2 * drawn - 1).astype(np.int8)


SIZES = tuple(Size(rows, seconds) for rows in (5, 8, 16) for seconds in (0.1, 0.2, 0.4, 0.8))


def mark(wav: Tensor, size: Size, level_db: float, seed: int) -> Tensor:
    """Audio at `grid.RATE` with a pattern of such cells, [1, T] to [1, T].

    Args:
        wav: the host.
        size: of its cells.
        level_db: host over mark over four seconds, which the mask may raise.
        seed: of the signs.
    """
    host = stft(wav)
    frames = host.shape[-1]
    signs = torch.from_numpy(size.signs(frames, seed)).float()
    pattern = torch.zeros(1, ROWS, frames)
    spread = signs.repeat_interleave(size.rows, 0).repeat_interleave(size.frames, 1)
    pattern[0, FIRST_ROW : FIRST_ROW + spread.shape[0], : spread.shape[1]] = spread
    power = host.real.square() + host.imag.square()
    gain = relative_gain(pattern, power, snr_db=torch.full((1, frames), level_db), ceiling_db=CEILING_DB)
    return istft(host * (1.0 + gain), wav.shape[-1])


def cells(wav: Tensor, size: Size) -> Cells:
    """Log power of every whole cell less that of its neighbours, [bands, cells]."""
    rows = log_rows(stft(wav))[0, FIRST_ROW : FIRST_ROW + size.bands * size.rows].double().numpy()
    count = rows.shape[1] // size.frames
    shape = (size.bands, size.rows, count, size.frames)
    means = rows[:, : count * size.frames].reshape(shape).mean((1, 3))
    around = np.pad(means, ((0, 0), (1, 1)), mode="edge")
    alone: Cells = means - 0.5 * (around[:, :-2] + around[:, 2:])
    alone -= alone.mean(0)
    return alone


def statistic(heard: Cells, signs: NDArray[np.int8]) -> float:
    """Agreement of cells with signs over its norm, each band at its own level."""
    level = np.sqrt(np.square(heard).mean(1, keepdims=True)) + 1e-9
    soft = np.clip(heard / level, -CLIP, CLIP)
    return float((soft * signs).sum() / np.sqrt(np.square(soft).sum() + 1e-9))
