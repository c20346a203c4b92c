"""Rows of a scan that is under way, one JSON line each, so that it can be interrupted anywhere.

A row counts once its line is whole. A line that an interruption cut is taken away before the next is written,
so however often a scan is interrupted, no row is lost behind a half line and none is asked for twice. Only
the place of each row is held in memory.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from api.audit.json_form import Json
from api.scan.find import Item, ScanError


class Journal:
    """The rows that are there, by location; made by `opened`."""

    def __init__(self, file: BinaryIO) -> None:
        """Read what an earlier scan wrote and take away what it did not finish writing."""
        self._file = file
        self._places: dict[str, int] = {}
        self._sizes: dict[str, int | None] = {}
        end = 0
        file.seek(0)
        for line in file:
            if not line.endswith(b"\n"):
                break
            row = _row(line)
            if row is not None:
                self._places[row["file"]], self._sizes[row["file"]] = end, row.get("size_bytes")
            end += len(line)
        file.truncate(end)

    def add(self, row: Json) -> None:
        """Keep a row; it counts from now on."""
        place = self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps(row).encode() + b"\n")
        self._file.flush()
        self._places[row["file"]], self._sizes[row["file"]] = place, row["size_bytes"]

    def holds(self, item: Item) -> bool:
        """Whether there is a row of the item as it is today, judged by its size."""
        return item.location in self._places and self._sizes[item.location] == item.size

    def rows(self, items: Sequence[Item]) -> Iterator[Mapping[str, object]]:
        """The rows of these items, in their order, one at a time."""
        for item in items:
            self._file.seek(self._places[item.location])
            yield json.loads(self._file.readline())


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    """The journal at a path, made where there is none; erased at the end unless the block failed.

    Raises:
        ScanError: another scan is writing to it.
    """
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ScanError(f"another scan is writing these results ({path}): wait for it to end") from None
        yield Journal(file)
        path.unlink()


def _row(line: bytes) -> Json | None:
    """A line's row; None for half a line that an earlier release wrote its next row behind."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) and isinstance(row.get("file"), str) else None
