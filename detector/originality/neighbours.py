"""The nearest tracks of a collection, in each dimension, with where the likeness lies and how rare it is."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from detector.originality.frames import Array
from detector.originality.loglag import likeness
from detector.originality.reference import Reference
from detector.originality.rhythm import WINDOW_S as RHYTHM_S
from detector.originality.shelf import Shelf
from detector.originality.sketch import Sketch
from detector.originality.timbre import WINDOW_S as TIMBRE_S
from detector.originality.tune import Shared, cells, shared

FEWEST_ALIGNED, MOST_ALIGNED = 20, 200
"""Of the tracks with the nearest outlines, so many melodies are aligned, as many as `CELLS` allow."""
CELLS = 2_500_000


@dataclass(frozen=True)
class Place:
    """From where to where in a track, and in the other one, in seconds."""

    start_s: float
    end_s: float
    other_start_s: float
    other_end_s: float


@dataclass(frozen=True)
class Neighbour:
    """A near track in one dimension.

    Attributes:
        index: which one of the collection.
        distance: in that dimension; what it means is told by `closer_than`.
        closer_than: share of pairs of unrelated human-made recordings that lie farther apart.
        by_chance: how many tracks this close are to be expected in a collection of this size were it of
            unrelated human-made recordings.
        place: where they are most alike; None for structure, which is of the whole.
        semitones: by how much the other lies higher; of melody only.
        tempo: how much faster the other plays; of melody only.
    """

    index: int
    distance: float
    closer_than: float | None
    by_chance: float | None
    place: Place | None = None
    semitones: int | None = None
    tempo: float | None = None


def nearest(
    one: Sketch, shelf: Shelf, reference: Reference, *, most: int = 3, leave_out: Collection[int] = ()
) -> dict[str, tuple[Neighbour, ...]]:
    """The nearest tracks in each dimension, nearest first; none where it is not measurable.

    Args:
        one: a track.
        shelf: the collection.
        reference: what distances are judged against.
        most: neighbours of a dimension.
        leave_out: tracks that are not looked at, such as the track itself.
    """
    found: dict[str, tuple[Neighbour, ...]] = {}
    for name, row in shelf.distances(one).items():
        row[list(leave_out)] = np.inf
        count = int(np.isfinite(row).sum())
        order = [int(k) for k in np.argsort(row, kind="stable")[: min(count, MOST_ALIGNED)]]
        if name == "melody":
            found[name] = _melodies(one, shelf, order, reference, count)[:most]
        else:
            found[name] = tuple(
                _judged(name, k, float(row[k]), one, shelf, reference, count) for k in order[:most]
            )
    return found


def _melodies(
    one: Sketch, shelf: Shelf, order: list[int], reference: Reference, count: int
) -> tuple[Neighbour, ...]:
    if not order:
        return ()
    spent = np.cumsum([cells(one, shelf.sketches[k]) for k in order])
    affordable = max(FEWEST_ALIGNED, int((spent <= CELLS).sum()))
    pairs = [(k, shared(one, shelf.sketches[k])) for k in order[:affordable]]
    pairs.sort(key=lambda pair: pair[1].distance)
    return tuple(_judged("melody", k, s.distance, one, shelf, reference, count, s) for k, s in pairs)


def _judged(
    name: str,
    index: int,
    distance: float,
    one: Sketch,
    shelf: Shelf,
    reference: Reference,
    count: int,
    tune: Shared | None = None,
) -> Neighbour:
    other = shelf.sketches[index]
    farther = reference.farther(name, distance, min(one.heard_s, other.heard_s))
    by_chance = None if farther is None else count * (1.0 - farther)
    if tune is not None:
        place = Place(tune.start_s, tune.end_s, tune.other_start_s, tune.other_end_s)
        return Neighbour(index, distance, farther, by_chance, place, tune.semitones, tune.tempo)
    return Neighbour(index, distance, farther, by_chance, _place(name, one, other))


def _place(name: str, one: Sketch, other: Sketch) -> Place | None:
    if name == "rhythm":
        rows = [np.asarray(s.rhythms, np.float32)[:, None] for s in (one, other)]
        return _nearest(np.stack([-likeness(row, rows[1]) for row in rows[0]]), RHYTHM_S / 2, RHYTHM_S)
    if name == "timbre":
        means = [np.asarray(s.colours, np.float32) for s in (one, other)]
        apart = np.linalg.norm(means[0][:, None] - means[1][None], axis=2)
        return _nearest(np.where(np.isnan(apart), np.inf, apart), TIMBRE_S, TIMBRE_S)
    return None


def _nearest(apart: Array, step_s: float, length_s: float) -> Place:
    """The stretches of two tracks that are closest, of distances [W, V]."""
    first, second = np.unravel_index(int(apart.argmin()), apart.shape)
    return Place(
        float(first) * step_s,
        float(first) * step_s + length_s,
        float(second) * step_s,
        float(second) * step_s + length_s,
    )
