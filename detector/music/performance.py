"""How the music is played: timing, accents, dynamics and repetition over ten seconds.

Machine-composed music that is rendered with samples carries no decoder's trace. What is left is the playing:
notes on an exact grid, accents of few strengths, little phrasing, literal repetition. Human music made with a
sequencer has all of these too, so the measure is weak by nature; its likelihood ratio, fitted on few systems,
stays close to 0 and is reported as a proposition of its own, never joined with the decoder's traces.

Sources: S. Dixon, Onset Detection Revisited, DAFx 2006 (spectral flux); J. Foote, Visualizing music and audio
using self-similarity, ACM Multimedia 1999.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from core.downmix import downmix
from core.resample import resample
from detector.calibration import LogisticCalibration
from detector.music.windows import hann, peaks

Vector = NDArray[np.float64]

RATE = 16000
MOST_S = 10.0
FRAME = 512
HOP = 160
FRAMES_PER_S = RATE / HOP
BANDS = 24
BEAT_LAGS_S = (0.2, 1.2)
REPEAT_LAGS_S = (1.5, 4.5)
FEATURES = (
    "beat strength",
    "beat exactness",
    "grid strength",
    "accent spread",
    "accent levels",
    "onset rate",
    "dynamics",
    "slow dynamics",
    "repetition",
    "exact repetition",
)


SHORTEST_S = 6.0


@dataclass(frozen=True)
class PerformanceModel:
    """A linear score of the playing and its calibration.

    Attributes:
        mean: of each feature in the training data, [F].
        spread: standard deviation of each, [F].
        weights: of the normalised features, [F].
        calibration: from the score to a likelihood ratio, machine-composed over human.
    """

    mean: Vector
    spread: Vector
    weights: Vector
    calibration: LogisticCalibration

    def raw(self, features: Vector) -> Vector:
        """Scores of feature rows, [..., F] -> [...]; each feature counts up to three spreads."""
        normal = np.clip((features - self.mean) / self.spread, -3.0, 3.0)
        return np.asarray(normal @ self.weights, np.float64)

    def llr(self, features: Vector) -> float:
        """Log10 likelihood ratio, machine-composed and rendered over human."""
        return self.calibration.llr(float(self.raw(features)))


def describe(wav: Tensor, sample_rate: int) -> Vector:
    """Measure the playing of the ten seconds in the middle, the length that the model was fitted on.

    Args:
        wav: audio, [C, T], at least three seconds.
        sample_rate: in Hz.

    Returns:
        One number per name in `FEATURES`.
    """
    size = round(MOST_S * sample_rate)
    start = max(0, (wav.shape[-1] - size) // 2)
    mono = downmix(wav[:, start : start + size].float())
    samples = resample(mono, sample_rate, RATE).numpy().astype(np.float64)
    levels = _band_levels(samples / (np.sqrt(np.mean(samples**2)) + 1e-9))
    flux = np.maximum(np.diff(levels, axis=0), 0.0).mean(1)
    onsets = peaks(flux, flux.mean() + 0.5 * flux.std(), 5)
    strengths = flux[onsets] if onsets.size > 2 else np.ones(3)
    loudness = levels.mean(1)
    slow = np.convolve(loudness, np.full(100, 0.01), mode="valid") if loudness.size > 200 else loudness
    return np.array(
        [
            *_timing(flux),
            float(strengths.std() / strengths.mean()),
            _levels_used(strengths),
            onsets.size / (flux.size / FRAMES_PER_S),
            float(loudness.std()),
            float(slow.std()),
            *_repetition(levels),
        ]
    )


def _band_levels(samples: Vector) -> Vector:
    """Level in dB of log-spaced bands, 60 dB of range, [N, BANDS]."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    power = np.square(np.abs(np.fft.rfft(frames * hann(FRAME), axis=1)))
    edges = np.unique(np.rint(np.geomspace(2, FRAME // 2, BANDS + 1)).astype(np.int64))
    bands = np.stack([power[:, a:b].mean(1) for a, b in pairwise(edges)], 1)
    levels = 10 * np.log10(bands + 1e-12)
    return np.asarray(np.maximum(levels, levels.max() - 60.0), np.float64)


def _timing(flux: Vector) -> tuple[float, float, float]:
    """Height of the beat in the flux's autocorrelation, its fall within 20 ms, and the height of its half."""
    centred = flux - flux.mean()
    correlation = np.correlate(centred, centred, "full")[flux.size - 1 :]
    correlation = correlation / (correlation[0] + 1e-12)
    low, high = (round(s * FRAMES_PER_S) for s in BEAT_LAGS_S)
    high = min(high, correlation.size - 4)
    if high <= low + 4:
        return 0.0, 0.0, 0.0
    beat = low + int(correlation[low:high].argmax())
    height = float(correlation[beat])
    fall = height - float(correlation[[beat - 2, beat + 2]].mean())
    return height, fall, float(correlation[max(1, beat // 2)])


def _levels_used(strengths: Vector) -> float:
    """How evenly accents spread over ten levels, as entropy in nats: few levels, low entropy."""
    counts, _ = np.histogram(strengths / strengths.max(), bins=10, range=(0.0, 1.0))
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def _repetition(levels: Vector) -> tuple[float, float]:
    """Best likeness of the spectrum to itself some seconds later, and how much of it is literal."""
    shape = levels - levels.mean(1, keepdims=True)
    shape /= np.linalg.norm(shape, axis=1, keepdims=True) + 1e-9
    low, high = (round(s * FRAMES_PER_S) for s in REPEAT_LAGS_S)
    lags = range(low, min(high, len(shape) - 100), 2)
    likeness = [(shape[lag:] * shape[:-lag]).sum(1) for lag in lags]
    if not likeness:
        return 0.0, 0.0
    best = max(likeness, key=lambda row: float(row.mean()))
    return float(best.mean()), float((best > 0.95).mean())
