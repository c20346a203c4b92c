"""Zero-phase Butterworth filters and spectra over time, as `scipy.signal` has them.

Its import takes longer than everything else of the voice detector, and 67 MB. Filters run over transforms:
forth and back, with what lies before and after the audio told as `scipy.signal.sosfiltfilt` does.

Sources: S. Butterworth, On the theory of filter amplifiers, 1930; the bilinear transform and the change from
low to band pass as in A. Oppenheim and R. Schafer, Discrete-Time Signal Processing, 7.1; F. Gustafsson,
Determining the initial states in forward-backward filtering, IEEE Trans. Signal Processing 44, 1996.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

SETTLED = 4096
"""Samples after which nothing is left of what went before."""


@dataclass(frozen=True)
class Butterworth:
    """A filter: a band pass, or a high pass where it has no upper edge.

    Attributes:
        order: of the low pass that it is made of.
        low_hz: lower edge, at -3 dB.
        high_hz: upper edge; None for a high pass.
        rate: sample rate in Hz.
    """

    order: int
    low_hz: float
    high_hz: float | None
    rate: float

    @property
    def padding(self) -> int:
        """Samples by which audio is continued at both ends, turned about its first and last sample."""
        sections = self.order if self.high_hz is not None else self.order // 2
        return 3 * (2 * sections + 1)

    def zero_phase(self, wav: Floats) -> Floats:
        """Filter forth and back, [..., T] -> [..., T]; T above `padding`."""
        return zero_phase([self], wav[..., None, :])[..., 0, :]


def zero_phase(bank: Sequence[Butterworth], wav: Floats) -> Floats:
    """Filter forth and back by each of a bank.

    Args:
        bank: all of one order and kind.
        wav: one signal for each, [..., bank, T], or one for all, [T]; T above the bank's `padding`.

    Returns:
        [..., bank, T].
    """
    reach = bank[0].padding
    head = 2 * wav[..., :1] - wav[..., reach:0:-1]
    tail = 2 * wav[..., -1:] - wav[..., -2 : -reach - 2 : -1]
    longer = np.concatenate([head, wav, tail], axis=-1)
    there = _once(bank, longer)
    back = _once(bank, there[..., ::-1])[..., ::-1]
    return back[..., reach : reach + wav.shape[-1]]


def _once(bank: Sequence[Butterworth], wav: Floats) -> Floats:
    """Filter what has been constant before its first sample, [..., T] or [..., bank, T]."""
    before = np.repeat(wav[..., :1], SETTLED, axis=-1)
    size = fft.next_fast_len(wav.shape[-1] + 2 * SETTLED, real=True)
    spectrum = fft.rfft(np.concatenate([before, wav], axis=-1), size, axis=-1)
    responses = np.stack([_response(design, size) for design in bank])
    filtered: Floats = fft.irfft(spectrum * responses, size, axis=-1)
    return filtered[..., SETTLED : SETTLED + wav.shape[-1]]


@lru_cache(maxsize=32)
def _response(design: Butterworth, size: int) -> Complex:
    """Gain and phase at the frequencies of a transform of so many samples, [size // 2 + 1]."""
    turns = np.arange(size // 2 + 1) / size
    with np.errstate(divide="ignore"):
        place = 1j * np.tan(np.pi * turns[1:])
    low = np.tan(np.pi * design.low_hz / design.rate)
    if design.high_hz is None:
        moved = low / place
    else:
        high = np.tan(np.pi * design.high_hz / design.rate)
        moved = (place * place + low * high) / ((high - low) * place)
    poles = np.exp(0.5j * np.pi * (2 * np.arange(1, design.order + 1) + design.order - 1) / design.order)
    gain = np.ones(moved.size, np.complex128)
    for pole in poles:
        gain /= moved - pole
    return np.concatenate([[0.0], gain])


def hann(size: int) -> Floats:
    """Hann window, periodic, [size]."""
    window: Floats = np.hanning(size + 1)[:-1]
    return window


def spectrum_over_time(wav: Floats, size: int, hop: int) -> Complex:
    """Spectra of overlapping frames under a Hann window of sum one, [T] -> [size / 2 + 1, N]."""
    frames = np.lib.stride_tricks.sliding_window_view(wav, size)[::hop]
    spectra: Complex = fft.rfft(frames * (hann(size) / hann(size).sum()), axis=1)
    return spectra.T
