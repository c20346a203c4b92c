"""Processes that end in the middle of what they write.

`killed_at` ends one before any statement and any commit. `killed_writing` ends one before any commit of a
transaction that writes and in any write of a file or an object, wherever in the product that stands: Python
itself tells of files that are opened, moved and removed. Nothing that a dead process would have done after
its end is done: no clean-up, no rollback by hand, no second thoughts.
"""

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from api.store import ObjectStore


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the product catches it."""


@contextmanager
def killed_at(engine: Engine, number: int) -> Iterator[list[str]]:
    """Ends the process, as it were, before statement or commit `number`; the list tells what was reached."""
    reached: list[str] = []

    def count(*arguments: object) -> None:
        reached.append(str(arguments[2]) if len(arguments) > 2 else "COMMIT")
        if len(reached) == number:
            raise Killed

    names = ("before_cursor_execute", "commit")
    for name in names:
        event.listen(engine, name, count)
    try:
        yield reached
    finally:
        for name in names:
            event.remove(engine, name, count)


CHANCE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}|(?<=\.)[0-9a-f]{8}(?=\.part)"
    r"|(?<=[a-z]-)[a-z0-9_]{8}(?=/|$)|(?<=label-)[0-9]+"
)
"""What is drawn by chance, or counts."""
WRITTEN = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_MAKES = os.O_CREAT | os.O_TRUNC


@dataclass
class Life:
    """A process and where its writes are counted.

    Attributes:
        folders: writes below them count.
        number: of the write in which it ends; 0 lets it live.
        only: a pattern of the writes that count at all, by how they begin.
        kill: how it ends; without one by `Killed`.
        reached: what it was about to write, in words, without what is drawn by chance.
        ended: whether it is dead.
    """

    folders: tuple[Path, ...]
    number: int
    only: str = ""
    kill: Callable[[], None] | None = None
    reached: list[str] = field(default_factory=list)
    ended: bool = False
    _lock: RLock = field(default_factory=RLock)

    def step(self, what: str, torn: Callable[[], object] | None = None) -> None:
        """Comes to a write; the last one is left half done, where that shows."""
        with self._lock:
            if not self.ended:
                what = CHANCE.sub("*", what)
                if re.match(self.only, what) is None:
                    return
                self.reached.append(what)
                if len(self.reached) != self.number:
                    return
                self.ended = True
                if torn is not None:
                    torn()
                if self.kill is not None:
                    self.kill()
            raise Killed

    def place(self, path: object, beside: object = -1) -> str | None:
        """Where a path lies in the folders, in words; None where it lies elsewhere."""
        if not isinstance(path, str | bytes | os.PathLike):
            return None
        full = Path(os.fsdecode(path))
        if isinstance(beside, int) and beside >= 0:
            full = Path(f"/proc/self/fd/{beside}").readlink() / full
        inside = next((one for one in self.folders if full.is_relative_to(one)), None)
        return None if inside is None else f"{inside.name}/{full.relative_to(inside)}"


_alive: Life | None = None
_FILES: Mapping[str, Callable[[tuple[Any, ...]], tuple[str, Any, Any]]] = {
    "os.remove": lambda told: ("remove", told[0], told[1]),
    "os.rename": lambda told: ("move to", told[1], told[3]),
    "os.link": lambda told: ("link", told[1], told[3]),
    "os.mkdir": lambda told: ("make", told[0], told[2]),
    "os.rmdir": lambda told: ("remove", told[0], told[1]),
    "os.truncate": lambda told: ("cut", told[0], -1),
}


def _told(name: str, arguments: tuple[Any, ...]) -> None:
    life = _alive
    if life is None:
        return
    if name == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES:
        path, _, flags = arguments
        if flags & os.O_TMPFILE != os.O_TMPFILE and (place := life.place(path)) is not None:
            life.step(f"write {place}", partial(_tear, path) if flags & _MAKES else None)
    elif (read := _FILES.get(name)) is not None:
        verb, path, beside = read(arguments)
        if (place := life.place(path, beside)) is not None:
            life.step(f"{verb} {place}")


sys.addaudithook(_told)


def _tear(path: object) -> None:
    """A file of which the process wrote a little."""
    global _alive
    life, _alive = _alive, None
    try:
        Path(os.fsdecode(path)).write_bytes(b"to")  # type: ignore[arg-type]  # a path, as `place` has seen
    finally:
        _alive = life


@contextmanager
def answer_lost(engine: Engine, statement: str) -> Iterator[None]:
    """The database does the commits of transactions with this statement, and goes away before it says so."""
    done: set[int] = set()
    do_commit = engine.dialect.do_commit

    def execute(_connection: object, cursor: Any, executed: str, *_rest: object) -> None:
        if executed.startswith(statement):
            done.add(id(cursor.connection))

    def commit(connection: Any) -> None:
        do_commit(connection)
        if id(connection.driver_connection) in done:
            done.clear()
            raise sqlite3.OperationalError("disk I/O error")

    event.listen(engine, "before_cursor_execute", execute)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine.dialect, "do_commit", commit)
        try:
            yield
        finally:
            event.remove(engine, "before_cursor_execute", execute)


@contextmanager
def killed_writing(engine: Engine, life: Life) -> Iterator[None]:
    """Ends a process, as it were, in the write that its `Life` names, of all that it does in the block.

    Commits of the engine count, where something was written, and so do files and objects of any store.
    """
    global _alive
    tables: dict[int, dict[str, None]] = {}

    def execute(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if life.ended:
            raise Killed
        if (found := WRITTEN.match(statement)) is not None:
            tables.setdefault(id(connection), {})[found[1]] = None

    def commit(connection: Connection) -> None:
        written = tables.pop(id(connection), None)
        if written:
            life.step(f"commit {' '.join(written)}")

    def storing(verb: str, store: Callable[..., None]) -> Callable[..., None]:
        def stores(self: ObjectStore, *arguments: Any) -> None:
            if verb == "erase":
                arguments = (list(arguments[0]),)
                names = arguments[0]
            else:
                names = [arguments[verb == "copy"]]
            if names:
                life.step(f"{verb} {' '.join(sorted({name.rpartition('/')[2] for name in names}))}")
                store(self, *arguments)

        return stores

    heard: dict[str, Callable[..., Any]] = {
        "before_cursor_execute": execute,
        "commit": commit,
        "rollback": lambda connection: tables.pop(id(connection), None),
    }
    for name, listen in heard.items():
        event.listen(engine, name, listen)
    with pytest.MonkeyPatch.context() as patch:
        for verb in ("put", "copy", "erase"):
            patch.setattr(ObjectStore, verb, storing(verb, getattr(ObjectStore, verb)))
        _alive = life
        try:
            yield
        finally:
            _alive = None
            for name, listen in heard.items():
                event.remove(engine, name, listen)
