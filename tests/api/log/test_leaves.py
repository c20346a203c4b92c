"""The log's storage: batches, reads in one query, `kill -9` in the middle, and a crowd of writers."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from operator import methodcaller
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from api import database
from api.log import leaves, tree
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import ProofError
from provenance.records.checkpoint import checkpoint_of
from provenance.records.log import LogEntry, MerkleLog, leaf_hash, root_hash, verify_consistency
from tests.api.serving import register


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = database.connect(f"sqlite:///{tmp_path / 'log.db'}")
    database.upgrade(opened)
    yield opened
    opened.dispose()


def entries(count: int, first: int = 0) -> list[LogEntry]:
    return [LogEntry("register", f"{i:016x}", 1, f"{i:064x}", "cd" * 32) for i in range(first, first + count)]


def stored_root(engine: Engine) -> tuple[int, bytes]:
    with database.reading(engine) as connection:
        size = tree.size_of(connection)
        return size, tree.ask(connection, size, MerkleLog.root)


def leaf_hashes(engine: Engine) -> list[bytes]:
    with database.reading(engine) as connection:
        rows = connection.execute(text("SELECT leaf_index, entry FROM log_leaves ORDER BY leaf_index")).all()
    assert [row.leaf_index for row in rows] == list(range(len(rows)))
    return [leaf_hash(bytes(row.entry)) for row in rows]


def test_batches_of_any_size_make_the_same_tree(engine: Engine) -> None:
    done = 0
    for count in (1, 2, 3, 0, 7, 64, 1, 33, 128, 5):
        with leaves.appending(engine) as connection:
            indices = leaves.append_many(connection, entries(count, done), "default")
        assert indices == range(done, done + count)
        done += count
        assert stored_root(engine) == (done, root_hash(leaf_hashes(engine)))
    with database.reading(engine) as connection:
        nodes = connection.execute(text("SELECT count(*) FROM log_nodes")).scalar_one()
    assert nodes == 2 * done - done.bit_count()  # every complete subtree once


def test_a_damaged_store_and_a_write_while_reading_are_noticed(engine: Engine) -> None:
    with leaves.appending(engine) as connection:
        leaves.append_many(connection, entries(9), "default")
        connection.execute(text("DELETE FROM log_nodes WHERE level = 3"))
    with database.reading(engine) as connection:
        with pytest.raises(ProofError, match="missing"):
            tree.ask(connection, 9, MerkleLog.root)
        with pytest.raises(ProofError, match="not changed"):
            tree.ask(connection, 9, lambda log: log.append(bytes(32)))


WRITERS = """
import os, sys
from api import database
from api.log import leaves, tree
from provenance.records.log import LogEntry, MerkleLog

url = sys.argv[1]
database.upgrade(database.connect(url))
out = open(sys.argv[2], "a", buffering=1)
for seed in sys.stdin:
    child = os.fork()
    if child:
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)
        continue
    engine, count = database.connect(url), int(seed)
    while True:  # until it is killed
        count = count % 37 + 1
        with leaves.appending(engine) as connection:
            entry = LogEntry("register", os.urandom(8).hex(), 1, os.urandom(32).hex(), "cd" * 32)
            leaves.append_many(connection, [entry] * count, "default")
            size = tree.size_of(connection)
            root = tree.ask(connection, size, MerkleLog.root)
        out.write(f"{size} {root.hex()}\\n")  # told to somebody only after it was committed
"""


def test_kill_9_loses_nothing_and_forks_nothing(tmp_path: Path) -> None:
    url, told = f"sqlite:///{tmp_path / 'log.db'}", tmp_path / "told"
    told.touch()
    chance = random.Random(4)
    parent = subprocess.Popen(
        [sys.executable, "-c", WRITERS, url, str(told)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    engine = database.connect(url)
    sizes = []
    try:
        for _ in range(20):
            lines = told.read_bytes().count(b"\n")
            parent.stdin.write(f"{chance.randrange(1000)}\n")
            parent.stdin.flush()
            child = int(parent.stdout.readline())
            more = chance.randrange(
                1, 12
            )  # commits before the end, which then falls anywhere in the next one
            while told.read_bytes().count(b"\n") < lines + more:
                assert parent.poll() is None, "the writers' parent ended"
                time.sleep(0.001)
            os.kill(child, signal.SIGKILL)
            assert parent.stdout.readline() == "ended\n"
            size, root = stored_root(engine)
            assert root == root_hash(leaf_hashes(engine))
            sizes.append(size)
    finally:
        parent.stdin.close()
        parent.wait()
        parent.stdout.close()
    assert sizes == sorted(set(sizes))
    promised = [line.split() for line in told.read_text().splitlines() if line.count(" ") == 1]
    assert len(promised) >= 20
    size, root = stored_root(engine)
    with database.reading(engine) as connection:
        for old, old_root in promised:
            proof = tree.ask(connection, size, methodcaller("consistency_proof", int(old)))
            verify_consistency(int(old), size, bytes.fromhex(old_root), root, proof)
    engine.dispose()


def test_a_thousand_registrations_at_once(tmp_path: Path) -> None:
    registry = Registry.open(Settings(home=tmp_path))
    registry.keys.signer("record")
    failures: list[BaseException] = []
    todo = iter(range(1000))
    made: list[int] = []

    def write() -> None:
        try:
            for _ in todo:
                made.append(register(registry).leaf_index)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(made) == list(range(1000))
    head = checkpoint_of(registry.log.checkpoint())
    assert (head.size, head.root_hash) == (1000, root_hash(leaf_hashes(registry.engine)))
    for record in registry.records.page(limit=10):
        registry.records.verified(record.record_id)
    registry.close()
