"""The coarse lines of the last layers: few, exact, and the same for every recording of a decoder.

A layer whose input runs at 4 kHz or 6 kHz leaves lines at a handful of frequencies only. No lag search can
find those, but their places are known from the rates in use, and music has no reason to hold a steady tone
within 2 Hz of all of them. A line is measured in the mean spectrum in decibels, so that it must be there most
of the time, against the spread of the spectrum's fine structure around it.

Source: J. Pons et al., Upsampling Artifacts in Neural Audio Synthesis, ICASSP 2021 (tonal artefacts).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from detector.music.spectra import ANALYSIS_RATE, LINE_FRAME, Array

BIN_HZ = ANALYSIS_RATE / LINE_FRAME
FLOOR_BINS = 21
AROUND_BINS = 201
LOWEST_HZ = 900.0
HIGHEST_HZ = 15700.0
LINE_CAP = 8.0

GRIDS: Mapping[str, tuple[float, ...]] = {
    "multiples of 1 kHz": tuple(1000.0 * k for k in range(2, 16)),
    "multiples of 1.378 kHz": tuple(1378.125 * k for k in range(2, 12)),
    "multiples of 2 kHz": (2000.0, 4000.0, 6000.0, 8000.0),
    "multiples of 2.756 kHz": (2756.25, 5512.5, 8268.75, 11025.0, 13781.25),
    "multiples of 3 kHz": (3000.0, 6000.0, 9000.0, 12000.0),
    "multiples of 4 kHz": (4000.0, 8000.0, 12000.0),
    "multiples of 5 kHz": (5000.0, 10000.0, 15000.0),
    "multiples of 5.512 kHz": (5512.5, 11025.0),
    "multiples of 6 kHz": (6000.0, 12000.0),
}
"""Lines of layers whose input runs at these rates, for output at 16, 22.05, 24, 32, 40, 44.1 and 48 kHz."""


def prominence(spectrum: Array) -> Array:
    """How far each bin stands above the median of its surroundings, in decibels, -8 to 20."""
    return np.asarray(np.clip(spectrum - ndimage.median_filter(spectrum, FLOOR_BINS), -8.0, 20.0), np.float32)


def line_heights(spectrum: Array) -> NDArray[np.float64]:
    """How far each bin (with its neighbours) stands out, in spreads of its surroundings.

    Args:
        spectrum: mean spectrum in decibels, [`LINE_FRAME` / 2 + 1].
    """
    peak = ndimage.maximum_filter1d(prominence(spectrum), 3).astype(np.float64)
    mean = ndimage.uniform_filter1d(peak, AROUND_BINS)
    spread = np.sqrt(np.maximum(ndimage.uniform_filter1d(peak**2, AROUND_BINS) - mean**2, 0.0)) + 0.3
    return np.asarray(np.clip((peak - mean) / spread, -2.0, LINE_CAP), np.float64)


def grid_scores(spectrum: Array, limit_hz: float) -> NDArray[np.float64]:
    """Score of every grid: sum of its lines' heights over the root of their number, [len(GRIDS)].

    Args:
        spectrum: mean spectrum in decibels.
        limit_hz: from `spectra.limit_of`; a line at exactly half the sample rate counts.
    """
    heights = line_heights(spectrum)
    top = min(HIGHEST_HZ, limit_hz * 0.501 / 0.485)
    scores = []
    for lines in GRIDS.values():
        z = [heights[round(hz / BIN_HZ)] for hz in lines if LOWEST_HZ <= hz <= top]
        scores.append(float(np.sum(z) / np.sqrt(len(z))) if len(z) > 1 else 0.0)
    return np.array(scores)
