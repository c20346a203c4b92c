"""Sorted copies of the SQL index in a folder: made of it from time to time, read by every process.

A copy is a folder of its own under a number: it appears complete, by a rename, and the newest counts. It
holds the tracks up to some number; numbers are never used again and rise in the order in which tracks are
committed, so what came later is exactly what has a higher one. Keys are disturbed with their owner's name:
each owner's hashes lie among random others, so however often one owner files a hash, the look-ups of others
stay as full of their own as if they were alone.
"""

import fcntl
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine, func, select

from core.errors import RegistryError
from provenance.fingerprint import triplets
from provenance.fingerprint.mapped import SortedPostings, write_sorted
from provenance.fingerprint.search import IntArray, Lookup
from provenance.fingerprint.sql import LOW_BITS, SELECT_PACKED, track_table

log = logging.getLogger(__name__)

LEAST_NEWER = 1000
SHARE_NEWER = 0.1
"""A copy is made once more tracks than both, the number and the share of the last copy, came or went since:
SQL answers well for so few, and each track is copied about ten times over all copies."""
FRAMES_AT_ONCE = 150_000  # some hundred thousand hashes
VERSION = 1
ABOUT = "about.json"
BUILDING = ".building"


@dataclass(frozen=True)
class Copy:
    """An opened copy.

    Attributes:
        last: number of the newest track that was filed when it was made.
        tracks: how many it holds.
        folder: where it lies.
    """

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
            newest, last, tracks = str(about["newest"]), int(about["last"]), int(about["tracks"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RegistryError(f"no readable fingerprint copy in {folder}: build it again") from error
        same = select(track_table.c.record_id).where(track_table.c.id == last)
        if connection.execute(same).scalar_one_or_none() != newest:
            raise RegistryError(f"the fingerprint copy in {folder} is of another database: build it again")
        return cls(last, tracks, folder, frames, SortedPostings(folder))

    def frames(self, owner: str) -> int:
        """Length of an owner's tracks together."""
        return self._frames.get(owner, 0)

    def lookup(self, owner: str) -> Lookup:
        """Look-up among an owner's tracks."""
        disturbance = _disturbance(owner)
        return lambda keys: self._postings.lookup(keys ^ disturbance)


class Copies:
    """The copies of one database in one folder.

    Args:
        engine: the database.
        folder: on a disk of this machine; made where it is missing.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def newest(self, connection: Connection) -> Copy | None:
        """The newest copy; None where there is none, or none that can be used."""
        for _ in range(2):  # between listing and opening, a newer one may replace it
            names = self._names()
            if not names:
                return None
            try:
                return Copy.open(self._folder / names[-1], connection)
            except RegistryError as error:
                problem = error
        log.warning("%s", problem)
        return None

    def discard(self, copy: Copy) -> None:
        """Delete a copy that turned out to be damaged; the next `refresh` makes another."""
        log.warning("the fingerprint copy in %s is damaged and was thrown away", copy.folder)
        shutil.rmtree(copy.folder, ignore_errors=True)

    def refresh(self, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Make a copy where there should be a newer one (see `SHARE_NEWER`); whether one was made."""
        with self._engine.connect() as connection:
            copy = self.newest(connection)
            last, tracks = (copy.last, copy.tracks) if copy else (0, 0)
            count = select(func.count()).select_from(track_table)
            came = connection.execute(count.where(track_table.c.id > last)).scalar_one()
            went = tracks - connection.execute(count.where(track_table.c.id <= last)).scalar_one()
        return came + went > max(LEAST_NEWER, SHARE_NEWER * tracks) and self.build(stopped)

    def build(self, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Copy all rows of the SQL index, with the memory of a 64th of them.

        Args:
            stopped: asked now and then; once it says so, the copy is given up.

        Returns:
            Whether a copy was made: not where another process makes one, it was stopped, or there are no
            tracks.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(self._folder / "lock") as alone:
            if not alone:
                return False
            part = self._folder / BUILDING
            shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
            with suppress(_Stopped):
                return self._fill(part, stopped)
            shutil.rmtree(part, ignore_errors=True)
        return False

    def _fill(self, part: Path, stopped: Callable[[], bool]) -> bool:
        with self._engine.connect() as connection:
            tracks = connection.execute(select(track_table).order_by(track_table.c.id)).all()
            if not tracks:
                return False
            last = tracks[-1].id
            disturbance, frames = np.zeros(last + 1, np.int64), dict[str, int]()
            for track in tracks:
                frames[track.owner] = frames.get(track.owner, 0) + track.frames
                disturbance[track.id] = _disturbance(track.owner)
            write_sorted(part, _rows(connection, disturbance, sum(frames.values()), stopped))
        about = {
            "version": VERSION,
            "last": last,
            "newest": tracks[-1].record_id,
            "tracks": len(tracks),
            "frames": frames,
        }
        (part / ABOUT).write_text(json.dumps(about))
        before = self._names()
        part.rename(self._folder / f"{int(before[-1]) + 1 if before else 1:08d}")
        for name in before:  # whoever has it open keeps it
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


def _rows(
    connection: Connection, disturbance: IntArray, total_frames: int, stopped: Callable[[], bool]
) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Disturbed key, track and time of every filed hash of the first `len(disturbance)` track numbers.

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
                f"{SELECT_PACKED} WHERE key >= {begin} AND key < {end} AND track_id < {len(disturbance)}"
            )
            packed = cursor.fetchall()
            table = np.fromiter(chain.from_iterable(packed), np.int64, 2 * len(packed)).reshape(-1, 2)
            track = table[:, 1] >> 32
            yield table[:, 0] ^ disturbance[track], track, table[:, 1] & 0xFFFFFFFF
    finally:
        cursor.close()


def _disturbance(owner: str) -> int:
    """A number of as many bits as a key; adding it bit by bit sends distinct keys to distinct keys."""
    return int.from_bytes(sha256(owner.encode()).digest()[:8], "big") >> (64 - triplets.KEY_BITS)


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
