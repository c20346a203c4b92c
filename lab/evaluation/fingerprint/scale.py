"""Search among very many tracks that are made up from the statistics of real ones.

A made-up hash is a real one, moved by a normal error of one cell of a key in each of its five values. That
error was chosen so that a probe meets as many strangers' hashes per filed hash as it does between real
recordings of different collections; `Crowding` holds both figures, and the page prints them. Uniformly random
hashes would meet thousands of times fewer, and tell nothing about cost.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from provenance.fingerprint import Fingerprint, triplets
from provenance.fingerprint.mapped import pack, slot_bits, write_slots
from provenance.fingerprint.match import Found
from provenance.fingerprint.peaks import FRAME_RATE
from provenance.fingerprint.postings import Filed, IntArray, Postings
from provenance.fingerprint.search import search

MOVED_CELLS = 1.0
COPIES = 40
"""Each made-up hash is filed at so many random places: drawing is the slow part."""
CHUNK = 2_000_000


@dataclass(frozen=True)
class Crowding:
    """Strangers' hashes that one probe meets, per thousand million filed."""

    real: float
    made_up: float


@dataclass(frozen=True)
class Timing:
    """One query of the large index.

    Attributes:
        name: what was asked about.
        attack: what was done to it.
        found: tracks that came back.
        wall_s: time that passed.
        cpu_s: time of the one thread that worked.
    """

    name: str
    attack: str
    found: tuple[Found, ...]
    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Among:
    """Some of the tracks of an index.

    Attributes:
        filed: the hashes of all.
        tracks: which of them, by number.
    """

    filed: Filed
    tracks: NDArray[np.bool_]

    def sizes(self, keys: IntArray) -> IntArray:
        """What is read for each key."""
        return self.filed.sizes(keys)

    def lookup(self, keys: IntArray) -> Postings:
        """Postings of keys."""
        found = self.filed.lookup(keys)
        keep = self.tracks[found.track]
        return Postings(found.position[keep], found.track[keep], found.time[keep])


def draw(real: NDArray[np.float32], count: int, rng: np.random.Generator) -> IntArray:
    """Keys of made-up hashes, in rising order, at most `count`.

    Args:
        real: `triplets.values` of real filed hashes, [5, H].
        count: how many to draw.
        rng: source of randomness.
    """
    keys = []
    for begin in range(0, count, CHUNK):
        cells = real[:, rng.integers(0, real.shape[1], min(CHUNK, count - begin))]
        cells += np.float32(MOVED_CELLS) * rng.standard_normal(cells.shape, dtype=np.float32)
        key = triplets.keys(cells)
        keys.append(key[key >= 0])
    drawn = np.concatenate(keys)
    drawn.sort()
    return drawn


def build(
    folder: Path,
    references: Sequence[Fingerprint],
    tracks: int,
    track_s: float,
    rng: np.random.Generator,
) -> int:
    """Write a sorted copy of the references (tracks 0, 1, ...) and of made-up tracks of `track_s` seconds.

    Returns:
        Length of all tracks in frames.
    """
    filed = [fingerprint.reference() for fingerprint in references]
    real = triplets.values(np.concatenate([f.hashes for f in filed]))
    frames = sum(f.frames for f in filed)
    length = round(track_s * FRAME_RATE)
    made_up = tracks - len(filed)
    drawn = draw(real, round(made_up * length * real.shape[1] / frames / COPIES), rng)
    key = triplets.keys(real)
    postings = pack(
        key,
        np.repeat(np.arange(len(filed)), [f.filed for f in filed]),
        np.concatenate([f.times for f in filed]).astype(np.int64),
    )
    order = np.argsort(key)
    key, postings = key[order], postings[order]
    total = len(key) + COPIES * len(drawn)

    def chunks() -> Iterator[tuple[IntArray, NDArray[np.uint64]]]:
        done, step = 0, CHUNK // COPIES
        for begin in range(0, len(drawn), step):
            some = np.repeat(drawn[begin : begin + step], COPIES)
            track = rng.integers(len(filed), tracks, len(some))
            packed = pack(some, track, rng.integers(0, length, len(some)))
            final = begin + step >= len(drawn)
            end = len(key) if final else int(np.searchsorted(key, drawn[begin + step]))
            at = np.searchsorted(some, key[done:end])
            yield np.insert(some, at, key[done:end]), np.insert(packed, at, postings[done:end])
            done = end

    folder.mkdir(parents=True, exist_ok=True)
    write_slots(folder, total, slot_bits(total), chunks())
    return frames + made_up * length


def crowding(references: Sequence[Fingerprint], sources: Sequence[str], rng: np.random.Generator) -> Crowding:
    """Compare real and made-up hashes; `sources` names the collection of each reference."""
    filed = [fingerprint.reference() for fingerprint in references]
    real = triplets.values(np.concatenate([f.hashes for f in filed]))
    source = np.repeat(np.unique(list(sources), return_inverse=True)[1], [f.filed for f in filed])
    _, cell, size = np.unique(triplets.keys(real), return_inverse=True, return_counts=True)
    _, own, own_size = np.unique(cell * len(sources) + source, return_inverse=True, return_counts=True)
    strange_pairs = float(len(source)) ** 2 - float((np.bincount(source).astype(float) ** 2).sum())
    met = float((size[cell] - own_size[own]).sum()) / strange_pairs
    drawn = draw(real, CHUNK, rng)
    distinct, counts = np.unique(drawn, return_counts=True)
    asked = triplets.keys(real)
    at = np.minimum(np.searchsorted(distinct, asked), len(distinct) - 1)
    met_made_up = float(np.where(distinct[at] == asked, counts[at], 0).mean()) / len(drawn)
    return Crowding(met * 1e9, met_made_up * 1e9)


def measure(name: str, attack: str, asked: Fingerprint, filed: Filed, frames: int) -> Timing:
    """Ask once, after once untimed: the pages of a working index are in memory."""
    search(asked, filed, frames)
    wall, cpu = time.perf_counter(), time.process_time()
    found = search(asked, filed, frames)
    return Timing(name, attack, tuple(found), time.perf_counter() - wall, time.process_time() - cpu)
