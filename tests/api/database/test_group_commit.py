"""Group commit: everybody's work is written once and answered after it is on disk; bad work fails alone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from api import database
from api.database.group_commit import GroupCommit
from api.errors import ConflictingEntry
from api.log import leaves, tree
from api.registry.registry import Registry
from api.settings import Settings
from lab.registrations import blank_fingerprint, new_records
from provenance.records.log import LogEntry, MerkleLog, leaf_hash, root_hash


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = database.connect(f"sqlite:///{tmp_path / 'log.db'}")
    database.upgrade(opened)
    yield opened
    opened.dispose()


def crowd(count: int, work: Callable[[int], object]) -> list[BaseException]:
    """Run work(0) to work(count - 1) in as many threads; returns what they raised."""
    wrong: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()  # for ever, where a thread was never answered
    return wrong


def entry(number: int) -> LogEntry:
    return LogEntry("register", f"{number:016x}", 1, f"{number:064x}", "cd" * 32)


def test_entries_of_a_crowd_share_transactions_and_each_learns_its_place(engine: Engine) -> None:
    groups: list[int] = []

    def perform(connection: Connection, work: Sequence[tuple[LogEntry, str]]) -> Sequence[int]:
        groups.append(len(work))
        return leaves.append_all(connection, work)

    writer: GroupCommit[tuple[LogEntry, str], int] = GroupCommit(partial(leaves.appending, engine), perform)
    places: dict[int, int] = {}

    def work(number: int) -> None:
        for i in range(number * 20, number * 20 + 20):
            places[i] = writer.submit((entry(i), f"tenant-{number}"))

    assert crowd(20, work) == []
    assert sum(groups) == 400
    assert len(groups) < 400
    assert sorted(places.values()) == list(range(400))
    with database.reading(engine) as connection:
        rows = connection.execute(text("SELECT leaf_index, tenant, entry FROM log_leaves ORDER BY 1")).all()
        root = tree.ask(connection, 400, MerkleLog.root)
    at = {place: number for number, place in places.items()}
    for row in rows:
        assert bytes(row.entry) == entry(at[row.leaf_index]).to_bytes()
        assert row.tenant == f"tenant-{at[row.leaf_index] // 20}"
    assert root == root_hash([leaf_hash(bytes(row.entry)) for row in rows])


def test_bad_work_fails_alone(engine: Engine) -> None:
    def perform(connection: Connection, work: Sequence[int]) -> Sequence[int]:
        leaves.append_many(connection, [entry(number) for number in work], "default")
        if any(number % 7 == 0 for number in work):
            raise ValueError("seven")
        return [-number for number in work]

    writer = GroupCommit(partial(leaves.appending, engine), perform)
    good: list[int] = []

    def work(number: int) -> None:
        if writer.submit(number) == -number:
            good.append(number)

    wrong = crowd(30, work)
    assert sorted(good) == [n for n in range(30) if n % 7]
    assert [str(error) for error in wrong] == ["seven"] * 5
    with database.reading(engine) as connection:
        assert tree.size_of(connection) == 25


def test_an_interrupted_leader_leaves_the_others_to_a_new_one(engine: Engine) -> None:
    first, others = threading.Event(), threading.Event()

    def perform(connection: Connection, work: Sequence[int]) -> Sequence[int]:
        if 0 in work:
            first.set()
            others.wait()
        if 1 in work:
            raise KeyboardInterrupt
        return work

    writer = GroupCommit(partial(leaves.appending, engine), perform)
    done: list[int] = []

    def work(number: int) -> None:
        if number:
            first.wait()
        if number == 9:
            while len(writer._waiting) < 8:  # all but the leader and this one
                time.sleep(0.001)
            others.set()
        done.append(writer.submit(number))

    wrong = crowd(10, work)
    # Whoever led while the interruption came is interrupted, and the one whose work it was; nobody hangs.
    assert all(isinstance(error, KeyboardInterrupt) for error in wrong)
    assert wrong
    assert len(done) + len(wrong) == 10


def test_a_record_id_that_is_taken_fails_alone(tmp_path: Path) -> None:
    registry = Registry.open(Settings(home=tmp_path))
    records, nothing = new_records(12, registry.keys.signer("record").keyid), blank_fingerprint()
    registry.records.register(records[0], nothing)
    wrong = crowd(12, lambda number: registry.for_tenant("other").records.register(records[number], nothing))
    assert [type(error) for error in wrong] == [ConflictingEntry]
    wrong = crowd(12, lambda number: registry.records.register(records[number], nothing))
    assert [type(error) for error in wrong] == [ConflictingEntry] * 11  # the first is its own already
    with database.reading(registry.engine) as connection:
        assert tree.size_of(connection) == 12
    registry.close()


CROWD = """
import os, sys, threading
from api import database
from api.log import leaves, tree
from provenance.records.log import LogEntry

appender = leaves.appender(database.connect(sys.argv[1]))
out = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def write():
    while True:  # until it is killed
        entry = LogEntry("register", os.urandom(8).hex(), 1, os.urandom(32).hex(), "cd" * 32)
        index = appender.submit((entry, "default"))
        os.write(out, f"{index} {entry.record_id}\\n".encode())  # told to somebody

for _ in range(24):
    threading.Thread(target=write).start()
"""


def test_kill_9_loses_nothing_that_was_answered(engine: Engine, tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.touch()
    for _ in range(2):
        size = told.stat().st_size
        child = subprocess.Popen([sys.executable, "-c", CROWD, str(engine.url), str(told)])
        while told.stat().st_size < size + 1000:
            assert child.poll() is None, "the crowd ended by itself"
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    lines = told.read_text().splitlines()
    assert len(lines) > 60
    with database.reading(engine) as connection:
        rows = connection.execute(text("SELECT leaf_index, entry FROM log_leaves ORDER BY leaf_index")).all()
        root = tree.ask(connection, len(rows), MerkleLog.root)
    entries = [bytes(row.entry) for row in rows]
    assert [row.leaf_index for row in rows] == list(range(len(rows)))
    assert root == root_hash([leaf_hash(one) for one in entries])
    for line in lines:
        index, _, record_id = line.partition(" ")
        assert LogEntry.from_bytes(entries[int(index)]).record_id == record_id
