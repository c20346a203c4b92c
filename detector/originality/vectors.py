"""What is compared of a whole track, in one row of fixed length, so that thousands are compared at once.

Beside autocorrelations and covariances stands what every comparison needs of them: their lengths and
determinants.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.originality.chroma import CLASSES
from detector.originality.frames import Array
from detector.originality.loglag import SHIFTS, lengths, sharpened
from detector.originality.rhythm import BANDS, LAGS
from detector.originality.sketch import DIMENSIONS, OUTLINE, Sketch
from detector.originality.structure import PAIRS
from detector.originality.timbre import COEFFICIENTS, determinants

ROW = np.dtype(
    [
        ("heard_s", "<f8"),
        ("rows", "<u4"),
        ("measured", "?", len(DIMENSIONS)),
        ("outline", "<f2", CLASSES * OUTLINE.count),
        ("outline_lengths", "<f4", SHIFTS + 1),
        ("rhythm", "<f2", len(BANDS) * LAGS.count),
        ("rhythm_lengths", "<f4", SHIFTS + 1),
        ("mean", "<f4", COEFFICIENTS),
        ("covariance", "<f4", (COEFFICIENTS, COEFFICIENTS)),
        ("determinant", "<f4"),
        ("structure", "<f2", 2 * PAIRS),
    ]
)
"""`rows` is how many rows of pitch classes the track has."""

Rows = NDArray[np.void]


def vectors(sketches: Sequence[Sketch]) -> Rows:
    """The rows of some tracks, [N]."""
    made = np.zeros(len(sketches), ROW)
    for row, one in zip(made, sketches, strict=True):
        outline, rhythm = sharpened(_full(one.outline)), _full(one.rhythm)
        row["heard_s"], row["rows"] = one.heard_s, len(one.rows)
        row["measured"] = [not reason for reason in one.reasons]
        row["outline"], row["rhythm"] = outline.reshape(-1), rhythm.reshape(-1)
        row["outline_lengths"], row["rhythm_lengths"] = lengths(outline[None])[0], lengths(rhythm[None])[0]
        row["mean"], row["covariance"] = one.mean, one.covariance
        row["determinant"] = determinants(one.covariance)
        row["structure"] = one.structure
    return made


def _full(half: Array) -> Array:
    return np.asarray(half, np.float32)
