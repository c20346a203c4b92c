"""Whitened autocorrelation: traces of a neural decoder repeat with its frame clock, music does not.

A transposed convolution with stride r is zero insertion followed by a filter. Two things follow, and both
repeat with the period of the layer's input frames, exactly, for as long as the recording lasts:

- `lines`: the mean of the layer's input (bias, non-linearity) reappears as a tone at every multiple of its
  frame rate. In the autocorrelation, the comb is a peak at every multiple of the frame period.
- `flutter`: the r output phases are filtered differently, so the signal's power is periodic
  (cyclostationary); the same peaks appear in the autocorrelation of the power, even where no tone is left
  in the audio.

The comb is far weaker than the music, so the music is taken out first: every frame's spectrum keeps only its
phase, and the spectrum of five seconds is then flattened and limited. A steady clock adds up coherently over
the five seconds; notes, drums and noise do not. Peaks at lags up to 2.4 s are kept.

Sources: A. Odena et al., Deconvolution and Checkerboard Artifacts, Distill 2016; J. Pons et al., Upsampling
Artifacts in Neural Audio Synthesis, ICASSP 2021; W. A. Gardner, Statistical Spectral Analysis, 1987
(cyclostationarity); C. Knapp and G. Carter, The generalized correlation method, IEEE ASSP 24, 1976 (phase
transform).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, signal
from torch import Tensor

from core.resample import resample

Array = NDArray[np.float32]

ANALYSIS_RATE = 32000
BLOCK_S = 5.0
SHORTEST_BLOCK_S = 2.0
QUIET_RMS = 1e-4
"""Blocks below -80 dBFS are left out: digital silence and dither say nothing about the music."""

FRAME = 4096
HOP = 1984
"""Not a divisor of any frame clock in use, so that the analysis leaves no comb of its own on one."""
LONG = 1 << 18
OVERSAMPLING = 2
LAG_RATE = ANALYSIS_RATE * OVERSAMPLING
LAGS = round(2.4 * LAG_RATE) + 1
LOWEST_HZ = 300.0
FLATTEN_BINS = 1001
LIMIT = 6.0
SIGNALS = ("lines", "flutter")


@dataclass(frozen=True)
class Block:
    """What is kept of a stretch of audio.

    Attributes:
        start_s: beginning of the stretch.
        end_s: its end.
        loud: whether it holds enough sound to be measured.
        correlations: whitened autocorrelation of `lines` and `flutter` at lags n / `LAG_RATE`, [2, LAGS].
        band_hz: where its content ends.
    """

    start_s: float
    end_s: float
    loud: bool
    correlations: Array
    band_hz: float


def blocks(wav: Tensor, sample_rate: int) -> Iterator[tuple[float, float, Array]]:
    """Cut audio into mono stretches of about five seconds at the analysis rate.

    Each stretch is resampled on its own, so the memory needed beyond the audio itself does not grow.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz.

    Yields:
        Start and end in seconds, and samples at `ANALYSIS_RATE`. The last stretch takes a remainder shorter
        than `SHORTEST_BLOCK_S` with it.
    """
    total = wav.shape[-1]
    size = round(BLOCK_S * sample_rate)
    starts = list(range(0, total, size)) or [0]
    if len(starts) > 1 and total - starts[-1] < SHORTEST_BLOCK_S * sample_rate:
        starts.pop()
    for start, end in zip(starts, [*starts[1:], total], strict=True):
        mono = wav[:, start:end].float().mean(0)
        samples = resample(mono, sample_rate, ANALYSIS_RATE).numpy()
        yield start / sample_rate, end / sample_rate, np.ascontiguousarray(samples, dtype=np.float32)


def limit_of(sample_rate: int) -> float:
    """Highest frequency that audio of that rate can hold and the analysis can see, in Hz."""
    return 0.485 * min(sample_rate, ANALYSIS_RATE)


def usable_band(samples: Array, limit_hz: float) -> float:
    """Frequency where content ends: the last one within 75 dB of the loudest, smoothed over 60 Hz."""
    _, power = signal.welch(samples, ANALYSIS_RATE, nperseg=min(FRAME, samples.size))
    smooth = 10 * np.log10(ndimage.uniform_filter1d(power, 9) + 1e-20)
    present = np.flatnonzero(smooth > smooth[8:].max() - 75.0)
    last = present[-1] * ANALYSIS_RATE / min(FRAME, samples.size) if present.size else 0.0
    return float(min(last, limit_hz))


def analyse(samples: Array, start_s: float, end_s: float, limit_hz: float) -> Block:
    """Measure one stretch.

    Args:
        samples: mono audio at `ANALYSIS_RATE`, [T].
        start_s: where it begins in the recording.
        end_s: where it ends.
        limit_hz: from `limit_of`.
    """
    if samples.size < 2 * FRAME or float(np.sqrt(np.mean(np.square(samples)))) < QUIET_RMS:
        return Block(start_s, end_s, False, np.zeros((len(SIGNALS), LAGS), np.float32), 0.0)
    samples = samples / np.abs(samples).max()
    band_hz = usable_band(samples, limit_hz)
    above = signal.oaconvolve(samples, _highpass(), mode="same")
    power = (100 * np.square(above)).astype(np.float32)
    # a power has content at all difference frequencies, whatever the band of the signal
    rows = (_correlation(samples, LOWEST_HZ, band_hz), _correlation(power, 20.0, 15500.0))
    return Block(start_s, end_s, True, np.stack(rows), band_hz)


def join(parts: Sequence[Block]) -> Block:
    """One block for several: the loud ones' correlations averaged by duration, the widest band."""
    loud = [p for p in parts if p.loud]
    start_s, end_s = parts[0].start_s, parts[-1].end_s
    if not loud:
        return Block(start_s, end_s, False, parts[0].correlations, 0.0)
    total = np.zeros_like(loud[0].correlations)
    for part in loud:
        total += part.correlations * np.float32(part.end_s - part.start_s)
    mean = total / np.float32(sum(p.end_s - p.start_s for p in loud))
    return Block(start_s, end_s, True, mean, max(p.band_hz for p in loud))


def _correlation(samples: Array, low_hz: float, high_hz: float) -> Array:
    """Autocorrelation of the phase-only, flattened signal between two frequencies, times 1000, [LAGS]."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    spectrum = fft.rfft(frames * _window(FRAME), axis=1)
    spectrum /= np.abs(spectrum) + 1e-6
    spectrum[:, : int(low_hz * FRAME / ANALYSIS_RATE)] = 0
    spectrum[:, int(high_hz * FRAME / ANALYSIS_RATE) :] = 0
    white = np.zeros(samples.size, np.float32)
    for n, frame in enumerate(fft.irfft(spectrum, axis=1) * _window(FRAME)):
        white[n * HOP : n * HOP + FRAME] += frame
    size = max(LONG, fft.next_fast_len(white.size, real=True))
    line = fft.rfft(white * signal.get_window("hann", white.size).astype(np.float32), size)
    power = np.square(line.real) + np.square(line.imag)
    flat = np.minimum(power / (ndimage.uniform_filter1d(power, FLATTEN_BINS) + 1e-6), LIMIT)
    low, high = int(low_hz * size / ANALYSIS_RATE), int(high_hz * size / ANALYSIS_RATE)
    flat[:low], flat[high:] = 0, 0
    flat[low:high] -= flat[low:high].mean() if high > low else 0
    lags = 1000 * fft.irfft(flat, size * OVERSAMPLING)[:LAGS]
    return np.asarray(lags, np.float32)


@lru_cache(maxsize=2)
def _window(size: int) -> Array:
    return np.asarray(signal.get_window("hann", size), np.float32)


@lru_cache(maxsize=1)
def _highpass() -> Array:
    return np.asarray(signal.firwin(301, 2000.0, fs=ANALYSIS_RATE, pass_zero=False), np.float32)
