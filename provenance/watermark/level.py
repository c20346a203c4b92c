"""How strong the mark is: a signal-to-noise target under a masking ceiling."""

import math

import torch
from torch import Tensor

from provenance.watermark import masking
from provenance.watermark.grid import FRAMES_PER_S, synthesis_matrix

MAX_RELATIVE_GAIN = 0.35
QUIET = 1e-6
WINDOW_FRAMES = 2 * int(2 * FRAMES_PER_S) + 1


def relative_gain(
    pattern: Tensor, power: Tensor, *, snr_db: float, ceiling_db: float, strength: float = 1.0
) -> Tensor:
    """Turn the embedder's pattern into a change of each bin.

    The pattern is scaled so that the change sits `snr_db` below the host over any four seconds,
    then shrunk wherever it would rise above the masking threshold plus `ceiling_db`.

    Args:
        pattern: in [-1, 1], [B, ROWS, N].
        power: |STFT|^2 of the host, [B, F, N].
        snr_db: host to mark over four seconds in dB.
        ceiling_db: highest noise-to-mask ratio in any band and frame.
        strength: amplitude on top of both, 1 for the level that they state.

    Returns:
        (marked - host) / host per bin, real, [B, F, N], at most `MAX_RELATIVE_GAIN` in size.
    """
    shape = synthesis_matrix().to(pattern.device) @ pattern
    noise = _over_window((shape.square() * power).sum(1, keepdim=True))
    host = _over_window(power.sum(1, keepdim=True))
    loudness_db = 20.0 * math.log10(strength)
    wanted = host * 10.0 ** ((loudness_db - snr_db) / 10.0)
    scale = torch.sqrt((wanted + QUIET) / (noise + QUIET))
    gain = (scale * shape).clamp(-MAX_RELATIVE_GAIN, MAX_RELATIVE_GAIN)
    return masking.limit(gain, power, ceiling_db + loudness_db)


def _over_window(energy: Tensor) -> Tensor:
    """Sum over a sliding window with a triangular weight, [B, 1, N]."""
    frames = energy.shape[-1]
    half = min(WINDOW_FRAMES // 2, frames - 1)
    weights = 1.0 - torch.arange(-half, half + 1, device=energy.device).abs() / (half + 1.0)
    return torch.nn.functional.conv1d(energy, weights[None, None], padding=half)
