"""A sorted copy of the SQL index in two memory-mapped files, for catalogues of many thousand tracks.

`postings.npy` holds one number per filed hash (track, time and detail in 64 bits) in the order of their keys,
`starts.npy` where each key's run begins. Opening costs nothing, a look-up two reads per key, and processes
share the pages. The copy is rebuilt from SQL, which stays the source of truth.
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
from provenance.fingerprint.sql import hash_table, named, track_table

MOST_TRACKS = 1 << 24
MOST_FRAMES = 1 << 24
CROWDED = 4096
"""Keys with more postings than this tell nothing and are passed over."""


class SortedPostings:
    """The two files, opened for searching."""

    def __init__(self, folder: Path) -> None:
        try:
            self._starts: NDArray[np.int64] = np.load(folder / "starts.npy", mmap_mode="r")
            self._postings: NDArray[np.uint64] = np.load(folder / "postings.npy", mmap_mode="r")
        except (OSError, ValueError) as error:
            raise RegistryError(f"no readable fingerprint copy in {folder}: build it again") from error
        if len(self._starts) != triplets.KEYS + 1 or self._starts[-1] != len(self._postings):
            raise RegistryError(f"the fingerprint copy in {folder} is of another version: build it again")

    def lookup(self, keys: IntArray) -> Postings:
        """Postings of distinct keys in rising order."""
        begin, end = self._starts[keys], self._starts[keys + 1]
        size = np.where(end - begin > CROWDED, 0, end - begin)
        position = np.repeat(np.arange(len(keys)), size)
        nth = np.arange(len(position)) - np.repeat(np.cumsum(size) - size, size)
        found = self._postings[begin[position] + nth]
        return Postings(
            position,
            (found >> np.uint64(40)).astype(np.int64),
            (found >> np.uint64(16) & np.uint64(MOST_FRAMES - 1)).astype(np.int64),
            (found & np.uint64(0xFFFF)).astype(np.uint16),
        )


def write_sorted(folder: Path, parts: Iterable[tuple[IntArray, IntArray, IntArray, IntArray]]) -> None:
    """Write the two files.

    Args:
        folder: created where missing; files that are there are replaced at once, each complete.
        parts: arrays of key, track, time and detail, in any order.

    Raises:
        RegistryError: a track number or a time is too large for the format.
    """
    keys: list[NDArray[np.uint32]] = [np.zeros(0, np.uint32)]
    packed: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
    for key, track, time, detail in parts:
        if len(track) and (int(track.max()) >= MOST_TRACKS or int(time.max()) >= MOST_FRAMES):
            raise RegistryError("the fingerprint copy holds at most 16.7 million tracks of at most 54 hours")
        keys.append(key.astype(np.uint32))
        high = track.astype(np.uint64) << np.uint64(40) | time.astype(np.uint64) << np.uint64(16)
        packed.append(np.asarray(high | detail.astype(np.uint64), dtype=np.uint64))
    key, posting = np.concatenate(keys), np.concatenate(packed)
    posting = posting[np.argsort(key, kind="stable")]
    starts = np.zeros(triplets.KEYS + 1, np.int64)
    np.cumsum(np.bincount(key, minlength=triplets.KEYS), out=starts[1:])
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
            write_sorted(self._folder, ((chunk[0], chunk[1], chunk[2], chunk[3]) for chunk in chunks))
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
