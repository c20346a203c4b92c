"""Audit a catalogue: many files, several processes or a Ray cluster, one table of results.

Every finished file is written to a journal beside the results before the next one counts, so a
scan that was interrupted goes on where it stopped. The table is written at the end, in one piece.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from api import errors
from api.audit.json_form import Json
from api.scan import journal
from api.scan.engines import ENGINES, Auditor
from api.scan.find import FetchError, Item, ScanError
from api.scan.table import TABLES, failed, flatten, pyarrow, told, write_table
from core.errors import TrackmarkError

if TYPE_CHECKING:
    from api.registry.registry import Registry
    from api.settings import Settings

UNREADABLE = "unreadable"


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
    progress: Callable[[int, int, Json], None] | None = None,
    audit: Auditor | None = None,
) -> Scanned:
    """Audit all items and write the table.

    Args:
        items: from `find`.
        results: `.parquet`, `.jsonl` or `.csv`.
        engine: `local` (processes on this machine) or `ray` (a cluster, or this machine through Ray).
        workers: how many files at once.
        home: the registry's folder; with Ray, one that every machine sees, or a shared database.
        progress: called with (done, all, row) after each file; the row as the table tells it.
        audit: item and home to a row; must be importable by other processes. None is `audit_item`.

    Returns:
        How many files there are and what became of them; the table has their rows in the order of `items`.

    Raises:
        ScanError: an unknown engine, an optional package is missing, or another scan writes the same table.
    """
    if results.suffix not in TABLES:
        raise ScanError(f"results must end in one of {', '.join(TABLES)}, not {results.name!r}")
    if results.suffix == ".parquet":
        pyarrow()
    if engine not in ENGINES:
        raise ScanError(f"unknown engine {engine!r}: use local or ray")
    with journal.opened(results.with_name(f".{results.name}.journal")) as kept:
        left = [item for item in items if not kept.holds(item)]
        done = len(items) - len(left)
        for row in ENGINES[engine](left, workers, home, audit or audit_item):
            kept.add(row)
            done += 1
            if progress is not None:
                progress(done, len(items), told(row))
        write_table(kept.rows(items), results)
        actions = Counter(str(row.get("action") or UNREADABLE) for row in kept.rows(items))
    return Scanned(len(items), actions)


def audit_item(item: Item, home: Path) -> Json:
    """Audit one item into one flat row; never raises for the item's own faults."""
    from api.audit.audit import audit_file
    from api.registry.artists import Reader

    registry, settings = _opened(str(home))
    try:
        with _local_copy(item) as path:
            reader = registry.on_behalf(Reader.here(f"scan of {item.location}"))
            found = audit_file(path, registry=reader, settings=settings).to_dict()
    except FetchError as error:
        return failed(item, type(error).__name__, str(error))
    except (TrackmarkError, OSError) as error:
        if _ours(error):
            raise  # another try will do; a row would be the last word on a file that nobody has heard
        return failed(item, type(error).__name__, str(error))
    return flatten(item, found)


def _ours(error: Exception) -> bool:
    """Whether a failure is none of the file's: a full disk, keys, weights."""
    code = errors.told(error)["code"]
    return code == errors.DiskFull.code or (isinstance(error, TrackmarkError) and code in errors.OURS)


@lru_cache(maxsize=1)
def _opened(home: str) -> "tuple[Registry, Settings]":
    from api.registry.registry import Registry
    from api.settings import Settings

    settings = Settings(home=Path(home))
    return Registry.open(settings), settings


@contextmanager
def _local_copy(item: Item) -> Iterator[Path]:
    """A local path for an item; a remote one is copied and removed again."""
    if "://" not in item.location:
        yield Path(item.location)
        return
    fsspec = import_module("fsspec")
    with tempfile.TemporaryDirectory(prefix="trackmark-scan-") as folder:
        path = Path(folder) / Path(item.location).name
        try:
            system, remote = fsspec.url_to_fs(item.location)
            system.get_file(remote, str(path))
        except Exception as error:  # each kind of store has errors of its own
            if errors.told(error)["code"] == errors.DiskFull.code:
                raise
            raise FetchError(f"cannot fetch {item.location}: {error or type(error).__name__}") from error
        yield path
