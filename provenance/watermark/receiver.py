"""From audio to the decoder's plane of soft chips, chunk by chunk."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core import scratch
from core.downmix import cancelled
from core.resample import one_channel, prepared
from provenance.watermark import grid, model
from provenance.watermark.network import REACH_FRAMES
from provenance.watermark.sync import Plane

CHUNK_FRAMES = 1920
DECODED_FRAMES = 512
"""What is decoded at a time: small enough that the activations stay in a core's own cache."""


def views(wav: Tensor, sample_rate: int) -> Tensor:
    """Log-power rows of what may bear a mark: the middle, and of stereo also each side and the difference.

    Args:
        wav: [C, T].
        sample_rate: in Hz.

    Returns:
        [1, ROWS, N], or of two channels that differ [4, ROWS, N]: the middle, left, right and half their
        difference. Where the middle cancels it changes places with the difference.
    """
    if wav.shape[0] != 2 or all(torch.equal(*part) for part in scratch.stretches(wav)):
        return rows_of(one_channel(wav, sample_rate, grid.RATE)[None])
    rows = rows_of(prepared(wav, sample_rate, grid.RATE, _middle_and_side))
    return rows[[3, 1, 2, 0]] if cancelled(wav) else rows


def _middle_and_side(wav: Tensor) -> Tensor:
    return torch.stack([wav[0] + wav[1], wav[0] - wav[1]]).mul_(0.5)


def rows_of(wav: Tensor) -> Tensor:
    """Log-power rows of audio at `RATE`, in bounded memory.

    Of a middle and a side also those of their sum and difference: bins add up in power and in the product
    of the two, which are pooled into rows before anything is added.

    Args:
        wav: [1, T], or middle and side, [2, T].

    Returns:
        [1, ROWS, N], or [4, ROWS, N]: middle, middle plus side, middle less side, side; N even.
    """
    frames = wav.shape[-1] // grid.HOP // 2 * 2
    pieces = []
    reach = grid.N_FFT // 2
    window = torch.hann_window(grid.N_FFT)
    for start in range(0, frames, CHUNK_FRAMES):
        stop = min(frames, start + CHUNK_FRAMES)
        low, high = start * grid.HOP - reach, (stop - 1) * grid.HOP + reach
        piece = torch.nn.functional.pad(
            wav[:, max(0, low) : max(0, high)], (max(0, -low), max(0, high - wav.shape[-1]))
        )
        spectrum = torch.stft(piece, grid.N_FFT, grid.HOP, window=window, center=False, return_complex=True)
        pieces.append(grid.log_rows(spectrum) if len(wav) == 1 else _four(spectrum))
    return torch.cat(pieces, 2) if pieces else torch.zeros(1 if len(wav) == 1 else 4, grid.ROWS, 0)


def _four(spectrum: Tensor) -> Tensor:
    """Log rows of middle, left, right and side from spectra of the middle and the side, [2, F, N]."""
    real, imag = spectrum.real, spectrum.imag
    middle, side = grid.pooled(real.square().addcmul_(imag, imag))
    shared = 2.0 * grid.pooled((real[0] * real[1]).addcmul_(imag[0], imag[1]))
    both = middle + side
    # where one channel is silent, rounding may leave less than nothing of it
    four = torch.stack([middle, (both + shared).clamp_min_(0.0), (both - shared).clamp_min_(0.0), side])
    return four.add_(grid.FLOOR).log_()


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


def planes(seen: Tensor, networks: model.Model) -> tuple[Plane, ...]:
    """What the decoder tells of `views`: of the middle, and of two channels also all views together.

    The others see other hosts than the middle does, so their soft chips add up; the difference also holds
    what a downmix cancels.
    """
    middle = plane_of(seen[0], networks)
    if len(seen) == 1:
        return (middle,)
    return middle, middle + np.sum([plane_of(rows, networks) for rows in seen[1:]], axis=0)


def plane_of(rows: Tensor, networks: model.Model, wanted: NDArray[np.bool_] | None = None) -> Plane:
    """The decoder's logits, [ROWS, N] to [BANDS, N / 2].

    Chunks overlap by the decoder's reach, so the result equals one pass over the file.

    Args:
        rows: log power, [ROWS, N].
        networks: with the decoder.
        wanted: of which frames, [N]; None for all. Of others nothing is known: logits are zero there.
    """
    frames = rows.shape[1]
    plane = np.zeros((grid.BANDS, frames // grid.STRIDE), np.float32)
    if frames == 0:
        return plane
    features = networks.decoder.features(rows[None])
    for start in range(0, frames, DECODED_FRAMES):
        first, stop = max(0, start - REACH_FRAMES), min(frames, start + DECODED_FRAMES)
        if wanted is None or wanted[start:stop].any():
            logits = networks.decoder.logits(features[..., first : min(frames, stop + REACH_FRAMES)])[0]
            skipped, length = (start - first) // grid.STRIDE, (stop - start) // grid.STRIDE
            place = start // grid.STRIDE
            plane[:, place : place + length] = logits[:, skipped : skipped + length].numpy()
    if wanted is not None:
        plane *= wanted[:: grid.STRIDE]
    return plane
