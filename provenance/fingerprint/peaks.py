"""Spectral peaks on a logarithmic frequency axis: the points that stay when music is mistreated.

On that axis a change of pitch moves every peak by the same number of bins. The landmark idea is that of
A. Wang, "An industrial-strength audio search algorithm", ISMIR 2003; the logarithmic axis follows
S. Fenet, G. Richard and Y. Grenier, "A scalable audio fingerprint method with robustness to
pitch-shifting", ISMIR 2011.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

SAMPLE_RATE = 11025
HOP = 128
FRAME_RATE = SAMPLE_RATE / HOP
WINDOW = 1024
FFT_SIZE = 2048
BINS_PER_OCTAVE = 36
LOWEST_HZ, HIGHEST_HZ = 250.0, 4400.0
BINS = int(np.log2(HIGHEST_HZ / LOWEST_HZ) * BINS_PER_OCTAVE) + 1

FLOOR_DB = 70.0
"""Dynamic range below the loudest cell; quieter cells carry codec noise, not music."""
BACKGROUND = (87, 25)
"""Frames and bins of the local mean that is subtracted: takes away level and equalisation."""
NEIGHBOURHOOD = (13, 11)
"""Frames and bins in which a peak must be the largest."""
SALIENCE_DB = 3.0
RANK_FRAMES = 43
CHUNK_FRAMES = 2048
SMOOTHING = 1.5
SEARCHED_FRAMES = 1 << 12
RANKED = 1 << 11
"""Peaks that are compared with those around them at a time."""
REACH_FRAMES = 64
"""What the mean, the smoothing and the neighbourhood of a frame can reach."""


@dataclass(frozen=True)
class Peaks:
    """Peaks in order of time.

    Attributes:
        frame: time in frames of 11.6 ms, interpolated, [P].
        bin: logarithmic frequency in 36ths of an octave above 250 Hz, interpolated, [P].
        salience: dB above the local mean, [P].
        rank: how many stronger peaks lie within half a second, [P].
    """

    frame: FloatArray
    bin: FloatArray
    salience: FloatArray
    rank: NDArray[np.int64]

    def top(self, rank: int) -> "Peaks":
        """The peaks that are among the `rank` strongest of their second."""
        keep = self.rank < rank
        return Peaks(self.frame[keep], self.bin[keep], self.salience[keep], self.rank[keep])


@lru_cache(maxsize=1)
def _filter_bank() -> FloatArray:
    """Triangular filters from linear to logarithmic frequency, [FFT_SIZE / 2 + 1, BINS]."""
    step = SAMPLE_RATE / FFT_SIZE
    linear = np.arange(FFT_SIZE // 2 + 1) * step
    edges = LOWEST_HZ * 2 ** (np.arange(-1, BINS + 1) / BINS_PER_OCTAVE)
    low = np.minimum(edges[:-2], edges[1:-1] - step)  # never narrower than the transform's own bins
    high = np.maximum(edges[2:], edges[1:-1] + step)
    rising = (linear[:, None] - low) / (edges[1:-1] - low)
    falling = (high - linear[:, None]) / (high - edges[1:-1])
    bank = np.minimum(rising, falling).clip(0)
    return np.asarray(bank / bank.sum(0), dtype=np.float32)


def log_spectrogram(samples: FloatArray) -> FloatArray:
    """Power in dB on the logarithmic axis.

    Args:
        samples: mono audio at `SAMPLE_RATE`, [T].

    Returns:
        [N, BINS], N = T // HOP + 1, floored at 70 dB under the loudest cell.
    """
    from scipy import fft  # where an index is only written or read, nobody waits for SciPy or torch

    from core import scratch

    window = np.hanning(WINDOW).astype(np.float32)
    count = len(samples) // HOP + 1
    power: FloatArray = scratch.empty((count, BINS)).numpy()
    parts = [slice(begin, min(begin + CHUNK_FRAMES, count)) for begin in range(0, count, CHUNK_FRAMES)]
    loudest = 0.0
    for part in parts:
        first, last = part.start * HOP - WINDOW // 2, (part.stop - 1) * HOP + WINDOW // 2
        heard = samples[max(0, first) : last]
        padded = np.pad(heard.astype(np.float32, copy=False), (max(0, -first), max(0, last - len(samples))))
        frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
        spectrum = fft.rfft(frames * window, FFT_SIZE, axis=1)
        power[part] = (spectrum.real**2 + spectrum.imag**2) @ _filter_bank()
        loudest = max(loudest, float(power[part].max()))
        scratch.forget(heard)
        scratch.forget(power[part])
    for part in parts:
        level = power[part]
        level += np.float32(10 ** (-FLOOR_DB / 10) * loudest + 1e-12)
        np.log10(level, out=level)
        level *= 10
        scratch.forget(level)
    return power


def find_peaks(samples: FloatArray) -> Peaks:
    """Peaks of mono audio at `SAMPLE_RATE`, [T]; none for silence.

    The spectrogram of long audio lies in a file (see `core.scratch`); less than a minute of it is held.
    """
    from core import scratch

    decibels = log_spectrogram(samples)
    parts = []
    for begin in range(0, len(decibels), SEARCHED_FRAMES):
        parts.append(_peaks_in(decibels, begin))
        scratch.forget(decibels[begin : begin + SEARCHED_FRAMES])
    whole, frame, bin_, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Peaks(frame, bin_, value, _rank(whole, value))


def _peaks_in(
    decibels: FloatArray, begin: int
) -> tuple[NDArray[np.int64], FloatArray, FloatArray, FloatArray]:
    """Peaks in `SEARCHED_FRAMES` frames of a spectrogram from `begin` on: whole frame, and as in `Peaks`."""
    from scipy import ndimage

    end, first = min(begin + SEARCHED_FRAMES, len(decibels)), max(0, begin - REACH_FRAMES)
    around = decibels[first : end + REACH_FRAMES]
    salience = around - ndimage.uniform_filter(around, BACKGROUND, mode="nearest")
    salience = ndimage.gaussian_filter1d(salience, SMOOTHING, axis=0)
    largest = ndimage.maximum_filter(salience, NEIGHBOURHOOD, mode="nearest")
    inner = (salience == largest) & (salience > SALIENCE_DB)
    inner[: max(begin, 1) - first] = False
    inner[min(end, len(decibels) - 1) - first :] = False
    inner[:, [0, -1]] = False
    frame, bin_ = np.nonzero(inner)
    value = salience[frame, bin_]
    return (
        first + frame,
        first
        + frame
        + _vertex(salience[frame - 1, bin_], value, salience[np.minimum(frame + 1, len(salience) - 1), bin_]),
        bin_ + _vertex(salience[frame, bin_ - 1], value, salience[frame, np.minimum(bin_ + 1, BINS - 1)]),
        value,
    )


def _vertex(before: FloatArray, value: FloatArray, after: FloatArray) -> FloatArray:
    """Offset of the top of the parabola through three neighbours, -0.5 to 0.5."""
    curvature = np.minimum(before - 2 * value + after, -1e-6)
    return np.asarray((0.5 * (before - after) / curvature).clip(-0.5, 0.5), dtype=np.float32)


def _rank(frame: NDArray[np.int64], value: FloatArray) -> NDArray[np.int64]:
    rank = np.zeros(len(frame), np.int64)
    for at in range(0, len(frame), RANKED):
        some = slice(at, at + RANKED)
        begin = np.searchsorted(frame, frame[some] - RANK_FRAMES)
        end = np.searchsorted(frame, frame[some] + RANK_FRAMES, side="right")
        others = begin[:, None] + np.arange(int((end - begin).max()))
        stronger = value[np.minimum(others, len(value) - 1)] > value[some, None]
        rank[some] = (stronger & (others < end[:, None])).sum(1)
    return rank
