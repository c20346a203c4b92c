"""From audio to the decoder's plane of soft chips, chunk by chunk."""

import math

import numpy as np
import torch
from torch import Tensor

from provenance.watermark import grid, model
from provenance.watermark.sync import Plane

CHUNK_FRAMES = 1920
CONTEXT_FRAMES = 64


def rows_of(wav: Tensor) -> Tensor:
    """Log-power rows of audio at `RATE`, [T] to [ROWS, N], N even, in bounded memory."""
    frames = wav.shape[-1] // grid.HOP // 2 * 2
    pieces = []
    reach = grid.N_FFT // 2
    for start in range(0, frames, CHUNK_FRAMES):
        stop = min(frames, start + CHUNK_FRAMES)
        low, high = start * grid.HOP - reach, (stop - 1) * grid.HOP + reach
        piece = torch.nn.functional.pad(
            wav[max(0, low) : max(0, high)], (max(0, -low), max(0, high - wav.shape[-1]))
        )
        window = torch.hann_window(grid.N_FFT)
        spectrum = torch.stft(
            piece[None], grid.N_FFT, grid.HOP, window=window, center=False, return_complex=True
        )
        pieces.append(grid.log_rows(spectrum)[0])
    return torch.cat(pieces, 1) if pieces else torch.zeros(grid.ROWS, 0)


def warp(rows: Tensor, tempo: float, pitch: float) -> Tensor:
    """Undo a change of tempo and pitch on the log-frequency plane.

    Args:
        rows: [ROWS, N] of audio that plays `tempo` times faster and sounds `pitch` times higher.
        tempo: time factor.
        pitch: frequency factor.

    Returns:
        Rows in the nominal geometry, [ROWS, N'], N' = N * tempo rounded to even.
    """
    frames = int(rows.shape[1] * tempo) // 2 * 2
    shift = grid.BANDS_PER_OCTAVE * grid.FINE * math.log2(pitch)
    column = torch.arange(frames) / tempo
    row = torch.arange(grid.ROWS) + shift
    x = 2.0 * column / max(1, rows.shape[1] - 1) - 1.0
    y = 2.0 * row / (grid.ROWS - 1) - 1.0
    where = torch.stack([x.expand(len(row), -1), y[:, None].expand(-1, frames)], -1)
    return torch.nn.functional.grid_sample(
        rows[None, None], where[None], mode="bilinear", padding_mode="border", align_corners=True
    )[0, 0]


def lowered(plane: Plane, bands: int) -> Plane:
    """A plane moved down by whole bands, [BANDS, M]; nothing is known of the bands that come in."""
    moved = np.zeros_like(plane)
    below, above = max(0, bands), max(0, -bands)
    moved[above : len(plane) - below] = plane[below : len(plane) - above]
    return moved


def plane_of(rows: Tensor, networks: model.Model) -> Plane:
    """The decoder's logits, [ROWS, N] to [BANDS, N / 2].

    Chunks overlap by more than the decoder's reach, so the result equals one pass over the file.
    """
    frames = rows.shape[1]
    pieces = []
    for start in range(0, frames, CHUNK_FRAMES):
        first = max(0, start - CONTEXT_FRAMES)
        stop = min(frames, start + CHUNK_FRAMES)
        logits = networks.decoder(rows[None, :, first : min(frames, stop + CONTEXT_FRAMES)])[0]
        pieces.append(logits[:, (start - first) // grid.STRIDE : (stop - first) // grid.STRIDE])
    plane: Plane = torch.cat(pieces, 1).numpy() if pieces else torch.zeros(grid.BANDS, 0).numpy()
    return plane
