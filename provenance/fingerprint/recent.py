"""The tracks that came since the copies, in the memory of this process: found at once, at the cost of a copy.

A track's hashes are read once, in one piece, and sorted into a few runs that are merged as they grow
(`segments`), all owners' together, with disturbed keys as in a copy. The next copy takes them over.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from provenance.fingerprint import mapped
from provenance.fingerprint.disturbance import disturbance
from provenance.fingerprint.mapped import SortedPostings, pack
from provenance.fingerprint.postings import IntArray, Owned
from provenance.fingerprint.segments import due
from provenance.fingerprint.sql import Tracks, track_table, unpacked_hashes

MOST_TRACKS = 1024
"""What is held at most, 250 MB of four-minute tracks; a copy is made long before (`copies.LEAST_NEWER`)."""


@dataclass(frozen=True)
class Run:
    """Hashes of some tracks in the order of their keys.

    Attributes:
        key: disturbed, rising, [H].
        postings: packed, [H].
        slots: the same, for looking up.
    """

    key: IntArray
    postings: NDArray[np.uint64]
    slots: SortedPostings

    @classmethod
    def of(cls, key: IntArray, postings: NDArray[np.uint64]) -> "Run":
        """Sort hashes into a run."""
        order = np.argsort(key, kind="stable")
        key, postings = key[order], postings[order]
        return cls(key, postings, SortedPostings.of(key, postings))

    def owned(self, owner: str, after: int) -> Owned:
        """An owner's tracks, which are counted from the number `after`."""
        return Owned(self.slots, disturbance(owner), after)


@dataclass(frozen=True)
class Held:
    """What is known of an owner's tracks since the copies.

    Attributes:
        places: the hashes of those that are held.
        frames: their length together.
        others: those that are not held: SQL has to be asked.
    """

    places: Sequence[Owned]
    frames: int
    others: Tracks


class Recent:
    """The tracks since the copies; one for each database in a process, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begin(0)

    def _begin(self, after: int) -> None:
        self._after = after
        self._newest: tuple[int, str] | None = None
        self._runs: list[Run] = []
        self._count = 0
        self._frames: dict[str, int] = {}
        self._others: dict[str, list[tuple[int, int]]] = {}

    def since(self, connection: Connection, after: int, owner: str) -> Held:
        """What came after a track number; what is new since the last question is read now."""
        with self._lock:
            if after != self._after or not self._goes_on(connection):
                self._begin(after)
            self._read(connection)
            runs, frames = list(self._runs), self._frames.get(owner, 0)
            others = list(self._others.get(owner, ()))
            last = self._newest[0] if self._newest else after
        beyond = select(track_table.c.id, track_table.c.frames).where(
            track_table.c.id > last, track_table.c.owner == owner
        )
        others += [(row.id, row.frames) for row in connection.execute(beyond.order_by(track_table.c.id))]
        numbers = np.array([number for number, _ in others], np.int64)
        return Held(
            [run.owned(owner, after) for run in runs],
            frames,
            Tracks(numbers, sum(length for _, length in others)),
        )

    def _goes_on(self, connection: Connection) -> bool:
        """Whether the newest track that was read is still there; a restored database may reuse its number."""
        if self._newest is None:
            return True
        number, record_id = self._newest
        same = select(track_table.c.record_id).where(track_table.c.id == number)
        return connection.execute(same).scalar_one_or_none() == record_id

    def _read(self, connection: Connection) -> None:
        last = self._newest[0] if self._newest else self._after
        wanted = select(track_table).where(track_table.c.id > last).order_by(track_table.c.id)
        keys, postings, tracks = list[IntArray](), list[NDArray[np.uint64]](), 0
        for row in connection.execute(wanted.limit(MOST_TRACKS - self._count)):
            self._newest = row.id, row.record_id
            self._count += 1
            if row.filed is None or row.id - self._after >= mapped.MOST_TRACKS:
                self._others.setdefault(row.owner, []).append((row.id, row.frames))
                continue
            key, time = unpacked_hashes(row.filed)
            keys.append(key ^ disturbance(row.owner))
            track = np.full(len(key), row.id - self._after)
            postings.append(pack(key ^ disturbance(row.owner), track, time))
            self._frames[row.owner] = self._frames.get(row.owner, 0) + row.frames
            tracks += 1
        if tracks:
            merged = due([len(run.key) for run in self._runs], sum(map(len, keys)))
            kept = self._runs[: len(self._runs) - merged]
            for run in self._runs[len(kept) :]:
                keys.append(run.key)
                postings.append(run.postings)
            self._runs = [*kept, Run.of(np.concatenate(keys), np.concatenate(postings))]
