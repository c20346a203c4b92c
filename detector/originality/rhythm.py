"""Rhythm: when something begins, in four bands, as an autocorrelation over the logarithm of the lag."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from detector.originality.frames import HOP_S, Array
from detector.originality.loglag import Axis, autocorrelation

BANDS = ((0, 6), (6, 14), (14, 26), (26, 40))
"""Of mel bands: about 60-400 Hz, to 1 kHz, to 2.7 kHz, and above."""
LAGS = Axis(0.1, 146)
"""A tenth of a second to about eight seconds."""
PULSE_LAGS_S = (0.2, 4.0)
LOCAL_S = 1.0
WINDOW_S = 12.0
LEAST_DB = 1.0
"""Steps between two frames that are smaller are no onsets: a held sound flickers as much."""


@dataclass(frozen=True)
class Rhythm:
    """A track's rhythm.

    Attributes:
        whole: autocorrelation of the onsets of each band, [4, lags].
        windows: of all bands together, of stretches of `WINDOW_S`, half of it apart, [W, lags].
        pulse: how clearly onsets repeat, the highest autocorrelation within `PULSE_LAGS_S`.
        onsets_per_s: how many there are.
    """

    whole: Array
    windows: Array
    pulse: float
    onsets_per_s: float


def rhythm(mel: Array) -> Rhythm:
    """Rhythm of levels in mel bands from `frames`, [N, mel bands]."""
    onsets = _onsets(mel)
    together = onsets.sum(1)
    whole = np.stack([_of(onsets[:, band]) for band in range(len(BANDS))])
    shares = onsets.std(0) / (onsets.std(0).sum() + 1e-9)
    size = round(WINDOW_S / HOP_S)
    starts = range(0, max(1, len(mel) - size + 1), size // 2)
    windows = np.stack([_of(together[start : start + size]) for start in starts])
    lags = LAGS.lags_s
    within = (lags >= PULSE_LAGS_S[0]) & (lags <= PULSE_LAGS_S[1])
    return Rhythm(
        np.asarray(whole * np.sqrt(shares)[:, None], np.float32),
        np.asarray(windows, np.float32),
        float(_of(together)[within].max()),
        _count(together),
    )


def _onsets(mel: Array) -> Array:
    """Rise of the level from frame to frame, above its surroundings, [N, 4]."""
    level = np.maximum(mel, mel.max() - 60.0)
    rise = np.maximum(np.diff(level, axis=0, prepend=level[:1]) - LEAST_DB, 0.0)
    bands = np.stack([rise[:, low:high].mean(1) for low, high in BANDS], axis=1)
    around = ndimage.uniform_filter1d(bands, round(LOCAL_S / HOP_S), axis=0, mode="nearest")
    return np.asarray(np.maximum(bands - around, 0.0), np.float32)


def _of(onsets: Array) -> Array:
    """Autocorrelation of one row of onsets, [N] -> [lags]."""
    soft = ndimage.gaussian_filter1d(onsets, 1.5)
    centred = np.asarray(soft - soft.mean(), np.float32)[:, None]
    return np.asarray(autocorrelation(centred, HOP_S, LAGS)[0], np.float32)


def _count(onsets: Array) -> float:
    """Clear onsets in a second: local maxima of a decibel and more in the mean of a band."""
    peaks = (onsets[1:-1] > onsets[:-2]) & (onsets[1:-1] >= onsets[2:]) & (onsets[1:-1] > len(BANDS))
    return float(peaks.sum()) / (len(onsets) * HOP_S)
