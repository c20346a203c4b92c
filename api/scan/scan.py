"""Audit a catalogue: many files, several processes or a Ray cluster, one table of results.

Every finished file is written to a journal beside the results before the next one counts, so a
scan that was interrupted goes on where it stopped. The table is written at the end, in one piece.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.audit.findings import Json
from core.errors import TrackmarkError
from core.files import replacing
from core.suffixes import SUFFIXES, is_audio

if TYPE_CHECKING:
    from api.registry.registry import Registry
    from api.settings import Settings

TABLES = (".parquet", ".jsonl", ".csv")
IN_FLIGHT_PER_WORKER = 4


class ScanError(TrackmarkError):
    """A scan cannot start: nothing to scan, or a missing optional package."""


@dataclass(frozen=True)
class Item:
    """A file to audit: a local path or a URL that fsspec understands."""

    location: str
    size: int | None


Auditor = Callable[[Item, Path], Json]


def find(target: str) -> list[Item]:
    """List the audio files that a folder, a glob pattern, a file or a URL names, in a fixed order.

    Raises:
        ScanError: nothing is there, or the protocol of the URL is not known.
    """
    fsspec = import_module("fsspec")
    try:
        system, path = fsspec.url_to_fs(target)
        local = "file" in system.protocol
        if any(c in path for c in "*?["):
            names = system.glob(path)
        elif system.isdir(path):
            names = system.find(path)
        else:
            names = [path] if system.exists(path) else []
        wanted = sorted(n for n in names if is_audio(n))
        found = [
            Item(name if local else system.unstrip_protocol(name), system.info(name).get("size"))
            for name in wanted
        ]
    except (ImportError, ValueError, OSError) as error:
        raise ScanError(f"cannot list {target}: {error}") from error
    if not found:
        raise ScanError(f"no audio files in {target} (looked for {', '.join(sorted(SUFFIXES))})")
    return found


def scan(
    items: Sequence[Item],
    results: Path,
    *,
    engine: str,
    workers: int,
    home: Path,
    progress: Callable[[int, int, Json], None] | None = None,
    audit: Auditor | None = None,
) -> list[Json]:
    """Audit all items and write the table.

    Args:
        items: from `find`.
        results: `.parquet`, `.jsonl` or `.csv`.
        engine: `local` (processes on this machine) or `ray` (a cluster, or this machine through Ray).
        workers: how many files at once.
        home: the registry's folder; with Ray, one that every machine sees, or a shared database.
        progress: called with (done, all, row) after each file.
        audit: item and home to a row; must be importable by other processes. None is `audit_item`.

    Returns:
        One row per item, in the order of `items`.

    Raises:
        ScanError: an unknown engine, or an optional package is missing.
    """
    if results.suffix not in TABLES:
        raise ScanError(f"results must end in one of {', '.join(TABLES)}, not {results.name!r}")
    if results.suffix == ".parquet":
        _pyarrow()
    engines = {"local": _local, "ray": _ray}
    if engine not in engines:
        raise ScanError(f"unknown engine {engine!r}: use local or ray")
    journal = results.with_name(f".{results.name}.journal")
    rows = {r["file"]: r for r in _read_journal(journal)}
    sizes = {item.location: item.size for item in items}
    rows = {file: row for file, row in rows.items() if file in sizes and sizes[file] == row["size_bytes"]}
    left = [item for item in items if item.location not in rows]
    with journal.open("a", encoding="utf-8") as log:
        for row in engines[engine](left, workers, home, audit or audit_item):
            log.write(json.dumps(row) + "\n")
            log.flush()
            rows[row["file"]] = row
            if progress is not None:
                progress(len(rows), len(items), row)
    ordered = [rows[item.location] for item in items]
    write_table(ordered, results)
    journal.unlink()
    return ordered


def audit_item(item: Item, home: Path) -> Json:
    """Audit one item into one flat row; never raises for the item's own faults."""
    from api.audit.audit import audit_file

    registry, settings = _opened(str(home))
    try:
        with _local_copy(item) as path:
            found = audit_file(path, registry=registry, settings=settings).to_dict()
    except (TrackmarkError, OSError) as error:
        return _failed(item, type(error).__name__, str(error))
    found["file"] = item.location
    return flatten(item, found)


def flatten(item: Item, found: Json) -> Json:
    """One audit as a flat row: the columns that a catalogue is filtered by, and the whole as JSON."""
    best = found["fingerprint"][0] if found["fingerprint"] else {}
    return {
        "file": item.location,
        "size_bytes": item.size,
        "sha256": found["sha256"],
        "duration_s": found["duration_s"],
        "action": found["decision"]["action"],
        "rules": ",".join(rule["rule"] for rule in found["decision"]["rules"]),
        "ownership": found["ownership"]["status"],
        "record_id": found["ownership"]["record_id"],
        "watermark_present": found["watermark"]["present"],
        "watermark_p_value": found["watermark"]["p_value"],
        "fingerprint_record_id": best.get("record_id"),
        "fingerprint_score": best.get("score"),
        "credentials_valid": found["credentials"]["valid"],
        "ai_score": found["ai"]["score"],
        "ai_p_value": found["ai"]["p_value"],
        "ai_verdict": found["ai"]["verdict"],
        "voice_synthetic_score": found["voice"]["synthetic_score"],
        "warnings": "; ".join(found["warnings"]),
        "error": None,
        "elapsed_s": found["elapsed_s"],
        "findings": json.dumps(found),
    }


def write_table(rows: Sequence[Json], path: Path) -> None:
    """Write rows as Parquet, JSON lines or CSV, whole or not at all."""
    with replacing(path) as part:
        _write_rows(rows, part, path.suffix)


def _write_rows(rows: Sequence[Json], part: Path, suffix: str) -> None:
    if suffix == ".parquet":
        arrow, parquet = _pyarrow()
        parquet.write_table(
            arrow.Table.from_pylist(list(rows), schema=_schema(arrow)), part, compression="zstd"
        )
    elif suffix == ".jsonl":
        part.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        import csv

        with part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(_COLUMNS))
            writer.writeheader()
            writer.writerows(rows)


_COLUMNS: dict[str, str] = {
    "file": "string",
    "size_bytes": "int64",
    "sha256": "string",
    "duration_s": "float64",
    "action": "string",
    "rules": "string",
    "ownership": "string",
    "record_id": "string",
    "watermark_present": "bool_",
    "watermark_p_value": "float64",
    "fingerprint_record_id": "string",
    "fingerprint_score": "float64",
    "credentials_valid": "bool_",
    "ai_score": "float64",
    "ai_p_value": "float64",
    "ai_verdict": "string",
    "voice_synthetic_score": "float64",
    "warnings": "string",
    "error": "string",
    "elapsed_s": "float64",
    "findings": "string",
}


def _schema(arrow: Any) -> Any:
    return arrow.schema([(name, getattr(arrow, kind)()) for name, kind in _COLUMNS.items()])


def _failed(item: Item, kind: str, message: str) -> Json:
    row: Json = dict.fromkeys(_COLUMNS)
    return {**row, "file": item.location, "size_bytes": item.size, "error": f"{kind}: {message}"}


def _local(items: Sequence[Item], workers: int, home: Path, audit: Auditor) -> Iterator[Json]:
    """Audit in processes. A file that kills its process (out of memory) costs its own row only."""
    left = list(items)
    while left:
        suspects: list[Item] = []
        with _pool(workers) as pool:
            running: dict[Future[Json], Item] = {}
            while (left and not suspects) or running:
                while left and not suspects and len(running) < workers * IN_FLIGHT_PER_WORKER:
                    item = left.pop(0)
                    running[pool.submit(audit, item, home)] = item
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    item = running.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:  # all files in flight fail with it; one is to blame
                        suspects.append(item)
        for item in suspects:
            with _pool(1) as pool:
                try:
                    yield pool.submit(audit, item, home).result()
                except BrokenProcessPool:
                    yield _failed(
                        item, "WorkerDied", "the process died over this file; is there enough memory?"
                    )


def _pool(workers: int) -> ProcessPoolExecutor:
    # Spawn, not fork: torch's threads do not survive a fork.
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread)


def _ray(items: Sequence[Item], workers: int, home: Path, audit: Auditor) -> Iterator[Json]:
    """Audit on a Ray cluster (`RAY_ADDRESS`), or on this machine through Ray."""
    try:
        ray = import_module("ray")
    except ImportError:
        raise ScanError("the ray engine needs Ray: pip install 'trackmark[ray]'") from None
    if not ray.is_initialized():
        ray.init(
            address=os.environ.get("RAY_ADDRESS"), num_cpus=None, include_dashboard=False, log_to_driver=False
        )
    task = ray.remote(audit)
    waiting = list(items)
    running: dict[Any, Item] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            item = waiting.pop(0)
            running[task.options(num_cpus=1, max_retries=2).remote(item, home)] = item
        done, _ = ray.wait(list(running), num_returns=1)
        for reference in done:
            item = running.pop(reference)
            try:
                yield ray.get(reference)
            except ray.exceptions.RayError as error:
                yield _failed(item, "WorkerDied", str(error))


def _one_thread() -> None:
    """One thread per process: the processes are the parallelism."""
    import torch

    torch.set_num_threads(1)


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
        system, remote = fsspec.url_to_fs(item.location)
        system.get_file(remote, str(path))
        yield path


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ScanError(
            "writing .parquet needs pyarrow: pip install pyarrow, or write .jsonl or .csv"
        ) from None


def _read_journal(path: Path) -> Iterator[Json]:
    """Rows of an interrupted scan; a half-written last line is left out."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            return
        yield row
