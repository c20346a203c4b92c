"""Whether two tracks that are found at the same time are two recordings, or one that is filed twice.

A hit belongs to a peak of the query. Of one recording that is filed twice the same peaks speak for both;
where two recordings are mixed, each has its own.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint.match import Found
from provenance.fingerprint.peaks import FRAME_RATE

IntArray = NDArray[np.int64]
SAME_MOMENTS = 0.4
"""Share of the moments of the track with fewer, where both are heard, from which they are one recording:
between what mash-ups and recordings that were filed twice have (`lab.evaluation.fingerprint.mixed`)."""


def mixed_with(one: Found, every: Sequence[Found], moments: Mapping[int, IntArray]) -> tuple[int, ...]:
    """Numbers of the tracks that are heard in the same stretches as `one` and are other recordings.

    Args:
        one: a track that was found.
        every: all that were found.
        moments: of each track's lines, in frames of the query, rising.
    """
    return tuple(
        other.track
        for other in every
        if other.track != one.track
        and (share := shared(one, other, moments)) is not None
        and share < SAME_MOMENTS
    )


def shared(one: Found, other: Found, moments: Mapping[int, IntArray]) -> float | None:
    """Share of the moments of the track with fewer, where both are heard, that are the other's too.

    Returns:
        0 to 1; None where they are not heard at the same time.
    """
    own, others = _inside(moments[one.track], other), _inside(moments[other.track], one)
    fewer = min(len(own), len(others))
    return None if fewer == 0 else len(np.intersect1d(own, others, assume_unique=True)) / fewer


def _inside(moments: IntArray, other: Found) -> IntArray:
    """Those of the moments that lie in the stretches of another track."""
    at_s = moments / FRAME_RATE
    inside = [(at_s >= part.start_s) & (at_s <= part.end_s) for part in other.heard]
    return np.asarray(moments[np.any(inside, axis=0)], np.int64)
