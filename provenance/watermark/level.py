"""How strong the mark is: as quiet as it can be read, under a masking ceiling.

Music differs by 20 dB in how well it carries a mark. So the embedder marks at a usual level first, reads
the result back with the decoder, and then gives more signal-to-noise ratio where reading was easy and less
where it was hard: constant readability instead of constant level.
"""

import math

import torch
from torch import Tensor

from provenance.watermark import masking, model
from provenance.watermark.grid import (
    CELL_BANDS,
    CELL_FRAMES,
    FIRST_BAND,
    FRAMES_PER_S,
    STRIDE,
    log_rows,
    synthesis_matrix,
)

SNR_DB = 36.0
QUIETEST_DB, LOUDEST_DB = 39.0, 30.0
CEILING_DB = -3.0
WANTED_BITS = 0.36
DB_PER_BIT = 30.0
MAX_RELATIVE_GAIN = 0.35
QUIET = 1e-6
WINDOW_FRAMES = 2 * int(2 * FRAMES_PER_S) + 1


def relative_gain_of(host: Tensor, chips: Tensor, networks: model.Model, strength: float) -> Tensor:
    """The mark as a change of each bin, at the level that this host needs.

    Args:
        host: spectrum of the mid signal, [1, F, N], N even.
        chips: ±1, [CELL_BANDS, columns], columns * CELL_FRAMES >= N.
        networks: embedder and decoder.
        strength: amplitude on top, 1 for the shipped level.

    Returns:
        (marked - host) / host, real, [1, F, N].
    """
    power = host.real.square() + host.imag.square()
    pattern, snr_db = pattern_of(host, chips, networks)
    return relative_gain(pattern, power, snr_db=snr_db, ceiling_db=CEILING_DB, strength=strength)


def pattern_of(host: Tensor, chips: Tensor, networks: model.Model) -> tuple[Tensor, Tensor]:
    """The embedder's pattern, and the level at which this host needs it.

    Args:
        host: spectrum of the mid signal, [1, F, N], N even.
        chips: ±1, [CELL_BANDS, columns], columns * CELL_FRAMES >= N.
        networks: embedder and decoder.

    Returns:
        Pattern in [-1, 1], [1, ROWS, N], and host to mark in dB, [1, N].
    """
    power, rows = host.real.square() + host.imag.square(), log_rows(host)
    snr_db = torch.full((1, host.shape[-1]), SNR_DB)
    pattern = networks.embedder(rows, chips[None], snr_db)
    gain = relative_gain(pattern, power, snr_db=snr_db, ceiling_db=CEILING_DB)
    bits = readability(networks.decoder(log_rows(host * (1.0 + gain))), chips)
    snr_db = (snr_db + DB_PER_BIT * (bits - WANTED_BITS)).clamp(LOUDEST_DB, QUIETEST_DB)
    return networks.embedder(rows, chips[None], snr_db), snr_db


def readability(logits: Tensor, chips: Tensor) -> Tensor:
    """How many bits a cell tells the decoder, averaged over four seconds.

    Args:
        logits: of the marked host, [1, BANDS, M].
        chips: what was embedded, [CELL_BANDS, columns].

    Returns:
        Mutual information per cell at every frame, [1, STRIDE * M], at most 1, below 0 where logits mislead.
    """
    columns = logits.shape[-1] * STRIDE // CELL_FRAMES
    centres = (CELL_FRAMES * torch.arange(columns) + CELL_FRAMES // 2) // STRIDE
    soft = logits[0, FIRST_BAND : FIRST_BAND + CELL_BANDS][:, centres]
    bits = 1.0 - torch.nn.functional.softplus(-soft * chips[:, :columns]).mean(0) / math.log(2.0)
    smooth = _over_window(bits[None, None], int(2 * FRAMES_PER_S / CELL_FRAMES))
    weight = _over_window(torch.ones_like(bits)[None, None], int(2 * FRAMES_PER_S / CELL_FRAMES))
    frames = logits.shape[-1] * STRIDE
    return torch.nn.functional.interpolate(smooth / weight, frames, mode="linear", align_corners=True)[0]


def relative_gain(
    pattern: Tensor, power: Tensor, *, snr_db: Tensor, ceiling_db: float, strength: float = 1.0
) -> Tensor:
    """Turn the embedder's pattern into a change of each bin.

    The pattern is scaled so that the change sits `snr_db` below the host over any four seconds,
    then shrunk wherever it would rise above the masking threshold plus `ceiling_db`.

    Args:
        pattern: in [-1, 1], [B, ROWS, N].
        power: |STFT|^2 of the host, [B, F, N].
        snr_db: host to mark over four seconds in dB, [B, N].
        ceiling_db: highest noise-to-mask ratio in any band and frame.
        strength: amplitude on top of both, 1 for the level that they state.

    Returns:
        (marked - host) / host per bin, real, [B, F, N], at most `MAX_RELATIVE_GAIN` in size.
    """
    shape = synthesis_matrix().to(pattern.device) @ pattern
    noise = _over_window((shape.square() * power).sum(1, keepdim=True), WINDOW_FRAMES // 2)
    host = _over_window(power.sum(1, keepdim=True), WINDOW_FRAMES // 2)
    loudness_db = _loudness_db(strength)
    wanted = host * 10.0 ** ((loudness_db - snr_db[:, None]) / 10.0)
    scale = torch.sqrt((wanted + QUIET) / (noise + QUIET))
    gain = (scale * shape).clamp(-MAX_RELATIVE_GAIN, MAX_RELATIVE_GAIN)
    return masking.limit(gain, power, ceiling_db + loudness_db)


def ceiling_db(strength: float) -> float:
    """Highest noise-to-mask ratio of a mark of that strength."""
    return CEILING_DB + _loudness_db(strength)


def _loudness_db(strength: float) -> float:
    return 20.0 * math.log10(strength)


def _over_window(energy: Tensor, half: int) -> Tensor:
    """Sum over a sliding window with a triangular weight, [B, 1, N]."""
    half = min(half, energy.shape[-1] - 1)
    weights = 1.0 - torch.arange(-half, half + 1, device=energy.device).abs() / (half + 1.0)
    return torch.nn.functional.conv1d(energy, weights[None, None], padding=half)
