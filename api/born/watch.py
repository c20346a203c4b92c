"""A watched folder: each finished file in it is tagged exactly once, whatever ends the watch and when.

A file that is finished is copied first, and its attempt noted in the diary with a record id. Only then is it
tagged. Whoever goes on after a crash finds the copy and the note, and makes the same record again, which the
registry takes once. So at the end there is one record and one output for every content, however often the
watch was killed, and the folder that is watched may change meanwhile.
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from api.born import arrivals
from api.born.arrivals import Arrival
from api.born.diary import Begun, Diary
from api.born.wish import Wish
from api.errors import OURS, told
from core import clock
from core.clip import Clip
from core.errors import TrackmarkError, UnreadableAudio
from core.files import write_whole
from core.limits import Limits
from provenance.declaration import Declaration
from provenance.output import put, refuse_overwriting
from provenance.records.record import new_record_id
from provenance.score.reading import read_score
from provenance.tag import Ledger, Tagged

WORK = ".trackmark-work"
PATIENCE = 30
"""So many times the usual rest is a file waited for whose audio breaks off, in case more is to come."""


class Tag(Protocol):
    """The pipeline `provenance.tag.tag`."""

    def __call__(
        self,
        source: Path | Clip,
        out: Path,
        declaration: Declaration,
        *,
        ledger: Ledger,
        record_id: str | None = None,
        issued_at: str | None = None,
    ) -> Tagged:
        """Mark a track, register it and write it with its credentials."""


class Decode(Protocol):
    """`core.decode.decode`."""

    def __call__(self, path: Path, limits: Limits) -> Clip:
        """All of a file's audio."""


@dataclass(frozen=True)
class Event:
    """What became of a file, or a subfolder.

    Attributes:
        file: its name in the watched folder.
        state: `tagged`, `failed`, `known` (the same content was tagged before), `waiting`, or `closed` (a
            subfolder whose files cannot be seen).
        reason: why it failed, waits or is closed, or as what it is known.
        tagged: the tagged track.
        error: of a failed one.
        aside: where a failed one lies now.
    """

    file: str
    state: str
    reason: str = ""
    tagged: Tagged | None = None
    error: TrackmarkError | None = None
    aside: Path | None = None


@dataclass
class Watch:
    """A folder that is watched.

    Attributes:
        source: the folder.
        target: where tagged files go.
        wish: what is stated of them.
        ledger: keys and records.
        diary: of `target`.
        tag, decode: what touches audio.
    """

    source: Path
    target: Path
    wish: Wish
    ledger: Ledger
    diary: Diary
    tag: Tag
    decode: Decode
    _told: dict[str, str] = field(default_factory=dict)
    _closed: set[str] = field(default_factory=set)
    """Subfolders that were told to be closed."""
    _left: set[str] = field(default_factory=set)
    """Failures that could not be set aside."""

    def finish_begun(self) -> Iterator[Event]:
        """Take up what an earlier watch began and did not end; to be asked for before `round`."""
        for begun in list(self.diary.begun.values()):
            path = self.source / begun.file
            state = arrivals.state_of(path.lstat()) if path.exists() else (0, 0, 0)
            copy = self._copy_of(begun.record_id, begun.file)
            if (
                not copy.exists() and path.exists()
            ):  # somebody cleared our folder, but the file is still there
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
            if not copy.exists() or _sha256(copy) != begun.sha256:
                gone = UnreadableAudio("it was begun once, and neither it nor its copy is there any more")
                nowhere = Arrival(path, begun.file, (0, 0, 0), 0.0, None)
                self.diary.end("failed", begun.sha256, nowhere, reason=str(gone), code=gone.code)
                yield Event(begun.file, "failed", str(gone), error=gone)
                continue
            yield self._attempt(begun, copy, Arrival(path, begun.file, state, 0.0, None), again=True)
        shutil.rmtree(self.target / WORK, ignore_errors=True)

    def round(self, now_s: float) -> Iterator[Event]:
        """Deal with every file that is finished by now.

        Yields:
            One event for each file that something became of, and once for each that waits and each subfolder
            that is closed.

        Raises:
            TrackmarkError: something fails that no other file would avoid: keys, a full disk, the registry.
            OSError: the folders cannot be used.
        """
        seen = arrivals.look(self.source, now_s)
        for name in self._closed - set(seen.closed):
            self._closed.remove(name)  # it was opened, and is told again where it closes again
        for name in seen.closed:
            if name not in self._closed:
                self._closed.add(name)
                told = UnreadableAudio("this folder cannot be listed: nothing in it is tagged")
                yield Event(name, "closed", str(told), error=told)
        for name in seen.lone:
            yield from self._waiting(name, "a score has no sound, and its rendering is not here yet")
        for arrival in seen.audio:
            sha256 = self.diary.sha256_of(arrival)
            if sha256 is None:
                yield from self._look_at(arrival)
            elif (ended := self.diary.ended[sha256])["event"] == "failed" and arrival.name not in self._left:
                yield self._set_aside(arrival, UnreadableAudio(str(ended["reason"])))

    def _look_at(self, arrival: Arrival) -> Iterator[Event]:
        record_id = new_record_id()
        copy = self._copy_of(record_id, arrival.name)
        try:
            try:
                sha256 = self._taken(arrival, copy)
            except (PermissionError, FileNotFoundError) as error:
                yield from self._waiting(arrival.name, f"it cannot be read: {error.strerror}")
                return
            if sha256 is None:
                yield from self._waiting(arrival.name, "it is still being written")
                return
            earlier = self.diary.ended.get(sha256)
            if earlier is not None:
                yield self._known(arrival, sha256, earlier)
                return
            try:
                whole = not self.decode(copy, self.ledger.limits).source.truncated
                if not whole and arrival.quiet_s < PATIENCE * self.wish.settle_s:
                    yield from self._waiting(arrival.name, "its audio breaks off: more may come")
                    return
                if not whole:
                    raise UnreadableAudio("its audio breaks off, and nothing more has come")
                begun = self._begun(arrival, sha256, record_id)
            except TrackmarkError as error:
                yield self._failed(arrival, sha256, error)
                return
            yield self._attempt(begun, copy, arrival, again=False)
        finally:
            if all(begun.record_id != record_id for begun in self.diary.begun.values()):
                shutil.rmtree(copy.parent, ignore_errors=True)
                with contextlib.suppress(OSError):  # others lie there
                    copy.parent.parent.rmdir()

    def _taken(self, arrival: Arrival, copy: Path) -> str | None:
        """Copy a file and tell its digest; None where it is not finished yet."""
        if arrival.quiet_s < self.wish.settle_s or arrivals.is_being_written(arrival.path):
            return None
        copy.parent.mkdir(parents=True)
        shutil.copyfile(arrival.path, copy)
        sha256 = _sha256(copy)
        same = arrivals.state_of(arrival.path.lstat()) == arrival.state
        return sha256 if same else None

    def _begun(self, arrival: Arrival, sha256: str, record_id: str) -> Begun:
        out = self.wish.output(arrival.name)
        refuse_overwriting(self.target / out)
        declaration = self.wish.declaration(arrival.name, arrival.state[1] / 1e9)
        if arrival.score is not None:
            declaration = replace(declaration, ingredients=(read_score(arrival.score).ingredient,))
        begun = Begun(sha256, arrival.name, out.as_posix(), record_id, clock.now_text(), declaration)
        self.diary.begin(begun)
        return begun

    def _attempt(self, begun: Begun, copy: Path, arrival: Arrival, *, again: bool) -> Event:
        """Tag a copy and note it; `again` may replace the output of an attempt that was cut short."""
        out = self.target / begun.out
        staged = copy.parent / "tagged" / out.name  # whatever a kill leaves behind is ours, and cleared away
        shutil.rmtree(staged.parent, ignore_errors=True)
        staged.parent.mkdir()
        try:
            done = self.tag(
                copy,
                staged,
                begun.declaration,
                ledger=self.ledger,
                record_id=begun.record_id,
                issued_at=begun.issued_at,
            )
            out.parent.mkdir(parents=True, exist_ok=True)
            put(staged, out, overwrite=again)
        except TrackmarkError as error:
            return self._failed(arrival, begun.sha256, error)
        self.diary.end("tagged", begun.sha256, arrival, record_id=done.record_id, out=begun.out)
        return Event(arrival.name, "tagged", tagged=replace(done, path=out))

    def _known(self, arrival: Arrival, sha256: str, earlier: Mapping[str, Any]) -> Event:
        """The same content again: what it came to then, it comes to now."""
        self.diary.end("known", sha256, arrival)
        if earlier["event"] == "failed":
            return self._set_aside(arrival, UnreadableAudio(str(earlier["reason"])))
        return Event(arrival.name, "known", f"it was tagged already, as {earlier['out']}")

    def _failed(self, arrival: Arrival, sha256: str, error: TrackmarkError) -> Event:
        """Note a failure that is the file's own, and set the file aside; others end the watch."""
        if told(error)["code"] in OURS:
            raise error
        self.diary.end("failed", sha256, arrival, reason=str(error), code=error.code)
        return self._set_aside(arrival, error)

    def _set_aside(self, arrival: Arrival, error: TrackmarkError) -> Event:
        """Move a file to where failures lie, its reason beside it; it stays where the folder is read-only."""
        aside = self.source / arrivals.SET_ASIDE / arrival.name
        number = 1
        while aside.exists():
            number += 1
            aside = aside.with_name(f"{Path(arrival.name).stem}-{number}{aside.suffix}")
        try:
            aside.parent.mkdir(parents=True, exist_ok=True)
            write_whole(aside.with_name(f"{aside.name}.reason.txt"), f"{error}\n".encode())
            arrival.path.rename(aside)
        except OSError:
            self._left.add(arrival.name)
            return Event(arrival.name, "failed", str(error), error=error)
        return Event(arrival.name, "failed", str(error), error=error, aside=aside)

    def _copy_of(self, record_id: str, name: str) -> Path:
        return self.target / WORK / record_id / Path(name).name

    def _waiting(self, name: str, reason: str) -> Iterator[Event]:
        """Told once, not in every round."""
        if self._told.get(name) != reason:
            self._told[name] = reason
            yield Event(name, "waiting", reason)


def _sha256(path: Path) -> str:
    """The digest of a copy, which is on the disk when this returns."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()
