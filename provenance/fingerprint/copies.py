"""Sorted copies of the SQL index in a folder: made of it as it grows, read by every process.

A copy is a folder of its own under a number: it appears complete, by a rename. It holds the tracks after some
number up to another; numbers are never used again and rise in the order in which tracks are committed, so the
copies form a chain, and what has a higher number than its last came later. Newer copies are small: they are
merged as they grow (`segments`), up to what one can hold; a larger catalogue has several side by side. Keys
are disturbed with their owner's name: each owner's hashes lie among random others, so however often one owner
files a hash, the look-ups of others stay as full of their own as if they were alone.
"""

import fcntl
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from core.errors import RegistryError
from provenance.fingerprint.disturbance import disturbance
from provenance.fingerprint.filed import Span, Stopped, hashes, hashes_after, span
from provenance.fingerprint.mapped import MOST_POSTINGS, SortedPostings, write_sorted
from provenance.fingerprint.postings import Owned
from provenance.fingerprint.segments import due
from provenance.fingerprint.sql import track_table

log = logging.getLogger(__name__)

LEAST_NEWER = 64
"""A copy is made once more tracks than this came: so many are held in memory by every process."""
LEAST_GONE, SHARE_GONE = 1000, 0.1
"""All copies are made anew once more tracks than both, the number and the share of theirs, were removed."""
MOST_HASHES = MOST_POSTINGS
"""No copy holds more, unless it is of one track."""
VERSION = 3
ABOUT = "about.json"
BUILDING = ".building"


@dataclass(frozen=True)
class Copy:
    """An opened copy.

    Attributes:
        after: number of the newest track that the copies before it hold; 0 where it is the first.
        first: number of its first track.
        last: number of the newest track that was filed when it was made.
        tracks: how many it holds.
        folder: where it lies.
    """

    after: int
    first: int
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
            after, first, last = int(about["after"]), int(about["first"]), int(about["last"])
            if not 0 <= after < first <= last:
                raise ValueError("out of order")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RegistryError(f"no readable fingerprint copy in {folder}: build it again") from error
        same = select(track_table.c.record_id).where(track_table.c.id == last)
        if connection.execute(same).scalar_one_or_none() != newest:
            raise RegistryError(f"the fingerprint copy in {folder} is of another database: build it again")
        return cls(after, first, last, tracks, folder, frames, SortedPostings.open(folder))

    def frames(self, owner: str) -> int:
        """Length of an owner's tracks together."""
        return self._frames.get(owner, 0)

    @property
    def hashes(self) -> int:
        """How many it holds."""
        return len(self._postings)

    def owned(self, owner: str) -> Owned:
        """An owner's tracks."""
        return Owned(self._postings, disturbance(owner), self.first)


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
                if rival is None or copy.last >= rival.last:  # of two alike the one that was made later
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
        """Copy the whole SQL index anew, into as few copies as hold it; those that are there stay until then.

        Args:
            stopped: asked now and then; once it says so, the copy that is being made is given up.

        Returns:
            Whether it was done: not where another process makes one, it was stopped, or there are no tracks.
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
        merged = due([copy.tracks for copy in chain], came)
        together = hashes_after(connection, last) + sum(copy.hashes for copy in chain[len(chain) - merged :])
        while merged and together > MOST_HASHES:
            together -= chain[len(chain) - merged].hashes
            merged -= 1
        return chain[: len(chain) - merged]

    def _made(self, kept_of: Callable[[Connection], list[Copy] | None], stopped: Callable[[], bool]) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(self._folder / "lock") as alone, self._engine.connect() as connection:
            kept = kept_of(connection) if alone else None
            if kept is None:
                return False
            part = self._folder / BUILDING
            shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
            try:
                return self._fill(connection, part, kept, stopped)
            except Stopped:
                return False
            finally:
                shutil.rmtree(part, ignore_errors=True)

    def _fill(
        self, connection: Connection, part: Path, kept: list[Copy], stopped: Callable[[], bool]
    ) -> bool:
        """Copy what came after the copies that are kept, and only then delete all others."""
        stay, after, ended = {copy.folder.name for copy in kept}, kept[-1].last if kept else 0, False
        while not ended:
            made = span(connection, after, MOST_HASHES)
            after, ended = made.last, made.ended
            if made.tracks:
                stay.add(self._write(connection, part, made, stopped))
        if len(stay) == len(kept):
            return False
        for name in self._names():  # whoever has it open keeps it
            if name not in stay:
                shutil.rmtree(self._folder / name, ignore_errors=True)
        return True

    def _write(self, connection: Connection, part: Path, made: Span, stopped: Callable[[], bool]) -> str:
        """Write a copy of some tracks and give it its name."""
        write_sorted(part, hashes(connection, made, stopped), made.hashes)
        about = {
            "version": VERSION,
            "after": made.after,
            "first": made.first,
            "last": made.last,
            "newest": made.newest,
            "tracks": made.tracks,
            "frames": made.frames,
        }
        (part / ABOUT).write_text(json.dumps(about))
        before = self._names()
        name = f"{int(before[-1]) + 1 if before else 1:08d}"
        part.rename(self._folder / name)
        return name

    def _names(self) -> list[str]:
        """The names of the copies, oldest first."""
        try:
            return sorted(entry.name for entry in self._folder.iterdir() if entry.name.isdecimal())
        except OSError:
            return []


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
