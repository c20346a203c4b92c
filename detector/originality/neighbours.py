"""The nearest tracks of a collection, in each dimension, with where the likeness lies and how rare it is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from detector.originality.frames import Array
from detector.originality.loglag import cosines, lengths
from detector.originality.reference import Reference
from detector.originality.rhythm import WINDOW_S as RHYTHM_S
from detector.originality.shelf import Shelf
from detector.originality.sketch import DIMENSIONS, Parts, Sketch
from detector.originality.timbre import WINDOW_S as TIMBRE_S
from detector.originality.tune import COARSE, TEMPI, Shared, cells, distances, shared

FEWEST_ALIGNED, MOST_ALIGNED = 20, 200
"""Of the tracks with the nearest outlines, so many melodies are aligned roughly, as many as `CELLS` allow."""
CELLS = 2_500_000
FINELY = 10
"""So many of those, the nearest, are aligned finely."""


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
    rows = shelf.distances(one)
    for row in rows.values():
        row[list(leave_out)] = np.inf
    counts = {name: int(np.isfinite(row).sum()) for name, row in rows.items()}
    orders = {name: _order(row, counts[name]) for name, row in rows.items()}
    orders["melody"] = _affordable(one, shelf, orders["melody"])
    for name in DIMENSIONS[1:]:
        orders[name] = orders[name][:most]
    parts = shelf.take(sorted({place for order in orders.values() for place in order}))
    found: dict[str, tuple[Neighbour, ...]] = {}
    for name, order in orders.items():
        there = [place for place in order if place in parts]
        pairs: list[tuple[int, float, Shared | None]]
        if name == "melody":
            pairs = [*_melodies(one, [(place, parts[place]) for place in there], most)]
        else:
            pairs = [(place, float(rows[name][place]), None) for place in there]
        found[name] = tuple(
            _judged(name, place, apart, one, parts[place], reference, counts[name], tune)
            for place, apart, tune in pairs
        )
    return found


def _order(row: Array, count: int) -> list[int]:
    """The places of the nearest, nearest first."""
    return [int(place) for place in np.argsort(row, kind="stable")[: min(count, MOST_ALIGNED)]]


def _affordable(one: Sketch, shelf: Shelf, order: list[int]) -> list[int]:
    """The tracks whose melodies are aligned."""
    spent = np.cumsum([cells(len(one.rows), int(shelf.rows["rows"][place])) for place in order])
    return order[: max(FEWEST_ALIGNED, int((spent <= CELLS).sum()))]


def _melodies(one: Parts, others: Sequence[tuple[int, Parts]], most: int) -> list[tuple[int, float, Shared]]:
    """Places, distances and shared passages of the nearest, nearest first."""
    if not others:
        return []
    if len(others) > FINELY:
        rough = distances(one, [parts for _, parts in others], COARSE).min(0)
        others = [others[int(k)] for k in np.argsort(rough, kind="stable")[:FINELY]]
    fine = distances(one, [parts for _, parts in others])
    tempi = fine.argmin(0)
    order = [int(k) for k in np.argsort(fine.min(0), kind="stable")[:most]]
    made = [(others[k][0], shared(one, others[k][1], TEMPI[tempi[k] : tempi[k] + 1])) for k in order]
    return [(place, tune.distance, tune) for place, tune in sorted(made, key=lambda pair: pair[1].distance)]


def _judged(
    name: str,
    index: int,
    distance: float,
    one: Parts,
    other: Parts,
    reference: Reference,
    count: int,
    tune: Shared | None,
) -> Neighbour:
    farther = reference.farther(name, distance, min(one.heard_s, other.heard_s))
    by_chance = None if farther is None else count * (1.0 - farther)
    if tune is not None:
        place = Place(tune.start_s, tune.end_s, tune.other_start_s, tune.other_end_s)
        return Neighbour(index, distance, farther, by_chance, place, tune.semitones, tune.tempo)
    return Neighbour(index, distance, farther, by_chance, _place(name, one, other))


def _place(name: str, one: Parts, other: Parts) -> Place | None:
    if name == "rhythm":
        rows, others = (np.asarray(s.rhythms, np.float32) for s in (one, other))
        long = lengths(others[:, None])
        return _nearest(np.stack([-cosines(row[None], others, long) for row in rows]), RHYTHM_S / 2, RHYTHM_S)
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
