"""A sorted copy of the SQL index in two memory-mapped files, for catalogues of many thousand tracks.

`postings.npy` holds one number per filed hash (low 16 bits of the key, track and time in 64 bits), in slots
by the leading bits of the key; `starts.npy` holds where each slot begins. Keys are scrambled, so slots are
even (about eight postings). Opening costs nothing, a look-up two reads per key, and the pages are shared.
The copy is rebuilt from SQL, which stays the source of truth.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, func, select

from core.errors import RegistryError
from provenance.fingerprint import triplets
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.search import IntArray, Match, Postings, search
from provenance.fingerprint.sql import LOW, LOW_BITS, hash_table, named, track_table

MOST_TRACKS = 1 << 24
MOST_FRAMES = 1 << 24
LEAST_SLOT_BITS, MOST_SLOT_BITS = 12, 28
POSTINGS_PER_SLOT = 8
BUDGET = 400_000
"""Postings that one look-up reads at most, those of the rarest keys first: what half of the music shares
tells nothing, and a query that asks for much of it must not take longer than others."""


class SortedPostings:
    """The two files, opened for searching."""

    def __init__(self, folder: Path, budget: int = BUDGET) -> None:
        self._budget = budget
        try:
            self._starts: NDArray[np.int64] = np.load(folder / "starts.npy", mmap_mode="r")
            self._postings: NDArray[np.uint64] = np.load(folder / "postings.npy", mmap_mode="r")
        except (OSError, ValueError) as error:
            raise RegistryError(f"no readable fingerprint copy in {folder}: build it again") from error
        slots = len(self._starts) - 1
        if slots < 1 or slots & (slots - 1) or self._starts[-1] != len(self._postings):
            raise RegistryError(f"the fingerprint copy in {folder} is of another version: build it again")
        self._slot_bits = slots.bit_length() - 1

    def lookup(self, keys: IntArray) -> Postings:
        """Postings of distinct keys in rising order; where they are too many, of the rarest keys."""
        slot = keys >> (triplets.KEY_BITS - self._slot_bits)
        begin = self._starts[slot]
        size = self._starts[slot + 1] - begin
        if int(size.sum()) > self._budget:
            rarest = np.argsort(size, kind="stable")
            size[rarest[np.cumsum(size[rarest]) > self._budget]] = 0
        position = np.repeat(np.arange(len(keys)), size)
        found = self._postings[np.arange(len(position)) + np.repeat(begin - (np.cumsum(size) - size), size)]
        own = found >> np.uint64(64 - LOW_BITS) == (keys.astype(np.uint64) & np.uint64(LOW))[position]
        position, found = position[own], found[own]
        return Postings(
            position,
            (found >> np.uint64(24) & np.uint64(MOST_TRACKS - 1)).astype(np.int64),
            (found & np.uint64(MOST_FRAMES - 1)).astype(np.int64),
        )


def slot_bits(postings: int) -> int:
    """How many leading bits of a key choose its slot, in a copy of that size."""
    wanted = int(np.ceil(np.log2(max(1, postings) / POSTINGS_PER_SLOT)))
    return int(np.clip(wanted, LEAST_SLOT_BITS, MOST_SLOT_BITS))


def write_sorted(folder: Path, parts: Iterable[tuple[IntArray, IntArray, IntArray]]) -> None:
    """Write the two files.

    Args:
        folder: created where missing; files that are there are replaced at once, each complete.
        parts: arrays of key, track and time, in any order.

    Raises:
        RegistryError: a track number or a time is too large for the format.
    """
    keys: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    packed: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
    for key, track, time in parts:
        if len(track) and (int(track.max()) >= MOST_TRACKS or int(time.max()) >= MOST_FRAMES):
            raise RegistryError("the fingerprint copy holds at most 16.7 million tracks of at most 54 hours")
        keys.append(key)
        check = key.astype(np.uint64) << np.uint64(64 - LOW_BITS)
        place = track.astype(np.uint64) << np.uint64(24) | time.astype(np.uint64)
        packed.append(np.asarray(check | place, dtype=np.uint64))
    key, posting = np.concatenate(keys), np.concatenate(packed)
    bits = slot_bits(len(key))
    slot = key >> (triplets.KEY_BITS - bits)
    posting = posting[np.argsort(slot, kind="stable")]
    starts = np.zeros((1 << bits) + 1, np.int64)
    np.cumsum(np.bincount(slot, minlength=1 << bits), out=starts[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (("postings.npy", posting), ("starts.npy", starts)):
        with (folder / f"{name}.part").open("wb") as file:
            np.save(file, array)
        (folder / f"{name}.part").replace(folder / name)


class MappedIndex:
    """Searches the sorted copy of what `SqlIndex` held when `build` was last called.

    Tracks removed since are not reported; tracks added since are found after the next `build`, or by
    `SqlIndex`.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._sorted: SortedPostings | None = None

    def build(self) -> None:
        """Copy all rows of the SQL index."""
        with self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=100_000).execute(select(hash_table))
            chunks = (
                np.array([tuple(row) for row in chunk], dtype=np.int64).T for chunk in rows.partitions()
            )
            write_sorted(self._folder, ((c[0] << LOW_BITS | c[3], c[1], c[2]) for c in chunks))
        self._sorted = None

    def query(self, fingerprint: Fingerprint) -> list[Match]:
        """Tracks that the audio holds, best first.

        Raises:
            RegistryError: nothing was built in the folder yet.
        """
        self._sorted = self._sorted or SortedPostings(self._folder)
        with self._engine.connect() as connection:
            total = connection.execute(select(func.coalesce(func.sum(track_table.c.frames), 0))).scalar_one()
            found = search(fingerprint, self._sorted.lookup, int(total))
            return named(connection, found)
