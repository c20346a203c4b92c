"""What is said of one track: its nearest tracks in each dimension, and how rare such likeness is."""

from collections.abc import Collection as Some
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.audit.json_form import number, rounded
from api.originality.collection import Collection

if TYPE_CHECKING:
    from detector.originality import Neighbour, Shelf, Sketch

SHARE_DIGITS = 5


@dataclass(frozen=True)
class Near:
    """A near track in one dimension; a field's name is its key in the JSON.

    Attributes:
        file: the other track.
        distance: in this dimension; distances of two dimensions are not comparable.
        closer_than: share of pairs of unrelated human-made recordings that lie farther apart.
        by_chance: as many tracks so close are to be expected among so many unrelated human-made recordings.
        start_s, end_s: where in the track they are most alike; None for structure, which is of the whole.
        other_start_s, other_end_s: where in the other track.
        semitones: by how much the other lies higher; of melody only.
        tempo: how much faster it plays; of melody only.
    """

    file: str
    distance: float
    closer_than: float | None
    by_chance: float | None
    start_s: float | None
    end_s: float | None
    other_start_s: float | None
    other_end_s: float | None
    semitones: int | None
    tempo: float | None

    @classmethod
    def of(cls, found: "Neighbour", file: str) -> "Near":
        """A neighbour that was found."""
        at = found.place
        return cls(
            file,
            rounded(found.distance),
            number(found.closer_than, SHARE_DIGITS),
            number(found.by_chance, 2),
            None if at is None else rounded(at.start_s, 1),
            None if at is None else rounded(at.end_s, 1),
            None if at is None else rounded(at.other_start_s, 1),
            None if at is None else rounded(at.other_end_s, 1),
            found.semitones,
            number(found.tempo, 2),
        )


@dataclass(frozen=True)
class Dimension:
    """One dimension of a track.

    Attributes:
        measurable: whether it could be measured in this track.
        reason: why not.
        nearest: the nearest tracks, nearest first.
    """

    measurable: bool
    reason: str | None
    nearest: tuple[Near, ...]


@dataclass(frozen=True)
class Likeness:
    """A track among others.

    Attributes:
        file: the track.
        heard_s: how much of it was heard.
        compared_with: how many others there are.
        melody, rhythm, timbre, structure: the dimensions.
    """

    file: str
    heard_s: float
    compared_with: int
    melody: Dimension
    rhythm: Dimension
    timbre: Dimension
    structure: Dimension


def likeness(
    file: str, one: "Sketch", shelf: "Shelf", others: Collection, *, leave_out: Some[int] = ()
) -> Likeness:
    """How close a track is to the others of a collection.

    Args:
        file: its name.
        one: its sketch.
        shelf: the collection's sketches.
        others: the collection.
        leave_out: places in it that are not looked at, such as the track's own.
    """
    from detector.originality import DIMENSIONS, nearest, shipped

    found = nearest(one, shelf, shipped(), leave_out=leave_out)
    told = {
        name: Dimension(
            not one.reason(name),
            one.reason(name) or None,
            tuple(Near.of(n, str(others.tracks[n.index].path)) for n in found[name]),
        )
        for name in DIMENSIONS
    }
    return Likeness(file, rounded(one.heard_s, 3), len(others.tracks) - len(leave_out), **told)
