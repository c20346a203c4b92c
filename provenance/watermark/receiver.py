"""From audio to the decoder's plane of soft chips, chunk by chunk."""

import math

import numpy as np
import torch
from torch import Tensor

from core.downmix import CANCELLED, downmix
from core.resample import resample
from provenance.watermark import grid, model
from provenance.watermark.network import REACH_FRAMES
from provenance.watermark.sync import Plane

CHUNK_FRAMES = 1920
DECODED_FRAMES = 512
"""What is decoded at a time: small enough that the activations stay in a core's own cache."""


def views(wav: Tensor, sample_rate: int) -> Tensor:
    """Log-power rows of what may bear a mark: the middle, and of stereo also each side and the difference.

    Resampling and spectrum are linear, so two channels cost two of each, whatever is looked at.

    Args:
        wav: [C, T].
        sample_rate: in Hz.

    Returns:
        [1, ROWS, N], or of stereo [4, ROWS, N]: the middle, or the side where that cancels; left; right; half
        their difference.
    """
    if wav.shape[0] != 2:
        return rows_of(resample(downmix(wav)[None], sample_rate, grid.RATE), torch.ones(1, 1))
    side, middle = wav[0] - wav[1], wav[0] + wav[1]
    cancelled = bool(side.square().sum() > CANCELLED * middle.square().sum())
    mixing = torch.tensor([[0.5, -0.5 if cancelled else 0.5], [1.0, 0.0], [0.0, 1.0], [0.5, -0.5]])
    return rows_of(resample(wav, sample_rate, grid.RATE), mixing)


def rows_of(wav: Tensor, mixing: Tensor) -> Tensor:
    """Log-power rows of mixtures of channels at `RATE`, in bounded memory.

    Args:
        wav: [C, T].
        mixing: share of each channel in each mixture, [V, C].

    Returns:
        [V, ROWS, N], N even.
    """
    frames = wav.shape[-1] // grid.HOP // 2 * 2
    pieces = []
    reach = grid.N_FFT // 2
    for start in range(0, frames, CHUNK_FRAMES):
        stop = min(frames, start + CHUNK_FRAMES)
        low, high = start * grid.HOP - reach, (stop - 1) * grid.HOP + reach
        piece = torch.nn.functional.pad(
            wav[:, max(0, low) : max(0, high)], (max(0, -low), max(0, high - wav.shape[-1]))
        )
        window = torch.hann_window(grid.N_FFT)
        spectrum = torch.stft(piece, grid.N_FFT, grid.HOP, window=window, center=False, return_complex=True)
        pieces.append(torch.cat([grid.log_rows(_mixed(spectrum, shares)) for shares in mixing]))
    return torch.cat(pieces, 2) if pieces else torch.zeros(len(mixing), grid.ROWS, 0)


def _mixed(spectrum: Tensor, shares: Tensor) -> Tensor:
    """One mixture of spectra [C, F, N], [1, F, N]; without a product where it is a channel as it is."""
    used = torch.nonzero(shares)[:, 0].tolist()
    if len(used) == 1 and float(shares[used[0]]) == 1.0:
        return spectrum[used]
    return torch.stack([spectrum[n] * float(shares[n]) for n in used]).sum(0, keepdim=True)


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

    Chunks overlap by the decoder's reach, so the result equals one pass over the file.
    """
    frames = rows.shape[1]
    if frames == 0:
        return np.zeros((grid.BANDS, 0), np.float32)
    features = networks.decoder.features(rows[None])
    pieces = []
    for start in range(0, frames, DECODED_FRAMES):
        first, stop = max(0, start - REACH_FRAMES), min(frames, start + DECODED_FRAMES)
        logits = networks.decoder.logits(features[..., first : min(frames, stop + REACH_FRAMES)])[0]
        pieces.append(logits[:, (start - first) // grid.STRIDE : (stop - first) // grid.STRIDE])
    plane: Plane = torch.cat(pieces, 1).numpy()
    return plane
