"""Alignment of audio with a delayed copy of itself, by cross-correlation."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.counted import counted
from core.downmix import downmix
from core.errors import EncodeError

EXCERPT = 1 << 18
"""Samples compared when aligning: 6 s at 44.1 kHz, the loudest stretch. Speech-like codecs (Opus at
32 kbit/s) shift single sounds by half a sample; a second alone would sometimes settle one sample off."""
MAX_LAG = 8192
"""Largest codec delay looked for, in samples; the codecs here stay under 3,000."""
LEAST_CORRELATION = 0.2
"""White noise against other noise stays under 0.03 at this excerpt length."""
SILENCE = 1e-5


def align(reference: Tensor, delayed: Tensor, what: str) -> Tensor:
    """Undo a constant delay, found by cross-correlation.

    Args:
        reference: audio, [C, T].
        delayed: the same audio after a codec, [C, T'], delayed by at most `MAX_LAG` samples.
        what: names the codec in the error message.

    Returns:
        `delayed` shifted onto `reference`, [C, T]; missing samples at the ends are zero.

    Raises:
        EncodeError: the two have too little in common for a delay to mean anything.
    """
    # end to end, so that what the channels cancel is decided once for both
    both = downmix(torch.cat([reference, delayed], dim=1)).numpy()
    lag, correlation = delay(both[: reference.shape[-1]], both[reference.shape[-1] :])
    if correlation < LEAST_CORRELATION:
        raise EncodeError(f"{what} returned other audio than went in (correlation {correlation:.2f})")
    length = reference.shape[-1]
    shifted = delayed[:, max(lag, 0) :]
    if lag < 0:
        shifted = torch.nn.functional.pad(shifted, (-lag, 0))
    missing = length - shifted.shape[-1]
    if missing > MAX_LAG:
        raise EncodeError(f"{what} lost the last {counted(missing, 'sample')}")
    return torch.nn.functional.pad(shifted, (0, max(missing, 0)))[:, :length]


def delay(reference: NDArray[np.float32], delayed: NDArray[np.float32]) -> tuple[int, float]:
    """Delay of a mono signal in samples, and the normalised correlation there.

    Where the signal is silent there is nothing to align: (0, 1.0). Among equally good lags (a pure
    tone has many) the one nearest to zero wins, since the containers already undo the codec's delay.
    """
    start = _loudest(reference)
    a = reference[start : start + EXCERPT]
    before = np.zeros(max(MAX_LAG - start, 0), np.float32)
    b = np.concatenate([before, delayed[max(start - MAX_LAG, 0) : start + len(a) + MAX_LAG]])
    if float(np.sqrt(np.mean(a**2))) < SILENCE:
        return 0, 1.0
    size = 1 << (len(a) + len(b) - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)
    span = max(len(b) - len(a) // 2, 1)  # lags that leave at least half of the excerpt under the other
    correlation = product[:span]
    power = np.cumsum(np.concatenate([[0.0], b.astype(np.float64) ** 2]))
    ends = np.minimum(np.arange(span) + len(a), len(b))
    energy = power[ends] - power[:span]
    energy = np.maximum(energy, 0.25 * energy.max() + 1e-20)  # a sliver of overlap proves nothing
    normal = correlation / np.sqrt(energy * float(np.sum(a.astype(np.float64) ** 2)))
    lags = np.arange(span) - MAX_LAG
    best = float(normal.max())
    good = np.flatnonzero(normal >= best - 1e-4 * abs(best))
    chosen = good[np.argmin(np.abs(lags[good]))]
    return int(lags[chosen]), float(normal[chosen])


def _loudest(mono: NDArray[np.float32]) -> int:
    """Start of the `EXCERPT`-long stretch with most energy, on a grid of half excerpts."""
    starts = range(0, max(len(mono) - EXCERPT, 0) + 1, EXCERPT // 2)
    return max(starts, key=lambda start: float(np.sum(mono[start : start + EXCERPT] ** 2)))
