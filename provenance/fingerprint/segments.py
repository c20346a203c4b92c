"""When the segments of a growing index are merged: rarely, and so that there are few of them."""

from collections.abc import Sequence

RATIO = 4
"""A segment is merged with what is newer once that is a quarter of it. So each is more than four times as
large as all that comes after it: a million tracks lie in seven segments at most, where none has a limit, and
a track is copied a few times on its way through each size (log-structured merge: P. O'Neil et al., 1996)."""


def due(sizes: Sequence[int], new: int) -> int:
    """How many of the last segments are merged with what is new.

    Args:
        sizes: of the segments, oldest first.
        new: size of what comes.

    >>> due([1000, 100, 10], 1), due([1000, 100, 10], 3), due([1000, 100, 10], 400)
    (0, 1, 3)
    """
    merged = 0
    for size in reversed(sizes):
        if size > RATIO * new:
            break
        new += size
        merged += 1
    return merged
