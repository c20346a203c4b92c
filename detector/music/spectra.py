"""Whitened autocorrelation: traces of a neural decoder repeat with its frame clock, music does not.

A transposed convolution with stride r is zero insertion followed by a filter. Two things follow, and both
repeat with the period of the layer's input frames, exactly, for as long as the recording lasts:

- `lines`: the mean of the layer's input (bias, non-linearity) reappears as a tone at every multiple of its
  frame rate. In the autocorrelation, the comb is a peak at every multiple of the frame period.
- `flutter`: the r output phases are filtered differently, so the signal's power is periodic
  (cyclostationary); the same peaks appear in the autocorrelation of the power, even where no tone is left
  in the audio.

The comb is far weaker than the music, so the music is taken out first: every frame's spectrum keeps only its
phase, and the spectrum of ten seconds is then flattened and limited. A steady clock adds up coherently over
the ten seconds; notes, drums and noise do not.

The last layers' lines are few (a stride of 2 at 24 kHz leaves one, at 12 kHz) and too coarse for a lag
search; for them the mean spectrum in decibels is kept, see `tiers.py`.

Sources: A. Odena et al., Deconvolution and Checkerboard Artifacts, Distill 2016; J. Pons et al., Upsampling
Artifacts in Neural Audio Synthesis, ICASSP 2021; W. A. Gardner, Statistical Spectral Analysis, 1987
(cyclostationarity); C. Knapp and G. Carter, The generalized correlation method, IEEE ASSP 24, 1976 (phase
transform).
"""

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft, ndimage
from torch import Tensor

from core import scratch
from core.downmix import downmix
from core.resample import resample
from detector.music.windows import above, hann, taper

Array = NDArray[np.float32]

ANALYSIS_RATE = 32000
BLOCK_S = 10.0
SHORTEST_BLOCK_S = 5.0
SEGMENT_S = 5.0
QUIET_RMS = 1e-4
"""Blocks below -80 dBFS are left out: digital silence and dither say nothing about the music."""

FRAME = 4096
HOP = 1984
"""Not a divisor of any frame clock in use, so that the analysis leaves no comb of its own on one."""
OVERSAMPLING = 2
LAG_RATE = ANALYSIS_RATE * OVERSAMPLING
LAST_LAG_S = 6.0
LAGS = round(LAST_LAG_S * LAG_RATE) + 1
SEGMENT_LAGS = round(2.4 * LAG_RATE) + 1
LINE_FRAME = 16384

LOWEST_HZ = 300.0
FLATTEN_HZ = 122.0
LIMIT = 6.0
SIGNALS = ("lines", "flutter")
THREADS = 2


@dataclass(frozen=True)
class Block:
    """What is kept of a stretch of audio.

    Attributes:
        start_s: beginning of the stretch.
        end_s: its end.
        loud: whether it holds enough sound to be measured.
        correlations: whitened autocorrelation of `lines` and `flutter` at lags n / `LAG_RATE`, [2, lags].
        support: height that a steady comb's peak keeps at each lag, 1 at lag 0, falling as less of the
            stretch overlaps with itself, [lags].
        spectrum: mean spectrum in decibels, frames of `LINE_FRAME`, [`LINE_FRAME` / 2 + 1].
        band_hz: where its content ends.
        limit_hz: highest frequency that its sample rate could hold, see `limit_of`.
        loud_s: seconds of loud audio in it.
    """

    start_s: float
    end_s: float
    loud: bool
    correlations: Array
    support: Array
    spectrum: Array
    band_hz: float
    limit_hz: float
    loud_s: float


def survey(wav: Tensor, sample_rate: float) -> tuple[Block, tuple[Block, ...]]:
    """Measure a recording as a whole and in stretches of about five seconds.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz; where a change of speed is undone, what it then is.

    Returns:
        The whole, its correlations averaged over blocks of about ten seconds, and the stretches, with
        correlations up to 2.4 s in half precision: of long audio in a file, see `let_go`.
    """
    limit_hz = limit_of(sample_rate)
    count = sum(_segments((end - start) / sample_rate) for start, end in cuts(wav.shape[-1], sample_rate))
    # an hour's correlations take half a gigabyte: many lie in a file
    shelf = scratch.empty((count, len(SIGNALS) * SEGMENT_LAGS // 2))
    segments: list[Block] = []
    wholes: list[Block] = []
    pieces = blocks(wav, sample_rate)
    with ThreadPoolExecutor(THREADS) as pool:
        # a few blocks at a time and a running mean: memory for the whole does not grow with the recording
        while some := list(itertools.islice(pieces, 2 * THREADS)):
            for whole, parts in pool.map(lambda piece: analyse(piece[2], piece[0], piece[1], limit_hz), some):
                wholes = [join([*wholes, whole])]
                for part in parts:
                    segments.append(_put(part, shelf[len(segments)]))
    return wholes[0], tuple(segments)


def let_go(part: Block) -> None:
    """Keep the correlations of a stretch out of memory until they are read again, if they lie in a file."""
    scratch.forget(part.correlations)


def _put(part: Block, place: Tensor) -> Block:
    """A stretch with its correlations in another place, float32 [len(SIGNALS) * SEGMENT_LAGS / 2]."""
    if not part.loud:
        return part
    halves = place.view(torch.float16).view(len(SIGNALS), SEGMENT_LAGS)
    halves.copy_(torch.from_numpy(part.correlations))
    there = replace(part, correlations=halves.numpy())
    let_go(there)
    return there


def _segments(duration_s: float) -> int:
    """In how many stretches a block of that length is measured."""
    return max(1, round(duration_s / SEGMENT_S))


def blocks(wav: Tensor, sample_rate: float) -> Iterator[tuple[float, float, Array]]:
    """Cut audio into mono stretches of about ten seconds at the analysis rate.

    Each stretch is resampled on its own, so the memory needed beyond the audio itself does not grow.

    Args:
        wav: audio, [C, T].
        sample_rate: in Hz.

    Yields:
        Start and end in seconds, and samples at `ANALYSIS_RATE`. The last stretch takes a remainder shorter
        than `SHORTEST_BLOCK_S` with it.
    """
    for start, end in cuts(wav.shape[-1], sample_rate):
        part = wav[:, start:end]
        samples = resample(downmix(part.float()), *_rates(sample_rate)).numpy()
        scratch.forget(part)
        yield start / sample_rate, end / sample_rate, np.ascontiguousarray(samples, dtype=np.float32)


def cuts(samples: int, sample_rate: float) -> list[tuple[int, int]]:
    """First and last sample, exclusive, of each of the `blocks` of so many samples."""
    size = round(BLOCK_S * sample_rate)
    starts = list(range(0, samples, size)) or [0]
    if len(starts) > 1 and samples - starts[-1] < SHORTEST_BLOCK_S * sample_rate:
        starts.pop()
    return list(itertools.pairwise([*starts, samples]))


def _rates(sample_rate: float) -> tuple[int, int]:
    """A rate and the analysis rate as whole numbers, in proportion to about one part in a million."""
    if sample_rate == int(sample_rate):
        return int(sample_rate), ANALYSIS_RATE
    ratio = Fraction(sample_rate / ANALYSIS_RATE).limit_denominator(1000)
    return ratio.numerator, ratio.denominator


def limit_of(sample_rate: float) -> float:
    """Highest frequency that audio of that rate can hold and the analysis can see, in Hz."""
    return 0.485 * min(sample_rate, ANALYSIS_RATE)


def usable_band(samples: Array, limit_hz: float) -> float:
    """Frequency where content ends: the last one within 75 dB of the loudest, smoothed over 60 Hz."""
    size = min(FRAME, samples.size)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: size // 2]
    spectrum = fft.rfft((frames - frames.mean(1, keepdims=True)) * _window(size), axis=1)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)).mean(0)
    smooth = 10 * np.log10(ndimage.uniform_filter1d(power, 9) + 1e-20)
    present = np.flatnonzero(smooth > smooth[8:].max() - 75.0)
    last = present[-1] * ANALYSIS_RATE / size if present.size else 0.0
    return float(min(last, limit_hz))


def analyse(samples: Array, start_s: float, end_s: float, limit_hz: float) -> tuple[Block, list[Block]]:
    """Measure one block and the segments in it.

    Args:
        samples: mono audio at `ANALYSIS_RATE`, [T].
        start_s: where it begins in the recording.
        end_s: where it ends.
        limit_hz: from `limit_of`.
    """
    count = _segments(end_s - start_s)
    edges = [round(samples.size * k / count) for k in range(count + 1)]
    times = [start_s + (end_s - start_s) * k / count for k in range(count + 1)]
    if not _loud(samples):
        return _silent(start_s, end_s), [_silent(*times[k : k + 2]) for k in range(count)]
    samples = samples / np.abs(samples).max()
    band_hz = usable_band(samples, limit_hz)
    power = (100 * np.square(above(samples, ANALYSIS_RATE))).astype(np.float32)
    # a power has content at all difference frequencies, whatever the band of the signal
    bands = ((LOWEST_HZ, band_hz), (20.0, 15500.0))
    white = [_whitened(x, *band) for x, band in zip((samples, power), bands, strict=True)]
    segments = []
    for k, (low, high) in enumerate(itertools.pairwise(edges)):
        if _loud(samples[low:high]):
            segments.append(
                _block(
                    samples[low:high],
                    [w[low:high] for w in white],
                    bands,
                    times[k : k + 2],
                    limit_hz,
                    SEGMENT_LAGS,
                )
            )
        else:
            segments.append(_silent(*times[k : k + 2]))
    return _block(samples, white, bands, [start_s, end_s], limit_hz, LAGS), segments


def _block(
    samples: Array,
    white: Sequence[Array],
    bands: Sequence[tuple[float, float]],
    times: Sequence[float],
    limit_hz: float,
    lags: int,
) -> Block:
    rows = np.stack([_correlation(w, *band, lags) for w, band in zip(white, bands, strict=True)])
    support = _support(samples.size)[:lags]
    if lags < LAGS:
        rows = rows.astype(np.float16)
    return Block(
        times[0],
        times[1],
        True,
        rows,
        support,
        _decibels(samples),
        bands[0][1],
        limit_hz,
        times[1] - times[0],
    )


def _silent(start_s: float, end_s: float) -> Block:
    nothing = np.zeros(0, np.float32)
    return Block(
        start_s, end_s, False, np.zeros((len(SIGNALS), 0), np.float32), nothing, nothing, 0.0, 0.0, 0.0
    )


def _loud(samples: Array) -> bool:
    return samples.size >= 2 * FRAME and float(np.sqrt(np.mean(np.square(samples)))) >= QUIET_RMS


def join(parts: Sequence[Block]) -> Block:
    """One block for several: the loud ones' measurements averaged by duration, the widest band."""
    start_s, end_s = parts[0].start_s, parts[-1].end_s
    loud = [p for p in parts if p.loud]
    if not loud:
        return _silent(start_s, end_s)
    weights = np.array([p.loud_s for p in loud])
    weights /= weights.sum()

    def mean(rows: Sequence[Array]) -> Array:
        total = np.zeros_like(rows[0])
        for row, weight in zip(rows, weights, strict=True):
            total += row * np.float32(weight)
        return total

    return Block(
        start_s,
        end_s,
        True,
        mean([p.correlations for p in loud]),
        mean([p.support for p in loud]),
        mean([p.spectrum for p in loud]),
        max(p.band_hz for p in loud),
        max(p.limit_hz for p in loud),
        sum(p.loud_s for p in loud),
    )


def _whitened(samples: Array, low_hz: float, high_hz: float) -> Array:
    """The signal with every frame's spectrum reduced to its phase between two frequencies, [T]."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    spectrum = fft.rfft(frames * _window(FRAME), axis=1)
    spectrum /= np.abs(spectrum) + 1e-6
    spectrum[:, : int(low_hz * FRAME / ANALYSIS_RATE)] = 0
    spectrum[:, int(high_hz * FRAME / ANALYSIS_RATE) :] = 0
    white = np.zeros(samples.size, np.float32)
    for n, frame in enumerate(fft.irfft(spectrum, axis=1) * _window(FRAME)):
        white[n * HOP : n * HOP + FRAME] += frame
    return white


def _correlation(white: Array, low_hz: float, high_hz: float, lags: int) -> Array:
    """Autocorrelation of the flattened signal, in units of its spread at long lags, limited, [lags]."""
    size = fft.next_fast_len(white.size + lags // OVERSAMPLING, real=True)
    line = fft.rfft(white * _taper(white.size), size)
    power = np.square(line.real) + np.square(line.imag)
    around = 2 * round(FLATTEN_HZ * size / ANALYSIS_RATE / 2) + 1
    flat = np.minimum(power / (ndimage.uniform_filter1d(power, around) + 1e-6), LIMIT)
    low, high = int(low_hz * size / ANALYSIS_RATE), int(high_hz * size / ANALYSIS_RATE)
    flat[:low], flat[high:] = 0, 0
    flat[low:high] -= flat[low:high].mean() if high > low else 0
    correlation = fft.irfft(flat, size * OVERSAMPLING)[:lags]
    return np.asarray(1000 * correlation, np.float32)


def _decibels(samples: Array) -> Array:
    """Mean over frames of the spectrum in decibels: a steady weak line counts as much as loud notes."""
    size = min(samples.size, LINE_FRAME)
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[:: LINE_FRAME // 2]
    spectrum = fft.rfft(frames * _window(size), LINE_FRAME, axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray((10 * np.log10(power + 1e-10)).mean(0), np.float32)


@lru_cache(maxsize=4)
def _window(size: int) -> Array:
    return hann(size).astype(np.float32)


@lru_cache(maxsize=8)
def _taper(size: int) -> Array:
    return taper(size).astype(np.float32)


@lru_cache(maxsize=8)
def _support(size: int) -> Array:
    """Overlap of the taper with itself at every lag, 1 at lag 0, [LAGS]."""
    spectrum = fft.rfft(_taper(size), fft.next_fast_len(2 * size, real=True))
    overlap = fft.irfft(np.square(np.abs(spectrum)))[:size]
    lags = np.arange(LAGS) / OVERSAMPLING
    return np.asarray(np.interp(lags, np.arange(size), overlap / overlap[0], right=0.0), np.float32)
