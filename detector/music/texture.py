"""Statistics of the fine texture of music between 0.3 and 7.2 kHz, where every delivery has content.

What a neural renderer gets subtly wrong is not the notes but the grain: how rough the spectrum is between
partials, how fast it changes, how steady the phases run, how deep the valleys are. Every number here is
unchanged by gain, and measured per band relative to its own surroundings, so that neither loudness nor the
balance of the mix enters.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, signal

from detector.music.spectra import ANALYSIS_RATE, Array

SIZE = 1024
HOP = 512
EDGES_HZ = (300, 900, 1700, 2600, 3600, 4700, 5900, 7200)
BANDS = len(EDGES_HZ) - 1
FLOOR_DB = 60.0
"""Bins this far under the loudest of their band count as silent: codecs write zeros there."""
PER_BAND = 17
SIZE_OF_TEXTURE = BANDS * PER_BAND


def texture(samples: Array) -> Array:
    """Describe the texture of a stretch of music.

    Args:
        samples: mono audio at `ANALYSIS_RATE`, [T], at least a tenth of a second.

    Returns:
        Features, [SIZE_OF_TEXTURE], finite; zeros for silence.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    if peak < 1e-5 or samples.size < 8 * SIZE:
        return np.zeros(SIZE_OF_TEXTURE, np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples / peak, SIZE)[::HOP]
    spectrum = fft.rfft(frames * _window(), axis=1)
    level = 20 * np.log10(np.abs(spectrum) + 1e-6)
    turn = _phase_steps(spectrum)
    features = [_band(level, turn, slice(a, b)) for a, b in _band_bins()]
    return np.nan_to_num(np.concatenate(features)).astype(np.float32)


def _band(level: Array, turn: Array, bins: slice) -> NDArray[np.float64]:
    raw = level[:, bins]
    band = np.maximum(raw, raw.max() - FLOOR_DB)
    rough = band - ndimage.uniform_filter(band, (9, 9))
    across = np.diff(band, axis=1)
    along = np.diff(band, axis=0)
    energy = band.mean(1)
    depth = np.quantile(band[::2] - np.median(band[::2], 1, keepdims=True), [0.05, 0.25, 0.75, 0.95])
    spread = rough.std() + 1e-6
    square = np.square(rough)
    weight = np.maximum(band - np.median(band), 0)[1:-1]
    steadiness = (turn[:, bins] * weight).sum() / (weight.sum() + 1e-6)
    return np.array(
        [
            spread,
            (square * rough).mean() / spread**3,
            np.square(square).mean() / spread**4,
            across.std(),
            np.abs(across).mean() / (across.std() + 1e-6),
            along.std(),
            np.abs(along).mean() / (along.std() + 1e-6),
            (along * along * along).mean() / (along.std() ** 3 + 1e-6),
            (rough[1:] * rough[:-1]).mean() / spread**2,
            (rough[2:] * rough[:-2]).mean() / spread**2,
            (rough[:, 2:] * rough[:, :-2]).mean() / spread**2,
            *depth,
            steadiness,
            _slow_share(energy),
        ]
    )


def _phase_steps(spectrum: NDArray[np.complex64]) -> Array:
    """Cosine of the second difference of phase over time: near one for a steady partial, any for noise."""
    unit = spectrum / (np.abs(spectrum) + 1e-6)
    return (unit[2:] * np.conj(unit[1:-1] * unit[1:-1]) * unit[:-2]).real


def _slow_share(energy: Array) -> float:
    """Share of the band's level changes that are slower than 10 Hz, of those slower than 31 Hz."""
    power = np.square(np.abs(fft.rfft(energy - energy.mean())))
    rates = np.arange(power.size) * (ANALYSIS_RATE / HOP) / energy.size
    return float(power[rates < 10].sum() / (power.sum() + 1e-9))


@lru_cache(maxsize=1)
def _window() -> Array:
    return signal.get_window("hann", SIZE).astype(np.float32)


@lru_cache(maxsize=1)
def _band_bins() -> tuple[tuple[int, int], ...]:
    cuts = [round(edge * SIZE / ANALYSIS_RATE) for edge in EDGES_HZ]
    return tuple(zip(cuts[:-1], cuts[1:], strict=True))
