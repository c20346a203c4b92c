"""The time-frequency grid of the mark, defined in Hz and seconds.

The mark lives between 386 Hz and 10.4 kHz. Analysis and embedding run on a 24 kHz copy; the change
itself is brought back to the native rate and added there, so any sample rate and channel count
works and nothing above 12 kHz is touched.

Rows: `BANDS` bands, eight per octave from 250 Hz, each split in two fine rows. On a
logarithmic axis a change of pitch or speed is a shift. Columns: STFT frames of 16 ms; a cell is one
band by `CELL_FRAMES` frames and carries one chip.
"""

import functools

import torch
from torch import Tensor

RATE = 24_000
N_FFT = 1536
HOP = 384
LOWEST_HZ = 250.0
BANDS_PER_OCTAVE = 8
BANDS = 44
FINE = 2
ROWS = BANDS * FINE
FIRST_BAND = 5
CELL_BANDS = 38
CELL_FRAMES = 6
STRIDE = 2
FRAMES_PER_S = RATE / HOP
COLUMNS_PER_S = FRAMES_PER_S / CELL_FRAMES
FLOOR = 1e-11


def stft(wav: Tensor) -> Tensor:
    """Spectrum of audio at `RATE`.

    Args:
        wav: [B, T].

    Returns:
        Complex spectrum, [B, F, N]; frame n is centred on sample n * HOP.
    """
    window = torch.hann_window(N_FFT, dtype=wav.dtype, device=wav.device)
    return torch.stft(wav, N_FFT, HOP, window=window, center=True, pad_mode="constant", return_complex=True)


def istft(spectrum: Tensor, length: int) -> Tensor:
    """Audio of a spectrum, [B, F, N] to [B, length]."""
    window = torch.hann_window(N_FFT, device=spectrum.device)
    return torch.istft(spectrum, N_FFT, HOP, window=window, center=True, length=length)


@functools.cache
def row_centres() -> Tensor:
    """Centre frequency of each fine row in Hz, [ROWS]."""
    return LOWEST_HZ * 2.0 ** ((torch.arange(ROWS) + 0.5) / (BANDS_PER_OCTAVE * FINE))


@functools.cache
def analysis_matrix() -> Tensor:
    """Weights that pool bin powers into fine rows, [ROWS, F]; every row sums to one.

    Triangles on the log-frequency axis, never narrower than one bin, so that the lowest rows
    interpolate between bins instead of being empty.
    """
    bins = torch.arange(N_FFT // 2 + 1) * (RATE / N_FFT)
    centres = row_centres()[:, None]
    half_width = torch.maximum(
        centres * (2.0 ** (1.0 / (BANDS_PER_OCTAVE * FINE)) - 1.0), torch.tensor(RATE / N_FFT)
    )
    weights = (1.0 - (bins[None] - centres).abs() / half_width).clamp_min(0.0)
    return weights / weights.sum(1, keepdim=True)


@functools.cache
def synthesis_matrix() -> Tensor:
    """Weights that spread fine rows onto bins, [F, ROWS]: linear on the log axis, zero outside."""
    bins = torch.arange(N_FFT // 2 + 1) * (RATE / N_FFT)
    position = torch.log2(bins.clamp_min(1.0) / LOWEST_HZ) * (BANDS_PER_OCTAVE * FINE) - 0.5
    weights = (1.0 - (position[:, None] - torch.arange(ROWS)[None]).abs()).clamp_min(0.0)
    first, last = FIRST_BAND * FINE, (FIRST_BAND + CELL_BANDS) * FINE
    weights[:, :first] = 0.0
    weights[:, last:] = 0.0
    return weights


def log_rows(spectrum: Tensor) -> Tensor:
    """Log power in fine rows.

    Args:
        spectrum: complex, [B, F, N].

    Returns:
        Natural log of power, [B, ROWS, N], floored 110 dB below full scale so that digital silence
        carries no structure.
    """
    return torch.log(pooled(spectrum.real.square() + spectrum.imag.square()) + FLOOR)


def pooled(power: Tensor) -> Tensor:
    """Power of bins to power of fine rows, [B, F, N] to [B, ROWS, N]; full scale is about 1."""
    return analysis_matrix().to(power.device) @ (power / (N_FFT * N_FFT / 16.0))


def whiten(rows: Tensor) -> Tensor:
    """Rows minus their local mean over 17 rows and 25 frames (0.4 s), [B, ROWS, N].

    Takes out the host's level and slope, so that gain has no effect on what the decoder sees.
    """
    along_time = torch.nn.functional.pad(rows, (12, 12), mode="replicate")
    mean = torch.nn.functional.avg_pool1d(along_time, 25, stride=1).transpose(1, 2)
    along_rows = torch.nn.functional.pad(mean, (8, 8), mode="replicate")
    return rows - torch.nn.functional.avg_pool1d(along_rows, 17, stride=1).transpose(1, 2)


def relative_level(rows: Tensor) -> Tensor:
    """Level of each row against the mean of all rows over 1 s, about unit scale, [B, ROWS, N]."""
    mean = rows.mean(1, keepdim=True)
    padded = torch.nn.functional.pad(mean, (31, 31), mode="replicate")
    return (rows - torch.nn.functional.avg_pool1d(padded, 63, stride=1)) / 6.0


def spread_chips(chips: Tensor, frames: int) -> Tensor:
    """Lay cells out over fine rows and frames.

    Args:
        chips: [B, CELL_BANDS, columns].
        frames: N, at most columns * CELL_FRAMES.

    Returns:
        [B, ROWS, N], zero outside the marked bands.
    """
    plane = chips.repeat_interleave(CELL_FRAMES, 2)[..., :frames].repeat_interleave(FINE, 1)
    below = FIRST_BAND * FINE
    above = ROWS - below - CELL_BANDS * FINE
    return torch.nn.functional.pad(plane, (0, 0, below, above))
