"""Filed hashes by their keys: one interface to arrays, several places at once, and SQL.

What reading a key costs is known before it is read, so a query's budget is spent once, wherever hashes lie.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Postings:
    """Filed hashes found for the asked keys, one row per posting.

    Attributes:
        position: which of the asked keys, [P].
        track: track number, [P].
        time: frame in the track, [P].
    """

    position: IntArray
    track: IntArray
    time: IntArray


class Filed(Protocol):
    """Filed hashes."""

    def sizes(self, keys: IntArray) -> IntArray:
        """How many postings are read for each of distinct keys in rising order, [K]."""

    def lookup(self, keys: IntArray) -> Postings:
        """Postings of distinct keys in rising order."""


@dataclass(frozen=True)
class Owned:
    """One owner's part of hashes that several owners share.

    Attributes:
        filed: all owners' hashes.
        disturbed: what the owner's keys are disturbed by (`disturbance`).
        first: what its track numbers count from.
    """

    filed: Filed
    disturbed: int
    first: int

    def sizes(self, keys: IntArray) -> IntArray:
        """What is read for each key, other owners' included."""
        return self.filed.sizes(keys ^ self.disturbed)

    def lookup(self, keys: IntArray) -> Postings:
        """Postings of keys."""
        found = self.filed.lookup(keys ^ self.disturbed)
        return Postings(found.position, found.track + self.first, found.time)


@dataclass(frozen=True)
class Together:
    """Several places as one.

    Attributes:
        places: whose tracks have numbers of their own.
    """

    places: Sequence[Filed]

    def sizes(self, keys: IntArray) -> IntArray:
        """What is read for each key in all places."""
        return np.asarray(sum((place.sizes(keys) for place in self.places), np.zeros(len(keys), np.int64)))

    def lookup(self, keys: IntArray) -> Postings:
        """Postings of keys in all places."""
        found = [place.lookup(keys) for place in self.places]
        if len(found) == 1:
            return found[0]
        nothing = np.zeros(0, np.int64)
        return Postings(
            np.concatenate([nothing, *(postings.position for postings in found)]),
            np.concatenate([nothing, *(postings.track for postings in found)]),
            np.concatenate([nothing, *(postings.time for postings in found)]),
        )


def affordable(sizes: IntArray, budget: int) -> NDArray[np.bool_]:
    """Which keys are read so that all their postings together are within a budget: the rarest, [K].

    What half of the music shares tells nothing, and a query that asks for much of it must not take longer
    than others.
    """
    if int(sizes.sum()) <= budget:
        return np.ones(len(sizes), np.bool_)
    rarest = np.argsort(sizes, kind="stable")
    affordable = np.empty(len(sizes), np.bool_)
    affordable[rarest] = np.cumsum(sizes[rarest]) <= budget
    return affordable
