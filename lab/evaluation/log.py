"""Measure the transparency log: appending to SQLite, and a log of ten million entries.

    python -m lab.evaluation.log [--size 1000000 --size 10000000] [--folder FOLDER]

writes `docs/benchmarks/log.md`.
"""

import argparse
import hashlib
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine

from api import database
from api.log import leaves, tree
from api.registry.registry import Registry
from api.settings import Settings
from lab.registrations import blank_fingerprint, new_records
from provenance.records.log import LogEntry, MerkleLog
from provenance.records.merkle import verify_consistency, verify_inclusion

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks" / "log.md"
SIZES = (1_000_000, 10_000_000)
BATCHES = (1, 10, 100, 1000)
CROWDS = (1, 16, 64, 256)
REPEATS = 3
QUESTIONS = 1000
APPENDED = 1000
GOAL_PER_S, GOAL_MS = 2000, 5.0

T = TypeVar("T")


@dataclass(frozen=True)
class Large:
    """What was measured on a large log: milliseconds per question, and bytes to append to it."""

    size: int
    times: dict[str, list[float]]
    before: int
    after: int


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
        with leaves.appending(engine) as connection:
            leaves.append_many(connection, made[first : first + batch], "default")
    return total / (time.perf_counter() - start)


def crowd_rate(threads: int, work: Iterator[T], do: Callable[[T], object], total: int) -> float:
    """Pieces of work per second, done one by one by many threads; each waits until its own is on disk."""
    lock, barrier = threading.Lock(), threading.Barrier(threads + 1)

    def run() -> None:
        barrier.wait()
        while True:
            with lock:
                one = next(work, None)
            if one is None:
                return
            do(one)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    barrier.wait()
    start = time.perf_counter()
    for worker in workers:
        worker.join()
    return total / (time.perf_counter() - start)


def appended_by(threads: int, folder: Path) -> float:
    """Log entries per second that come one by one from many threads: the best of several runs."""
    rates = []
    for run in range(REPEATS):
        engine = fresh(folder / f"crowd-{threads}-{run}.db")
        total = 500 if threads == 1 else 6000
        appender = leaves.appender(engine)
        do = partial(_submit, appender.submit)
        rates.append(crowd_rate(threads, iter(entries(total)), do, total))
        engine.dispose()
    return max(rates)


def _submit(submit: Callable[[tuple[LogEntry, str]], int], entry: LogEntry) -> None:
    submit((entry, "default"))


def registered_by(threads: int, folder: Path) -> float:
    """Whole registrations per second: sign, commit, log, record, digests, an empty fingerprint."""
    registry = Registry.open(Settings(home=folder / f"registry-{threads}"))
    total = 200 if threads == 1 else 2000
    records = iter(new_records(total, registry.keys.signer("record").keyid))
    nothing = blank_fingerprint()
    rate = crowd_rate(threads, records, lambda record: registry.records.register(record, nothing), total)
    registry.close()
    return rate


class Filler:
    """Writes the nodes of a growing log, in little memory.

    Leaf hashes are SHA-256 of the index; every inner node is truly hashed from its children, so that roots
    and proofs verify. The rows are those that appending would write; of the entries, which no proof reads,
    only the last is written, since its index tells the size.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA synchronous=OFF")
        self._border: list[bytes] = []
        self._size = 0

    def grow(self, size: int) -> None:
        """Bring the log to `size` entries."""
        rows = self._rows(size)
        while block := list(islice(rows, 200_000)):
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT INTO log_nodes (level, position, hash) VALUES (?, ?, ?)", block
            )
            self._database.execute("COMMIT")
        last = (size - 1, "default", b"", "2026-01-01 00:00:00.000000")
        self._database.execute("DELETE FROM log_leaves")
        self._database.execute(
            "INSERT INTO log_leaves (leaf_index, tenant, entry, created_at) VALUES (?, ?, ?, ?)", last
        )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _rows(self, size: int) -> Iterator[tuple[int, int, bytes]]:
        sha256, border = hashlib.sha256, self._border
        for index in range(self._size, size):
            node, level, place = sha256(index.to_bytes(8, "big")).digest(), 0, index
            yield 0, place, node
            while place & 1:
                node = sha256(b"\x01" + border.pop() + node).digest()
                level, place = level + 1, place >> 1
                yield level, place, node
            border.append(node)
        self._size = size


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
    with database.reading(engine) as connection:
        answer = tree.ask(connection, size, question)
    return answer, 1000 * (time.perf_counter() - start)


MEMORY = """
import re, sys
from pathlib import Path
from api import database
from api.log import leaves, tree
from provenance.records.log import LogEntry
engine = database.connect("sqlite:///" + sys.argv[1])
def peak():  # not getrusage, which a child inherits from its parent
    return 1024 * int(re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1])
with leaves.appending(engine) as connection:
    tree.size_of(connection)
before = peak()
for i in range(int(sys.argv[2])):
    entry = LogEntry("register", f"{i:016x}", 1, f"{i:064x}", "cd" * 32)
    with leaves.appending(engine) as connection:
        leaves.append(connection, entry, "default")
print(before, peak())
"""


def append_memory(path: Path) -> tuple[int, int]:
    """Peak bytes of a fresh process before and after it appends to a large log, one entry at a time.

    It appends to the file itself, whose entries are gone from it afterwards.
    """
    command = [sys.executable, "-c", MEMORY, str(path), str(APPENDED)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    return before, after


def forget(path: Path, size: int) -> None:
    """Take what was appended behind `size` off again."""
    rows = sqlite3.connect(path)
    for level in range(64):
        rows.execute("DELETE FROM log_nodes WHERE level = ? AND position >= ?", (level, size >> level))
    rows.execute("DELETE FROM log_leaves WHERE leaf_index >= ?", (size,))
    rows.commit()
    rows.close()


def page(
    batches: dict[int, float], crowds: dict[int, tuple[float, float]], large: list[Large], load: str
) -> str:
    """The text of `docs/benchmarks/log.md`."""
    best = max(rate for rate, _ in crowds.values())
    slowest = statistics.median(large[-1].times["inclusion proof"])
    verdicts = (
        f"Goal: {GOAL_PER_S:,} entries per second that come one by one: "
        f"**{'reached' if best >= GOAL_PER_S else 'missed'}** ({best:,.0f}).",
        f"Goal: a proof of any of {large[-1].size:,} entries in under {GOAL_MS:.0f} ms: "
        f"**{'reached' if slowest < GOAL_MS else 'missed'}** in the median ({slowest:.2f} ms).",
    )
    lines = [
        "# Transparency log: measured",
        "",
        "Written by `python -m lab.evaluation.log`; do not edit. "
        f"{platform.machine()}, {os.cpu_count()} cores shared with other work (load average {load}), "
        f"Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version} in WAL mode with `synchronous=FULL`: what was answered is on disk.",
        "",
        *(f"- {verdict}" for verdict in verdicts),
        "",
        "## Entries that come one by one, at the same moment",
        "",
        "Each thread hands in one entry and waits until it is on disk; whoever waits at the same moment "
        f"shares a transaction (`api/database/group_commit.py`). Log entries alone: best of {REPEATS} runs. "
        "A registration is all of it: sign the record, enter it, its digests, its log entry and an empty "
        "fingerprint.",
        "",
        "| threads | log entries per second | registrations per second |",
        "|---:|---:|---:|",
        *(f"| {threads} | {rate:,.0f} | {whole:,.0f} |" for threads, (rate, whole) in crowds.items()),
        "",
        "## Entries in batches, by one thread",
        "",
        "| entries in a batch | entries per second |",
        "|---:|---:|",
        *(f"| {batch} | {rate:,.0f} |" for batch, rate in batches.items()),
        "",
        "## Large logs",
        "",
        "Synthetic: leaf hashes are SHA-256 of the index, all inner nodes are truly hashed and stored as "
        f"appending would, and each of the {QUESTIONS:,} random proofs was verified against the root.",
        "",
        "| entries | question | median ms | 99 % ms | slowest ms |",
        "|---:|---|---:|---:|---:|",
        *(
            f"| {one.size:,} | {name} | {statistics.median(found):.2f} "
            f"| {sorted(found)[int(len(found) * 0.99)]:.2f} | {max(found):.2f} |"
            for one in large
            for name, found in one.times.items()
        ),
        "",
        f"Peak memory (RSS) of a fresh process that appends {APPENDED:,} entries, one at a time:",
        "",
        "| entries in the log | before, MiB | after, MiB | growth, MiB |",
        "|---:|---:|---:|---:|",
        *(
            f"| {one.size:,} | {one.before / 2**20:.1f} | {one.after / 2**20:.1f} "
            f"| {(one.after - one.before) / 2**20:.1f} |"
            for one in large
        ),
        "",
    ]
    return "\n".join(lines)


def fresh(path: Path) -> Engine:
    """An empty database with our tables."""
    engine = database.connect(f"sqlite:///{path}")
    database.upgrade(engine)
    return engine


def measure_large(sizes: list[int], folder: Path) -> list[Large]:
    """Fill a log to each size in turn and measure it."""
    path = folder / "large.db"
    fresh(path).dispose()
    filler, found = Filler(path), []
    for size in sorted(sizes):
        filler.grow(size)
        print(f"{size:,} entries: {path.stat().st_size / 1e9:.2f} GB", flush=True)
        engine = database.connect(f"sqlite:///{path}")
        times = proof_times(engine, size)
        engine.dispose()
        before, after = append_memory(path)
        found.append(Large(size, times, before, after))
        forget(path, size)
    filler.close()
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, action="append", help="entries of a large log; may be repeated")
    parser.add_argument("--folder", type=Path, help="where the databases go; ten million entries take 3 GB")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        batches, crowds = {}, {}
        for batch in BATCHES:
            engine = fresh(folder / f"append-{batch}.db")
            batches[batch] = append_rate(engine, batch, max(500, 10 * batch))
            engine.dispose()
            print(f"batches of {batch}: {batches[batch]:,.0f}/s", flush=True)
        for threads in CROWDS:
            crowds[threads] = appended_by(threads, folder), registered_by(threads, folder)
            print(f"{threads} threads: {crowds[threads]}", flush=True)
        load = " ".join(f"{value:.1f}" for value in os.getloadavg())
        large = measure_large(options.size or list(SIZES), folder)
        PAGE.write_text(page(batches, crowds, large, load), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
