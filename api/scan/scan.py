"""Audit a catalogue: many files, several processes or a Ray cluster, one table of results.

Every row is on the disk before it counts (`parts`), so a scan that is interrupted, however often, goes on
where it stopped. The table is made of the parts at the end, in one piece.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from api.audit.json_form import Json
from api.scan import matches, run
from api.scan.engines import ENGINES
from api.scan.find import FetchError, FileMissing, Item, ScanError
from api.scan.parts import Parts
from api.scan.plan import Terms
from api.scan.table import COLUMNS, TABLES, refuse_foreign, told, write_table
from api.scan.worker import Auditor, Outcomes, Task, WorkerDied, audit_item
from core.errors import InvalidInput

UNREADABLE = "unreadable"
LOST_IN_A_ROW = 20
"""When so many files in a row cannot be had, or take their workers with them, it is not the files."""


@dataclass(frozen=True)
class Scanned:
    """What became of the files.

    Attributes:
        files: how many there are.
        actions: how many of them by the decision's action, or `unreadable`.
    """

    files: int
    actions: Mapping[str, int]


def scan(
    items: Sequence[Item],
    results: Path,
    *,
    engine: str,
    workers: int,
    home: Path,
    heard: Path | None = None,
    begun: Callable[[int, int], None] | None = None,
    progress: Callable[[int, int, Json], None] | None = None,
    audit: Auditor = audit_item,
    terms: Terms | None = None,
    overwrite: bool = False,
) -> Scanned:
    """Audit all items and write the table.

    Args:
        items: from `find`.
        results: `.parquet`, `.jsonl` or `.csv`.
        engine: `local` (processes on this machine) or `ray` (a cluster, or this machine through Ray).
        workers: how many files at once.
        home: the registry's folder; with Ray, one that every machine sees, or a shared database.
        heard: a second table, of where registered tracks are heard (see `matches`).
        begun: called once with (done by earlier runs, all).
        progress: called with (done, all, row) after each file; the row as the table tells it.
        audit: gives the row of an item; must be importable by other processes.
        terms: by what a scan that begins decides; None is today in UTC, and the default policy.
        overwrite: whether files that are no tables of a scan may be replaced by the tables.

    Returns:
        How many files there are and what became of them; the table has their rows in the order of `items`.

    Raises:
        InvalidInput: an unknown engine, a table of no known kind, or a file in its place that is none of
            ours; where that came while the scan ran, every row is kept for the next.
        ScanError: an optional package is missing, another scan writes the same table, or the place of the
            files or the cluster cannot be reached any more.
        OSError: the disk is full. Every row that was there before is kept, whatever ends the scan.
    """
    for table in filter(None, (results, heard)):
        if table.suffix not in TABLES:
            raise InvalidInput(f"results must end in one of {', '.join(TABLES)}, not {table.name!r}")
    if heard == results:
        raise InvalidInput("the two tables need two names")
    if engine not in ENGINES:
        raise InvalidInput(f"unknown engine {engine!r}: use local or ray")
    tables = {results: COLUMNS} if heard is None else {heard: matches.COLUMNS, results: COLUMNS}
    check = partial(_refuse_foreign, {} if overwrite else tables)
    check()
    folder = results.with_name(f".{results.name}.scan")
    with run.opened(folder, items, terms or Terms(datetime.now(UTC).date())) as parts:
        left, before = list(parts.left()), parts.done
        if begun is not None:
            begun(before, len(items))
        if left:
            task = Task(audit, home, parts.plan.terms)
            with closing(ENGINES[engine]([items[number] for number in left], workers, task)) as outcomes:
                for done, (number, row) in enumerate(_reached(outcomes), before + 1):
                    parts.add(left[number], row)
                    if progress is not None:
                        progress(done, len(items), told(row))
        actions: Counter[str] = Counter()
        check()
        if heard is not None:
            write_table(matches.matches(parts.rows()), heard, matches.COLUMNS)
        write_table(_counted(parts, actions), results)
    return Scanned(len(items), actions)


def _refuse_foreign(tables: Mapping[Path, Mapping[str, str]]) -> None:
    for path, columns in tables.items():
        refuse_foreign(path, columns)


def _reached(outcomes: Outcomes) -> Iterator[tuple[int, Json]]:
    """The rows; those of files that were lost wait until another one was not."""
    waiting: list[tuple[int, Json]] = []
    for number, outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        waiting.append((number, outcome))
        if _is_lost(outcome):
            if len(waiting) >= LOST_IN_A_ROW:
                raise ScanError(
                    f"{len(waiting)} files in a row were lost, the last with: {outcome['error']}; the same "
                    "command goes on once its cause is gone"
                )
            continue
        yield from waiting
        waiting.clear()
    yield from waiting


def _is_lost(row: Json) -> bool:
    """Whether a failure is one that a store, a disk that is taken away or a full memory gives every file.

    A file that was not there when it was listed is missing for good.
    """
    kind = row["error_type"]
    gone = kind == FileMissing.__name__ and row["size_bytes"] is not None
    return gone or kind in (FetchError.__name__, WorkerDied.__name__)


def _counted(parts: Parts, actions: Counter[str]) -> Iterator[Json]:
    for row in parts.rows():
        actions[str(row["action"] or UNREADABLE)] += 1
        yield row
