"""Keep the mark from making audio clip, at samples and between them."""

import torch
from torch import Tensor

CEILING = 0.999
OVERSAMPLING = 4
FADE_S = 0.0015
BLOCK, MARGIN, TAPER = 1 << 13, 512, 256
GROUP = 32
QUIET = CEILING / 2.0
"""True peaks stay within 6 dB of the samples."""


def fade(wav: Tensor, change: Tensor, sample_rate: int) -> Tensor:
    """Gain on the mark that adds no true peak above full scale.

    True peaks are read four times oversampled (ITU-R BS.1770-5, annex 2). A peak that was above
    full scale before is left to its maker; the mark only never adds to it.

    Args:
        wav: host, [C, T].
        change: marked minus host, [C, T].
        sample_rate: in Hz.

    Returns:
        [1, T] in 0 to 1: 1 nearly everywhere, 0 at peaks, with ramps of 3 ms, half gone after 1.5.
    """
    marked = wav + change
    if float(marked.abs().max()) < QUIET:
        return torch.ones(1, wav.shape[-1])
    peaks = _peaks(wav, marked)
    reach = max(1.0, 2.0 * FADE_S * sample_rate)
    closeness = (_distance(peaks) / reach).clamp_max(1.0)
    return 0.5 - 0.5 * torch.cos(torch.pi * closeness)[None]


def _distance(peaks: Tensor) -> Tensor:
    """Samples to the nearest peak, [T] to [T]; more than T where there is none."""
    index = torch.arange(len(peaks))
    none = 2 * len(peaks) + 1
    last = torch.where(peaks, index, -none).cummax(0).values
    following = torch.where(peaks, index, none).flip(0).cummin(0).values.flip(0)
    return torch.minimum(index - last, following - index)


def _peaks(wav: Tensor, marked: Tensor) -> Tensor:
    """Samples at which the mark would raise a true peak above the ceiling, [T]."""
    length, step = wav.shape[-1], BLOCK - 2 * MARGIN
    blocks = -(-length // step)
    room = (MARGIN, blocks * step + MARGIN - length)
    before, after = (torch.nn.functional.pad(x, room).unfold(-1, BLOCK, step) for x in (wav, marked))
    found = torch.zeros(blocks, step, dtype=torch.bool)
    loud = (after.abs().amax((0, 2)) >= QUIET).nonzero()[:, 0]
    for some in torch.split(loud, GROUP):
        was, will_be = _between(before[:, some]), _between(after[:, some])
        found[some] = (will_be > was.clamp_min(CEILING)).any(0).view(len(some), step, -1).any(-1)
    # the interpolation rounds a host's clipped corners; at the samples themselves nothing is rounded
    return found.flatten()[:length] | (marked.abs() > wav.abs().clamp_min(CEILING)).any(0)


def _between(blocks: Tensor) -> Tensor:
    """Size of the signal at and between the samples, without the margins, [C, N, BLOCK] to [C, N, fine]."""
    ramp = torch.hann_window(2 * TAPER)[:TAPER]
    taper = torch.cat([ramp, torch.ones(BLOCK - 2 * TAPER), ramp.flip(0)])
    fine = torch.fft.irfft(torch.fft.rfft((blocks * taper).contiguous()), OVERSAMPLING * BLOCK) * OVERSAMPLING
    inner: Tensor = fine[..., OVERSAMPLING * MARGIN : -OVERSAMPLING * MARGIN].abs()
    return inner
