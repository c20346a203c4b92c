"""Keep the mark from making audio clip, at samples and between them."""

import torch
from torch import Tensor

from core.resample import resample

CEILING = 0.999
OVERSAMPLING = 4
FADE_S = 0.0015
SLICE, MARGIN = 1 << 17, 1 << 7


def fade(wav: Tensor, change: Tensor, sample_rate: int) -> Tensor:
    """Gain on the mark that adds no true peak above full scale.

    True peaks are read four times oversampled (ITU-R BS.1770-5, annex 2). A peak that was above
    full scale before is left to its maker; the mark only never adds to it.

    Args:
        wav: host, [C, T].
        change: marked minus host, [C, T].
        sample_rate: in Hz.

    Returns:
        [1, T] in 0 to 1: 1 nearly everywhere, 0 at peaks, with ramps of 1.5 ms.
    """
    marked = wav + change
    if float(marked.abs().max()) < CEILING / 2.0:  # true peaks stay within 6 dB of the samples
        return torch.ones(1, wav.shape[-1])
    peaks = _peaks(wav, marked).float()[None, None]
    if not bool(peaks.any()):
        return torch.ones(1, wav.shape[-1])
    half = max(1, int(FADE_S * sample_rate))
    near = torch.nn.functional.max_pool1d(peaks, 2 * half + 1, stride=1, padding=half)
    ramp = torch.hann_window(2 * half + 3, periodic=False)[1:-1]
    smooth = torch.nn.functional.conv1d(near, (ramp / ramp.sum())[None, None], padding=half)
    return 1.0 - torch.maximum(smooth, peaks)[0].clamp(0.0, 1.0)


def _peaks(wav: Tensor, marked: Tensor) -> Tensor:
    """Samples at which the mark would raise a true peak above the ceiling, [T], slice by slice."""
    found = torch.zeros(wav.shape[-1], dtype=torch.bool)
    for start in range(0, wav.shape[-1], SLICE):
        first, stop = max(0, start - MARGIN), min(wav.shape[-1], start + SLICE)
        before, after = (resample(x[:, first : stop + MARGIN], 1, OVERSAMPLING).abs() for x in (wav, marked))
        over = (after > before.clamp_min(CEILING)).any(0).view(-1, OVERSAMPLING).any(-1)
        found[start:stop] = over[start - first : stop - first]
    # the interpolation rounds a host's clipped corners; at the samples themselves nothing is rounded
    return found | (marked.abs() > wav.abs().clamp_min(CEILING)).any(0)
