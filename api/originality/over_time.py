"""A collection's diversity over time: how many different tracks the tracks of each period amount to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from api.audit.json_form import rounded
from api.originality.collection import Collection

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detector.originality import Shelf, Sketch

WHOLE = "all"


@dataclass(frozen=True)
class Period:
    """The diversity of a period in one dimension; a field's name is its key in the JSON.

    Attributes:
        period: a year, a month, or `all` tracks.
        tracks: of the period in which the dimension is measurable.
        of: the most that the number can be: all periods are counted as if they had so many tracks, twice
            as many of which the smallest one has.
        clusters: effective number of clusters.
        low, high: between which it lies with 95 % confidence.
    """

    period: str
    tracks: int
    of: int
    clusters: float
    low: float
    high: float


@dataclass(frozen=True)
class Diversity:
    """A collection's diversity.

    Attributes:
        periods: by dimension; none where too few tracks are measurable.
        left_out: periods with too few tracks to say anything, with how many.
    """

    periods: dict[str, tuple[Period, ...]]
    left_out: dict[str, int]


def diversity(shelf: "Shelf", collection: Collection) -> Diversity:
    """Diversity by dimension and period: by year, by month within one year, over all where dates lack."""
    from detector.originality import DIMENSIONS, effective, similarity
    from detector.originality.diversity import FEWEST, size_for

    groups = _periods([track.day for track in collection.tracks])
    few = {name: len(places) for name, places in groups.items() if len(places) < FEWEST}
    kept = {name: places for name, places in groups.items() if name not in few}
    distances = _matrices(shelf, collection.sketches)
    found: dict[str, tuple[Period, ...]] = {}
    for place, name in enumerate(DIMENSIONS):
        measured = shelf.rows["measured"][:, place]
        there = {period: [k for k in places if measured[k]] for period, places in kept.items()}
        there = {period: places for period, places in there.items() if len(places) >= FEWEST}
        if not there:
            found[name] = ()
            continue
        size = size_for([len(places) for places in there.values()])
        alike = similarity(distances[name], _scale(name, shelf))
        told = []
        for period, places in there.items():
            one = effective(alike[np.ix_(places, places)], size)
            told.append(
                Period(
                    period,
                    one.tracks,
                    one.of,
                    rounded(one.number, 2),
                    rounded(one.low, 2),
                    rounded(one.high, 2),
                )
            )
        found[name] = tuple(told)
    return Diversity(found, few)


def _scale(name: str, shelf: "Shelf") -> float:
    """The distance at which two tracks count as half the same, for tracks as long as these."""
    from detector.originality import shipped

    typical_s = float(np.median(shelf.rows["heard_s"]))
    return shipped().scale("outline" if name == "melody" else name, typical_s)


def _matrices(shelf: "Shelf", sketches: "Sequence[Sketch]") -> "dict[str, NDArray[np.float64]]":
    """Distances of each two tracks, by dimension, [N, N]."""
    rows = [shelf.distances(one) for one in sketches]
    made = {name: np.stack([row[name] for row in rows]).astype(np.float64) for name in rows[0]}
    for matrix in made.values():
        matrix[:] = np.minimum(matrix, matrix.T)
        np.fill_diagonal(matrix, 0.0)
    return made


def _periods(days: Sequence[date | None]) -> dict[str, list[int]]:
    """Places by period, in order of time."""
    if any(day is None for day in days):
        return {WHOLE: list(range(len(days)))}
    known = [day for day in days if day is not None]
    months = len({day.year for day in known}) == 1
    groups: dict[str, list[int]] = {}
    for place, day in sorted(enumerate(known), key=lambda pair: pair[1]):
        groups.setdefault(f"{day:%Y-%m}" if months else f"{day:%Y}", []).append(place)
    return groups
