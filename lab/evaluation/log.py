"""Measure the transparency log: appending to SQLite, and proofs in a log of ten million entries.

    python -m lab.evaluation.log [--size 10000000] [--folder FOLDER]

writes `docs/benchmarks/log.md`.
"""

import argparse
import hashlib
import os
import platform
import random
import sqlite3
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine

from api import db, log_store
from provenance.records.log import LogEntry, MerkleLog
from provenance.records.merkle import verify_consistency, verify_inclusion

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "log.md"
BATCHES = (1, 10, 100, 1000)
QUESTIONS = 1000

T = TypeVar("T")


def entries(count: int, start: int = 0) -> list[LogEntry]:
    """Entries as registrations make them."""
    return [
        LogEntry("register", f"{i:016x}", 1, hashlib.sha256(b"%d" % i).hexdigest(), "cd" * 32)
        for i in range(start, start + count)
    ]


def append_rate(engine: Engine, batch: int, total: int) -> float:
    """Entries per second, each batch a transaction of its own that is on disk when it ends."""
    made = entries(total)
    start = time.perf_counter()
    for first in range(0, total, batch):
        with db.writing(engine) as connection:
            log_store.append_many(connection, made[first : first + batch], "default")
    return total / (time.perf_counter() - start)


def fill(path: Path, size: int) -> None:
    """Write the nodes of a log of `size` entries.

    Leaf hashes are SHA-256 of the index; every inner node is truly hashed from its children, so that
    roots and proofs verify. The rows are those that appending would write, only written level by level and
    without the entries themselves, which no proof reads.
    """
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous=OFF")
    row = bytearray()
    for i in range(size):
        row += hashlib.sha256(i.to_bytes(8, "big")).digest()
    level = 0
    while row:
        count = len(row) // 32
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO log_nodes (level, position, hash) VALUES (?, ?, ?)", _rows(level, row)
        )
        database.execute("COMMIT")
        above = bytearray()
        for i in range(count // 2):
            above += hashlib.sha256(b"\x01" + row[64 * i : 64 * i + 64]).digest()
        row, level = above, level + 1
    database.close()


def _rows(level: int, row: bytearray) -> Iterator[tuple[int, int, bytes]]:
    for i in range(len(row) // 32):
        yield level, i, bytes(row[32 * i : 32 * i + 32])


def proof_times(engine: Engine, size: int) -> dict[str, list[float]]:
    """Milliseconds per answer, the transaction included; answers are verified outside the time taken."""
    chance = random.Random(1)
    root = asked(engine, size, MerkleLog.root)[0]
    times: dict[str, list[float]] = {"inclusion proof": [], "consistency proof": [], "root": []}
    for _ in range(QUESTIONS):
        index, old = chance.randrange(size), chance.randrange(1, size)
        path, inclusion_ms = asked(engine, size, partial(MerkleLog.inclusion_proof, index=index))
        steps, consistency_ms = asked(engine, size, partial(MerkleLog.consistency_proof, old_size=old))
        old_root, root_ms = asked(engine, size, partial(MerkleLog.root, size=old))
        leaf = hashlib.sha256(index.to_bytes(8, "big")).digest()
        verify_inclusion(leaf, index, size, path, root)
        verify_consistency(old, size, old_root, root, steps)
        for name, value in zip(times, (inclusion_ms, consistency_ms, root_ms), strict=True):
            times[name].append(value)
    return times


def asked(engine: Engine, size: int, question: Callable[[MerkleLog], T]) -> tuple[T, float]:
    """The answer, and how many milliseconds it took."""
    start = time.perf_counter()
    with db.reading(engine) as connection:
        answer = log_store.ask(connection, size, question)
    return answer, 1000 * (time.perf_counter() - start)


def append_memory(engine: Engine, size: int) -> int:
    """Peak bytes that Python allocates while 100 leaves are appended to the large log."""
    leaves = [hashlib.sha256(b"%d" % i).digest() for i in range(100)]
    with db.writing(engine) as connection:
        tracemalloc.start()
        store = log_store.SqlNodeStore(connection)
        MerkleLog(store, size).extend(leaves)
        store.flush()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def write_page(rates: dict[int, float], size: int, times: dict[str, list[float]], peak: int) -> None:
    """Write `docs/benchmarks/log.md`."""
    lines = [
        "# Transparency log: measured",
        "",
        "Written by `python -m lab.evaluation.log`; do not edit. "
        f"{platform.machine()}, {os.cpu_count()} cores (shared with other work), "
        f"Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version} in WAL mode with `synchronous=FULL`: a batch is on disk when its "
        "transaction ends.",
        "",
        "## Appending",
        "",
        "| entries in a batch | entries per second |",
        "|---:|---:|",
        *(f"| {batch} | {rate:,.0f} |" for batch, rate in rates.items()),
        "",
        f"## A log of {size:,} entries",
        "",
        "Synthetic: leaf hashes are SHA-256 of the index, all inner nodes are truly hashed and stored as "
        f"appending would, and each of the {QUESTIONS:,} random proofs was verified against the root. The "
        "entries themselves are not stored; no proof reads them.",
        "",
        "| question | median ms | 99 % ms | slowest ms |",
        "|---|---:|---:|---:|",
        *(
            f"| {name} | {statistics.median(found):.2f} | {sorted(found)[int(len(found) * 0.99)]:.2f} "
            f"| {max(found):.2f} |"
            for name, found in times.items()
        ),
        "",
        f"Appending 100 leaves to it took at most {peak / 1024:,.0f} KiB of Python memory.",
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the databases go; needs 2 GB for the default size")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        rates = {}
        for batch in BATCHES:
            engine = fresh(Path(name) / f"append-{batch}.db")
            rates[batch] = append_rate(engine, batch, max(500, 10 * batch))
            print(f"batches of {batch}: {rates[batch]:,.0f}/s", flush=True)
            engine.dispose()
        path = Path(name) / "large.db"
        engine = fresh(path)
        fill(path, options.size)
        print(f"{options.size:,} entries: {path.stat().st_size / 1e9:.2f} GB", flush=True)
        write_page(
            rates, options.size, proof_times(engine, options.size), append_memory(engine, options.size)
        )
        engine.dispose()
    print(f"wrote {PAGE}")


def fresh(path: Path) -> Engine:
    """An empty database with our tables."""
    engine = db.connect(f"sqlite:///{path}")
    db.upgrade(engine)
    return engine


if __name__ == "__main__":
    main()
