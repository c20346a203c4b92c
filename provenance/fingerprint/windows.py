"""A query cut into windows of about twelve seconds, without gaps: its length costs time, not memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint import triplets
from provenance.fingerprint.extract import Fingerprint

IntArray = NDArray[np.int64]

WINDOW_FRAMES = 1034  # 12 s


@dataclass(frozen=True)
class Window:
    """A part of a query.

    Attributes:
        cells: `triplets.values` of its hashes, [5, N].
        times: their frames, counted from `centre`, [N].
        strong: which of them are of the kind that an index keeps, [N].
        centre: frame of the query.
        frames: length.
    """

    cells: NDArray[np.float32]
    times: IntArray
    strong: NDArray[np.bool_]
    centre: int
    frames: int


class Windows:
    """The windows of a query, in order, each made when it is asked for.

    Args:
        fingerprint: of the query.
    """

    def __init__(self, fingerprint: Fingerprint) -> None:
        self._fingerprint = fingerprint
        self._order = np.argsort(fingerprint.times, kind="stable")
        self._times = fingerprint.times[self._order]
        frames = fingerprint.frames
        whole = frames <= WINDOW_FRAMES * 3 // 2
        self._count = 1 if whole else -(-frames // WINDOW_FRAMES)
        self._length = frames if whole else WINDOW_FRAMES

    def __len__(self) -> int:
        return self._count

    def centre(self, number: int) -> int:
        """Middle frame of a window."""
        return self._begin(number) + self._length // 2

    def holding(self, moments: IntArray) -> range:
        """Numbers of the windows from the one that holds the first to the one that holds the last moment."""
        apart = max(1.0, (self._fingerprint.frames - self._length) / max(1, self._count - 1))
        first, last = (int(min(self._count - 1, edge // apart)) for edge in (moments[0], moments[-1]))
        return range(first, last + 1)

    def _begin(self, number: int) -> int:
        return round(number * (self._fingerprint.frames - self._length) / max(1, self._count - 1))

    def __getitem__(self, number: int) -> Window:
        begin = self._begin(number)
        first, last = np.searchsorted(self._times, [begin, begin + self._length])
        inside = np.sort(self._order[first:last])
        centre = self.centre(number)
        times = self._fingerprint.times[inside].astype(np.int64) - centre
        cells = triplets.values(self._fingerprint.hashes[inside])
        return Window(cells, times, inside < self._fingerprint.filed, centre, self._length)

    def __iter__(self) -> Iterator[Window]:
        return (self[number] for number in range(self._count))
