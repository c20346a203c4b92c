"""Sorted copies of the SQL index in a folder: made of it as it grows, read by every process.

A copy is a folder of its own under a number: it appears complete, by a rename. It holds the tracks after some
number up to another; numbers are never used again and rise in the order in which tracks are committed, so the
copies form a chain, and what has a higher number than its last came later. Newer copies are small: they are
merged as they grow (`segments`). Keys are disturbed with their owner's name: each owner's hashes lie among
random others, so however often one owner files a hash, the look-ups of others stay as full of their own as if
they were alone.
"""

import fcntl
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine, func, select

from core.errors import RegistryError
from provenance.fingerprint import triplets
from provenance.fingerprint.disturbance import disturbance
from provenance.fingerprint.mapped import SortedPostings, write_sorted
from provenance.fingerprint.search import IntArray, Lookup
from provenance.fingerprint.segments import due
from provenance.fingerprint.sql import LOW_BITS, SELECT_PACKED, track_table, unpacked_hashes

log = logging.getLogger(__name__)

LEAST_NEWER = 64
"""A copy is made once more tracks than this came: so many are held in memory by every process."""
LEAST_GONE, SHARE_GONE = 1000, 0.1
"""All copies are made anew once more tracks than both, the number and the share of theirs, were removed."""
TRACKS_AT_ONCE = 64
FRAMES_AT_ONCE = 150_000  # some hundred thousand hashes
VERSION = 2
ABOUT = "about.json"
BUILDING = ".building"


@dataclass(frozen=True)
class Copy:
    """An opened copy.

    Attributes:
        after: number of the newest track that the copies before it hold; 0 where it is the first.
        last: number of the newest track that was filed when it was made.
        tracks: how many it holds.
        folder: where it lies.
    """

    after: int
    last: int
    tracks: int
    folder: Path
    _frames: dict[str, int]
    _postings: SortedPostings

    @classmethod
    def open(cls, folder: Path, connection: Connection) -> "Copy":
        """Open the copy in a folder.

        Raises:
            RegistryError: it is damaged, of another version, or of another state of the database (which was
                restored from a backup, say, and gives the same numbers to other tracks).
        """
        try:
            about = json.loads((folder / ABOUT).read_bytes())
            if about["version"] != VERSION:
                raise ValueError("another version")
            frames = {str(owner): int(length) for owner, length in about["frames"].items()}
            newest, tracks = str(about["newest"]), int(about["tracks"])
            after, last = int(about["after"]), int(about["last"])
            if not 0 <= after < last:
                raise ValueError("out of order")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RegistryError(f"no readable fingerprint copy in {folder}: build it again") from error
        same = select(track_table.c.record_id).where(track_table.c.id == last)
        if connection.execute(same).scalar_one_or_none() != newest:
            raise RegistryError(f"the fingerprint copy in {folder} is of another database: build it again")
        return cls(after, last, tracks, folder, frames, SortedPostings.open(folder))

    def frames(self, owner: str) -> int:
        """Length of an owner's tracks together."""
        return self._frames.get(owner, 0)

    def lookup(self, owner: str) -> Lookup:
        """Look-up among an owner's tracks."""
        disturbed = disturbance(owner)
        return lambda keys: self._postings.lookup(keys ^ disturbed)


class Copies:
    """The copies of one database in one folder.

    Args:
        engine: the database.
        folder: on a disk of this machine; made where it is missing.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def chain(self, connection: Connection) -> list[Copy]:
        """The copies that go on in one another, oldest first; none where there are none that can be used."""
        problem: RegistryError | None = None
        for _ in range(2):  # between listing and opening, newer ones may replace them
            opened, problem = dict[int, Copy](), None
            for name in self._names():
                try:
                    copy = Copy.open(self._folder / name, connection)
                except RegistryError as error:
                    problem = error
                    continue
                rival = opened.get(copy.after)
                if rival is None or copy.last > rival.last:
                    opened[copy.after] = copy
            if problem is None:
                break
        if problem is not None:
            log.warning("%s", problem)
        found, end = list[Copy](), 0
        while end in opened:
            found.append(opened[end])
            end = found[-1].last
        return found

    def discard(self, copy: Copy) -> None:
        """Delete a copy that turned out to be damaged; the next `refresh` makes another."""
        log.warning("the fingerprint copy in %s is damaged and was thrown away", copy.folder)
        shutil.rmtree(copy.folder, ignore_errors=True)

    def refresh(self, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Make a copy where there should be a newer one (see `LEAST_NEWER`); whether one was made."""
        with self._engine.connect() as connection:
            if self._due(connection) is None:  # most of the time; so nothing is locked or made
                return False
        return self._made(self._due, stopped)

    def build(self, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Copy all rows of the SQL index into one, with the memory of a 64th of them.

        Args:
            stopped: asked now and then; once it says so, the copy is given up.

        Returns:
            Whether a copy was made: not where another process makes one, it was stopped, or there are no
            tracks.
        """
        return self._made(lambda _connection: [], stopped)

    def _due(self, connection: Connection) -> list[Copy] | None:
        """The copies that stay when one is made of all that came after them; None where none is wanted."""
        chain = self.chain(connection)
        last, tracks = chain[-1].last if chain else 0, sum(copy.tracks for copy in chain)
        count = select(func.count()).select_from(track_table)
        came = connection.execute(count.where(track_table.c.id > last)).scalar_one()
        went = tracks - connection.execute(count.where(track_table.c.id <= last)).scalar_one()
        if went > max(LEAST_GONE, SHARE_GONE * tracks):
            return []
        if came <= LEAST_NEWER:
            return None
        return chain[: len(chain) - due([copy.tracks for copy in chain], came)]

    def _made(self, kept_of: Callable[[Connection], list[Copy] | None], stopped: Callable[[], bool]) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(self._folder / "lock") as alone, self._engine.connect() as connection:
            kept = kept_of(connection) if alone else None
            if kept is None:
                return False
            part = self._folder / BUILDING
            shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
            with suppress(_Stopped):
                return self._fill(connection, part, kept, stopped)
            shutil.rmtree(part, ignore_errors=True)
        return False

    def _fill(
        self, connection: Connection, part: Path, kept: list[Copy], stopped: Callable[[], bool]
    ) -> bool:
        after = kept[-1].last if kept else 0
        columns = track_table.c.id, track_table.c.owner, track_table.c.frames, track_table.c.record_id
        wanted = select(*columns, track_table.c.filed.is_(None).label("rows_only"))
        tracks = connection.execute(wanted.where(track_table.c.id > after).order_by(track_table.c.id)).all()
        if not tracks:
            return False
        last, frames = tracks[-1].id, dict[str, int]()
        for track in tracks:
            frames[track.owner] = frames.get(track.owner, 0) + track.frames
        if any(track.rows_only for track in tracks):
            disturbances = np.zeros(last + 1, np.int64)
            for track in tracks:
                disturbances[track.id] = disturbance(track.owner)
            parts = _rows(connection, after, disturbances, sum(frames.values()), stopped)
        else:
            parts = _pieces(connection, after, last, stopped)
        write_sorted(part, parts)
        about = {
            "version": VERSION,
            "after": after,
            "last": last,
            "newest": tracks[-1].record_id,
            "tracks": len(tracks),
            "frames": frames,
        }
        (part / ABOUT).write_text(json.dumps(about))
        before = self._names()
        part.rename(self._folder / f"{int(before[-1]) + 1 if before else 1:08d}")
        stay = {copy.folder.name for copy in kept}
        for name in before:  # whoever has it open keeps it
            if name not in stay:
                shutil.rmtree(self._folder / name, ignore_errors=True)
        return True

    def _names(self) -> list[str]:
        """The names of the copies, oldest first."""
        try:
            return sorted(entry.name for entry in self._folder.iterdir() if entry.name.isdecimal())
        except OSError:
            return []


class _Stopped(Exception):
    """The copy is given up."""


def _pieces(
    connection: Connection, after: int, last: int, stopped: Callable[[], bool]
) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Disturbed key, track and time of every filed hash of the tracks after one number up to another."""
    wanted = select(track_table.c.id, track_table.c.owner, track_table.c.filed).order_by(track_table.c.id)
    while after < last:
        if stopped():
            raise _Stopped
        some = wanted.where(track_table.c.id > after, track_table.c.id <= last).limit(TRACKS_AT_ONCE)
        keys, tracks, times = list[IntArray](), list[IntArray](), list[IntArray]()
        after = last  # unless some are found
        for row in connection.execute(some):
            key, time = unpacked_hashes(row.filed)
            keys.append(key ^ disturbance(row.owner))
            tracks.append(np.full(len(key), row.id, np.int64))
            times.append(time)
            after = row.id
        if keys:
            yield np.concatenate(keys), np.concatenate(tracks), np.concatenate(times)


def _rows(
    connection: Connection,
    after: int,
    disturbances: IntArray,
    total_frames: int,
    stopped: Callable[[], bool],
) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """The same of the rows, for tracks up to `len(disturbances)` of which earlier releases filed some.

    They are read by ranges of keys, which are even: a cursor of the driver's own is several times as fast as
    SQLAlchemy's rows, but on PostgreSQL it holds the whole answer to a question.
    """
    ranges = 1 + total_frames // FRAMES_AT_ONCE
    borders = [(1 << triplets.KEY_BITS - LOW_BITS) * n // ranges for n in range(ranges + 1)]
    cursor = connection.connection.cursor()
    try:
        for begin, end in pairwise(borders):
            if stopped():
                raise _Stopped
            cursor.execute(
                f"{SELECT_PACKED} WHERE key >= {begin} AND key < {end}"
                f" AND track_id > {after} AND track_id < {len(disturbances)}"
            )
            packed = cursor.fetchall()
            table = np.fromiter(chain.from_iterable(packed), np.int64, 2 * len(packed)).reshape(-1, 2)
            track = table[:, 1] >> 32
            yield table[:, 0] ^ disturbances[track], track, table[:, 1] & 0xFFFFFFFF
    finally:
        cursor.close()


@contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether no other process holds this lock; it is held inside the `with` block."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
