"""Filed hashes sorted into two memory-mapped files, for catalogues of many thousand tracks.

`postings.npy` holds one number per filed hash (low 16 bits of the key, track and time in 64 bits), in slots
by the leading bits of the key; `starts.npy` holds where each slot begins. Keys are scrambled, so slots are
even (about four postings). Opening costs nothing, a look-up two reads per key, and the pages are shared.
`copies` makes these files of the SQL index, which stays the source of truth, and counts tracks from a copy's
first: what limits their numbers here limits none in the database.
"""

import mmap
import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import RegistryError
from core.files import replacing
from provenance.fingerprint import triplets
from provenance.fingerprint.postings import IntArray, Postings
from provenance.fingerprint.sql import LOW, LOW_BITS

MOST_TRACKS = 1 << 24
MOST_FRAMES = 1 << 24
MOST_POSTINGS = (1 << 32) - 1
LEAST_SLOT_BITS, MOST_SLOT_BITS = 12, 30
POSTINGS_PER_SLOT = 4
LEAST_PARTITIONS, POSTINGS_PER_PARTITION = 64, 1 << 23


class SortedPostings:
    """Postings in slots by their keys, ready for searching.

    Args:
        starts: where each slot begins and the last one ends, [2 ** bits + 1].
        postings: packed, in the order of their keys.
    """

    def __init__(self, starts: NDArray[np.uint32], postings: NDArray[np.uint64]) -> None:
        self._starts, self._postings = starts, postings
        self._slot_bits = (len(starts) - 1).bit_length() - 1

    @classmethod
    def open(cls, folder: Path) -> "SortedPostings":
        """The two files of a folder, mapped.

        Raises:
            RegistryError: they are missing, damaged or of another version.
        """
        try:
            starts = np.load(folder / "starts.npy", mmap_mode="r")
            postings = np.load(folder / "postings.npy", mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            raise RegistryError(f"no readable fingerprint copy in {folder}: build it again") from error
        for mapped in (starts, postings):
            _read_no_more_than_asked(mapped)
        slots = len(starts) - 1
        if slots < 1 or slots & (slots - 1) or starts[-1] != len(postings):
            raise RegistryError(f"the fingerprint copy in {folder} is of another version: build it again")
        return cls(starts, postings)

    @classmethod
    def of(cls, key: IntArray, postings: NDArray[np.uint64]) -> "SortedPostings":
        """Postings in memory, in the order of their keys."""
        bits = slot_bits(len(key))
        begins = np.arange((1 << bits) + 1) << (triplets.KEY_BITS - bits)
        return cls(np.searchsorted(key, begins).astype(np.uint32), postings)

    def __len__(self) -> int:
        """How many postings there are."""
        return len(self._postings)

    def sizes(self, keys: IntArray) -> IntArray:
        """How many postings the slot of each key holds.

        Raises:
            RegistryError: the files are damaged.
        """
        return self._slots(keys)[1]

    def lookup(self, keys: IntArray) -> Postings:
        """Postings of distinct keys.

        Raises:
            RegistryError: the files are damaged.
        """
        begin, size = self._slots(keys)
        position = np.repeat(np.arange(len(keys)), size)
        found = self._postings[np.arange(len(position)) + np.repeat(begin - (np.cumsum(size) - size), size)]
        own = found >> np.uint64(64 - LOW_BITS) == (keys.astype(np.uint64) & np.uint64(LOW))[position]
        position, found = position[own], found[own]
        return Postings(
            position,
            (found >> np.uint64(24) & np.uint64(MOST_TRACKS - 1)).astype(np.int64),
            (found & np.uint64(MOST_FRAMES - 1)).astype(np.int64),
        )

    def _slots(self, keys: IntArray) -> tuple[IntArray, IntArray]:
        """Where the slots of keys begin, and what they hold."""
        slot = keys >> (triplets.KEY_BITS - self._slot_bits)
        begin = self._starts[slot].astype(np.int64)
        size = self._starts[slot + 1] - begin
        if len(size) and (size.min() < 0 or int((begin + size).max()) > len(self._postings)):
            raise RegistryError("the fingerprint copy is damaged: build it again")
        return begin, size


def _read_no_more_than_asked(mapped: np.memmap[Any, Any]) -> None:
    """A look-up reads a few bytes here and there: what the system reads ahead would push the rest out."""
    region = getattr(mapped, "_mmap", None)
    if isinstance(region, mmap.mmap) and hasattr(mmap, "MADV_RANDOM"):
        region.madvise(mmap.MADV_RANDOM)


def slot_bits(postings: int) -> int:
    """How many leading bits of a key choose its slot, in a copy of that size."""
    wanted = int(np.ceil(np.log2(max(1, postings) / POSTINGS_PER_SLOT)))
    return int(np.clip(wanted, LEAST_SLOT_BITS, MOST_SLOT_BITS))


def pack(key: IntArray, track: IntArray, time: IntArray) -> NDArray[np.uint64]:
    """Postings as the file holds them, [P]."""
    check = key.astype(np.uint64) << np.uint64(64 - LOW_BITS)
    return np.asarray(check | track.astype(np.uint64) << np.uint64(24) | time.astype(np.uint64), np.uint64)


def write_sorted(
    folder: Path, parts: Iterable[tuple[IntArray, IntArray, IntArray]], expected: int = 0
) -> None:
    """Write the two files, with the memory of a part and of some eight million postings.

    Args:
        folder: created where missing; files that are there are replaced at once, each complete.
        parts: arrays of key, track and time, in any order.
        expected: how many postings there are, roughly, where there are many.

    Raises:
        RegistryError: there are too many postings, or a track number or a time is too large for the format.
    """
    folder.mkdir(parents=True, exist_ok=True)
    total, partitions = 0, LEAST_PARTITIONS
    while partitions * POSTINGS_PER_PARTITION < expected:
        partitions *= 2
    with TemporaryDirectory(dir=folder) as scratch, ExitStack() as stack:
        files = [stack.enter_context((Path(scratch) / f"{n}").open("w+b")) for n in range(partitions)]
        for key, track, time in parts:
            if len(track) and (int(track.max()) >= MOST_TRACKS or int(time.max()) >= MOST_FRAMES):
                raise RegistryError("a fingerprint copy holds 16.7 million tracks of at most 54 hours")
            total += len(key)
            rows = np.stack([key.astype(np.uint64), pack(key, track, time)], axis=1)
            partition = key // ((1 << triplets.KEY_BITS) // partitions)
            rows = rows[np.argsort(partition, kind="stable")]
            ends = np.cumsum(np.bincount(partition, minlength=partitions))
            for file, some in zip(files, np.split(rows, ends[:-1]), strict=True):
                file.write(some.tobytes())
        write_slots(folder, total, slot_bits(total), (_partition(file) for file in files))


def _partition(file: BinaryIO) -> tuple[IntArray, NDArray[np.uint64]]:
    """Keys in rising order and postings of one partition."""
    file.seek(0)
    rows = np.frombuffer(file.read(), np.uint64).reshape(-1, 2)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return rows[:, 0].astype(np.int64), rows[:, 1]


def write_slots(
    folder: Path, total: int, bits: int, chunks: Iterable[tuple[IntArray, NDArray[np.uint64]]]
) -> None:
    """Write the two files from packed postings that come in the order of their keys.

    Args:
        folder: exists.
        total: how many postings there are.
        bits: from `slot_bits`.
        chunks: keys in rising order, within and between chunks, and their postings.

    Raises:
        RegistryError: there are too many postings for the format.
    """
    if total > MOST_POSTINGS:
        raise RegistryError("a fingerprint copy holds at most 4.29 billion hashes")
    with (
        replacing(folder / "starts.npy") as starts_part,
        replacing(folder / "postings.npy") as postings_part,
        postings_part.open("wb") as file,
    ):
        starts = np.lib.format.open_memmap(starts_part, "w+", np.uint32, ((1 << bits) + 1,))
        header = {"descr": "<u8", "fortran_order": False, "shape": (total,)}
        np.lib.format.write_array_header_1_0(file, header)
        written, next_slot = 0, 0
        for key, postings in chunks:
            if not len(key):
                continue
            slot = key >> (triplets.KEY_BITS - bits)
            last = int(slot[-1])
            starts[next_slot : last + 1] = written + np.searchsorted(slot, np.arange(next_slot, last + 1))
            next_slot = last + 1
            postings.astype("<u8").tofile(file)
            written += len(key)
        file.flush()
        os.fsync(file.fileno())  # a name must never come to stand for zeros after a power cut
        starts[next_slot:] = written
        starts.flush()
