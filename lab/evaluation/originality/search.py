"""What looking through many tracks costs, and what it misses of what aligning all of them would find.

A search compares outlines of all, aligns the nearest roughly, and the nearest of those finely. Each step may
leave out the right answer; here it is counted, among real recordings and made-up tunes.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detector.originality.frames import RATE
from detector.originality.neighbours import CELLS, FEWEST_ALIGNED, FINELY, MOST_ALIGNED, nearest
from detector.originality.reference import shipped
from detector.originality.shelf import Shelf
from detector.originality.sketch import Sketch, sketch
from detector.originality.tune import COARSE, cells, distances
from detector.originality.vectors import ROW
from lab.evaluation.originality.trials import Trial
from lab.sound.songs import song

CATALOGUE = 10_000
HEAD = (
    "| likeness | queries | first if all are aligned | of those, outline among the aligned "
    "| the same of 10,000 | roughly among the finely aligned | found first |"
)
QUERY_S = 180.0


@dataclass(frozen=True)
class Searched:
    """How far the right answer of a query came.

    Attributes:
        way: what kind of likeness there is.
        aligned: its rank where all are aligned finely.
        outline: its rank by outlines.
        affordable: how many of that order are aligned.
        rough: its rank among those by rough alignment; None where it is none of them.
        found: whether the search tells it first.
    """

    way: str
    aligned: int
    outline: int
    affordable: int
    rough: int | None
    found: bool


def searched(trials: Iterator[Trial], others: Sequence[Sketch]) -> list[Searched]:
    """What became of each query whose melody, and that of its right answer, is measurable."""
    shelf, made = Shelf.of(others), []
    melodies = np.flatnonzero(shelf.rows["measured"][:, 0])
    parts = [others[int(place)].parts for place in melodies]
    for trial in trials:
        if trial.query.reason("melody") or trial.own not in melodies:
            continue
        own = int(np.flatnonzero(melodies == trial.own)[0])
        fine = distances(trial.query, parts).min(0)
        order = np.argsort(shelf.distances(trial.query)["melody"][melodies], kind="stable")[:MOST_ALIGNED]
        spent = np.cumsum([cells(len(trial.query.rows), len(parts[k].rows)) for k in order])
        affordable = max(FEWEST_ALIGNED, int((spent <= CELLS).sum()))
        outline = shelf.distances(trial.query)["melody"][melodies]
        chosen = [int(k) for k in order[:affordable]]
        rough = None
        if own in chosen:
            row = distances(trial.query, [parts[k] for k in chosen], COARSE).min(0)
            rough = int((row < row[chosen.index(own)]).sum())
        told = nearest(trial.query, shelf, shipped())["melody"]
        made.append(
            Searched(
                trial.way,
                int((fine < fine[own]).sum()),
                int((outline < outline[own]).sum()),
                affordable,
                rough,
                bool(told) and told[0].index == trial.own,
            )
        )
    return made


def lines(made: Sequence[Searched], tracks: int) -> list[str]:
    """Lines of a table; what a larger catalogue would hold back is reckoned from the share that is nearer."""
    told = []
    for way in dict.fromkeys(one.way for one in made):
        some = [one for one in made if one.way == way]
        first = [one for one in some if one.aligned == 0]
        shares = (
            [one.outline < one.affordable for one in first],
            [one.outline * CATALOGUE / tracks < one.affordable for one in first],
            [one.rough is not None and one.rough < FINELY for one in first],
            [one.found for one in first],
        )
        kept = " | ".join(f"{sum(share)} of {len(first)}" for share in shares)
        told.append(f"| {way} | {len(some)} | {len(first)} | {kept} |")
    return told


def cost(others: Sequence[Sketch]) -> list[str]:
    """Lines of a table: processor seconds to hear three minutes, and to compare with ten thousand tracks."""
    wav = song(1, QUERY_S, RATE)
    begun = time.process_time()
    one = sketch(wav, RATE)
    heard = time.process_time() - begun
    few = Shelf.of(others)
    rows = np.resize(few.rows, CATALOGUE)
    shelf = Shelf(rows, lambda places: {place: others[place % len(others)].parts for place in places})
    spent = []
    for _ in range(5):
        begun = time.process_time()
        nearest(one, shelf, shipped())
        spent.append(time.process_time() - begun)
    stored = ROW.itemsize + len(one.parts.to_bytes())
    return [
        f"| three minutes heard | {heard:.2f} |",
        f"| compared with {CATALOGUE:,} tracks, median of {len(spent)} | {np.median(spent):.2f} |",
        f"| bytes of a sketch of three minutes, its row and its parts | {stored:,} |",
        f"| of them held in memory while tracks are compared | {ROW.itemsize:,} |",
    ]
