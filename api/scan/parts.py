"""The rows of a scan that is under way: on the disk, each once, however often the scan is interrupted.

A folder beside the table holds the plan, whose rows are cut into blocks of `ROWS_PER_PART`. A row counts once
it stands as a whole line in the file of its block (`core.lines`); a block whose rows are all there becomes a
Parquet part, by a rename. So the parts, and the table that is made of them in their order, depend on the plan
and the rows alone: not on the engine, the number of workers, or where and how often the scan was interrupted.
Memory holds the numbers of the rows of open blocks, and the rows of one part at a time.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from api.audit.json_form import Json
from api.scan.find import ScanError
from api.scan.plan import Plan
from api.scan.table import COLUMNS, read_part, rows_in, write_table
from core import lines

ROWS_PER_PART = 1000


class Parts:
    """The rows of a plan that are in a folder.

    Attributes:
        plan: what is to be done.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        """See what is there; torn parts and half lines are taken away."""
        self.plan = plan
        self._folder = folder
        self._blocks = -(-len(plan.items) // ROWS_PER_PART)
        self._whole: set[int] = set()
        self._begun: dict[int, _Block] = {}
        for block in range(self._blocks):
            if self._is_whole(block):
                self._whole.add(block)
            elif self._lines(block).exists():
                self._begun[block] = _Block(self._lines(block))
                self._finish_full(block)

    def close(self) -> None:
        """Let go of the files."""
        for block in self._begun.values():
            block.close()

    @property
    def done(self) -> int:
        """How many rows are there."""
        begun = sum(len(block.places) for block in self._begun.values())
        return begun + sum(len(self._numbers(block)) for block in self._whole)

    def left(self) -> Iterator[int]:
        """The numbers of the rows that are missing, rising."""
        for block in range(self._blocks):
            if block not in self._whole:
                there = self._begun[block].places.keys() if block in self._begun else ()
                yield from [number for number in self._numbers(block) if number not in there]

    def add(self, number: int, row: Json) -> None:
        """Keep the row of an item; it counts from now on.

        Raises:
            OSError: the disk is full; the row does not count, and all before it do.
        """
        block = number // ROWS_PER_PART
        if block not in self._begun:
            self._begun[block] = _Block(self._lines(block))
        self._begun[block].add(number, row)
        self._finish_full(block)

    def rows(self) -> Iterator[Json]:
        """All rows in the order of the plan; each must be there.

        Raises:
            ScanError: a part is damaged; it is thrown away, and its rows are missing from now on.
        """
        for block in range(self._blocks):
            yield from self._read(block)

    def numbered(self) -> Iterator[tuple[int, Json]]:
        """The rows that are there, with their numbers, in no order; raises what `rows` does."""
        for block in self._whole:
            yield from zip(self._numbers(block), self._read(block), strict=True)
        for begun in self._begun.values():
            for number in begun.places:
                yield number, begun.row(number)

    def _read(self, block: int) -> list[Json]:
        path, numbers = self._part(block), self._numbers(block)
        rows = read_part(path)
        if rows is None or len(rows) != len(numbers):
            path.unlink(missing_ok=True)
            raise ScanError(
                f"{path} was damaged and is thrown away: the same command asks for its rows again"
            )
        for number, row in zip(numbers, rows, strict=True):
            row["file"] = self.plan.items[number].location  # a table escapes what is no text in a name
        return rows

    def _finish_full(self, block: int) -> None:
        """Make a part of a block whose rows are all there."""
        begun = self._begun[block]
        if len(begun.places) == len(self._numbers(block)):
            write_table(map(begun.row, self._numbers(block)), self._part(block))
            self._whole.add(block)
            del self._begun[block]
            begun.close()
            self._lines(block).unlink()

    def _is_whole(self, block: int) -> bool:
        path = self._part(block)
        if not path.exists():
            return False
        if rows_in(path) == len(self._numbers(block)):
            self._lines(block).unlink(missing_ok=True)  # the scan was killed before it did
            return True
        path.unlink()
        return False

    def _numbers(self, block: int) -> range:
        return range(block * ROWS_PER_PART, min((block + 1) * ROWS_PER_PART, len(self.plan.items)))

    def _part(self, block: int) -> Path:
        return self._folder / f"part-{block:06d}.parquet"

    def _lines(self, block: int) -> Path:
        return self._folder / f"rows-{block:06d}.jsonl"


class _Block:
    """The rows of a block that is not whole yet, and where in its file they begin."""

    def __init__(self, path: Path) -> None:
        self._opened = ExitStack()
        self._file = self._opened.enter_context(lines.opened(path))
        self.places: dict[int, int] = {line["number"]: place for place, line in self._file.read()}

    def add(self, number: int, row: Json) -> None:
        if number not in self.places:
            kept = {name: row[name] for name in COLUMNS}
            self.places[number] = self._file.add({"number": number, "row": kept})

    def row(self, number: int) -> Json:
        row: Json = self._file.at(self.places[number])["row"]
        return row

    def close(self) -> None:
        self._opened.close()
