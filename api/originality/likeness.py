"""What is said of one track: its nearest tracks in each dimension, and how rare such likeness is."""

from collections.abc import Collection as Some
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.audit.json_form import rounded
from api.audit.near import Near
from api.originality.collection import Collection

if TYPE_CHECKING:
    from detector.originality import Shelf, Sketch


@dataclass(frozen=True, kw_only=True)
class NearFile(Near):
    """A file that is near in one dimension; what the other fields mean says `api.audit.near.NearTrack`.

    Attributes:
        file: the other track.
    """

    file: str


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
    nearest: tuple[NearFile, ...]


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
            tuple(NearFile.of(n, file=str(others.tracks[n.index].path)) for n in found[name]),
        )
        for name in DIMENSIONS
    }
    return Likeness(file, rounded(one.heard_s, 3), len(others.tracks) - len(leave_out), **told)
