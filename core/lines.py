"""A file of JSON lines that survives whatever ends the process that writes it.

A line counts once it is whole and on the disk. Half a line, which an interruption cut, is taken away before
the next is written, so that nothing is ever lost behind it. One process writes at a time.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO


class Taken(Exception):
    """Another process writes the file."""


class Lines:
    """The lines of an open file; made by `opened`."""

    def __init__(self, reading: BinaryIO, writing: int) -> None:
        self._reading, self._writing = reading, writing

    def read(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Every object that stands in a line of its own, and the place where it begins.

        To be read to its end before anything is added: half a line is taken away then. A line that is none
        of ours, such as one that an earlier release glued to half a line, is passed over.
        """
        self._reading.seek(0)
        end = 0
        for line in self._reading:
            if not line.endswith(b"\n"):
                break
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            if isinstance(found, dict):
                yield end, found
            end += len(line)
        os.ftruncate(self._writing, end)

    def add(self, value: dict[str, Any]) -> int:
        """Write an object; it is on the disk when this returns.

        Returns:
            The place where it begins.

        Raises:
            OSError: the disk is full or fails; the line does not count then.
        """
        line = memoryview(json.dumps(value).encode() + b"\n")
        place = os.lseek(self._writing, 0, os.SEEK_END)
        try:
            while line:
                line = line[os.write(self._writing, line) :]
            os.fsync(self._writing)
        except OSError:
            os.ftruncate(self._writing, place)
            raise
        return place

    def at(self, place: int) -> dict[str, Any]:
        """The object that begins at a place."""
        self._reading.seek(place)
        found: dict[str, Any] = json.loads(self._reading.readline())
        return found


@contextmanager
def opened(path: Path) -> Iterator[Lines]:
    """The lines of a file, made where there is none.

    Raises:
        Taken: another process has it open.
        OSError: it cannot be opened.
    """
    with path.open("ab", buffering=0) as writing, path.open("rb") as reading:
        try:
            fcntl.flock(writing, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Taken(str(path)) from None
        yield Lines(reading, writing.fileno())
