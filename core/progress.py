"""How long work tells how far it is."""

from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

T = TypeVar("T")

Progress = Callable[[str, float], None]
"""Called with what is being done and the share that is done, 0 to 1."""


def stage(progress: Progress | None, start: float, end: float) -> Progress | None:
    """What tells a part of some work how far it is, where the part is from `start` to `end` of the whole.

    >>> told = []
    >>> stage(lambda step, share: told.append(share), 0.5, 1.0)("half of the second half", 0.5)
    >>> told
    [0.75]
    """
    if progress is None:
        return None
    return lambda step, share: progress(step, start + (end - start) * share)


def through(
    things: Collection[T], size: Callable[[T], float], step: str, progress: Progress | None
) -> Iterator[T]:
    """Each of some things, telling before each how much of all is done.

    Args:
        things: to be worked through.
        size: how much work one is, in any unit; each takes a little besides.
        step: what is being done.
        progress: is told; nothing is measured without it.
    """
    if progress is None:
        yield from things
        return
    sizes = [1.0 + size(one) for one in things]
    done, whole = 0.0, sum(sizes)
    for one, own in zip(things, sizes, strict=True):
        progress(step, done / whole)
        yield one
        done += own
