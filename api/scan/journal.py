"""Rows of a scan that is under way, one JSON line each, so that it can be interrupted anywhere.

A row counts once its line is whole and on the disk (`core.lines`), so however often a scan is interrupted, no
row is lost behind a half line and none is asked for twice. Only the place of each row is held in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from api.audit.json_form import Json
from api.scan.find import Item, ScanError
from core import lines


class Journal:
    """The rows that are there, by location; made by `opened`."""

    def __init__(self, file: lines.Lines) -> None:
        """Read what an earlier scan wrote and take away what it did not finish writing."""
        self._file = file
        self._places: dict[str, int] = {}
        self._sizes: dict[str, int | None] = {}
        for place, row in file.read():
            if isinstance(row.get("file"), str):
                self._places[row["file"]], self._sizes[row["file"]] = place, row.get("size_bytes")

    def add(self, row: Json) -> None:
        """Keep a row; it counts from now on.

        Raises:
            OSError: the disk is full; the row does not count, and all before it do.
        """
        self._places[row["file"]] = self._file.add(row)
        self._sizes[row["file"]] = row["size_bytes"]

    def holds(self, item: Item) -> bool:
        """Whether there is a row of the item as it is today, judged by its size."""
        return item.location in self._places and self._sizes[item.location] == item.size

    def rows(self, items: Sequence[Item]) -> Iterator[Mapping[str, object]]:
        """The rows of these items, in their order, one at a time."""
        for item in items:
            yield self._file.at(self._places[item.location])


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    """The journal at a path, made where there is none; erased at the end unless the block failed.

    Raises:
        ScanError: another scan is writing to it.
        OSError: it cannot be opened.
    """
    try:
        with lines.opened(path) as file:
            yield Journal(file)
            path.unlink()
    except lines.Taken:
        raise ScanError(f"another scan is writing these results ({path}): wait for it to end") from None
