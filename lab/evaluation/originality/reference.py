"""Quantiles of the distances of unrelated human-made recordings: `detector/originality/reference.npz`."""

from collections.abc import Sequence
from itertools import combinations, groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.originality.reference import FILE, LENGTHS_S, MEASURES
from detector.originality.shelf import Shelf
from detector.originality.sketch import DIMENSIONS, Sketch
from detector.originality.tune import shared
from lab.evaluation.originality.recordings import Row, cuts

LEAST_S, MOST_S = 60.0, 300.0
OF_ONE = 5
ALIGNED = (1000, 600, 300)
"""Pairs whose melodies are aligned, drawn at random, for each length: long ones take seconds."""
SHARES = np.concatenate([[0.0], np.geomspace(2e-4, 0.05, 60), np.linspace(0.06, 1.0, 95)])


def chosen(rows: Sequence[Row]) -> list[Row]:
    """The recordings that the reference rests on, see decision 0233."""
    fit = [
        r
        for r in rows
        if r.kind == "human_music"
        and r.use == "open"
        and LEAST_S <= r.duration_s <= MOST_S
        # single instruments of one song are not recordings of their own
        and "stem" not in r.title.lower()
    ]
    fit.sort(key=lambda r: (r.collection, r.title))
    groups = [list(group) for _, group in groupby(fit, key=lambda r: r.collection)]
    return [
        group[k * len(group) // min(OF_ONE, len(group))]
        for group in groups
        for k in range(min(OF_ONE, len(group)))
    ]


def make(rows: Sequence[Row], runs: Path, out: Path = FILE) -> int:
    """Write the reference; returns how many recordings it rests on."""
    sketches: list[list[Sketch]] = []
    collections: list[str] = []
    for row in chosen(rows):
        made = cuts(row, LENGTHS_S, runs)
        if made:
            sketches.append(made)
            collections.append(row.collection)
    quantiles = np.full((len(MEASURES), len(LENGTHS_S), len(SHARES)), np.nan)
    pairs = np.zeros((len(MEASURES), len(LENGTHS_S)), np.int64)
    for length in range(len(LENGTHS_S)):
        for name, values in distances([s[length] for s in sketches], collections, ALIGNED[length]).items():
            pairs[MEASURES.index(name), length] = len(values)
            if len(values):
                quantiles[MEASURES.index(name), length] = np.quantile(values, SHARES)
    np.savez_compressed(out, shares=SHARES, quantiles=quantiles, pairs=pairs, recordings=len(sketches))
    return len(sketches)


def distances(
    sketches: Sequence[Sketch], collections: Sequence[str], aligned: int
) -> dict[str, NDArray[np.float64]]:
    """Distances of pairs of different collections, by measure; those that are measurable."""
    shelf = Shelf.of(sketches)
    matrices = {name: np.full((len(sketches),) * 2, np.inf) for name in DIMENSIONS}
    for k, one in enumerate(sketches):
        for name, row in shelf.distances(one).items():
            matrices[name][k] = row
    apart = [(a, b) for a, b in combinations(range(len(sketches)), 2) if collections[a] != collections[b]]
    first, second = np.array(apart).T
    found = {
        "outline" if name == "melody" else name: _finite(matrix[first, second])
        for name, matrix in matrices.items()
    }
    drawn = np.random.default_rng(0).permutation(len(apart))[:aligned]
    tunes = [
        shared(sketches[a], sketches[b]).distance
        for a, b in (apart[k] for k in drawn)
        if not sketches[a].reason("melody") and not sketches[b].reason("melody")
    ]
    return {**found, "melody": np.array(tunes)}


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values[np.isfinite(values)], np.float64)
