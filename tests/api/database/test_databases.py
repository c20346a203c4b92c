"""SQLite and PostgreSQL alike: migrations, the log's appends, crowds of writers, `kill -9` in the middle."""

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, inspect, text

from api import database
from api.database import schema
from api.database.tables import Table
from api.log import leaves, tree
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from core.errors import ProofError
from lab.registrations import blank_fingerprint, new_records
from provenance.fingerprint import extract, fingerprint_metadata
from provenance.records.checkpoint import checkpoint_of
from provenance.records.log import LogEntry, MerkleLog, leaf_hash, root_hash, verify_consistency
from tests.api.serving import blank_record, register
from tests.signals import music

CROWD = 1_000
AT_ONCE = 50


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    engine = database.connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    yield opened
    opened.close()


def entries(count: int, first: int = 0) -> list[LogEntry]:
    return [LogEntry("register", f"{i:016x}", 1, f"{i:064x}", "cd" * 32) for i in range(first, first + count)]


def check_log(engine: Engine) -> int:
    """The stored tree is that of the stored entries, each at its place; returns its size."""
    with database.reading(engine) as connection:
        rows = connection.execute(text("SELECT leaf_index, entry FROM log_leaves ORDER BY leaf_index")).all()
        nodes = connection.execute(text("SELECT count(*) FROM log_nodes")).scalar_one()
        size = tree.size_of(connection)
        root = tree.ask(connection, size, MerkleLog.root)
    assert [row.leaf_index for row in rows] == list(range(size))
    assert root == root_hash([leaf_hash(bytes(row.entry)) for row in rows])
    assert nodes == 2 * size - size.bit_count()  # every complete subtree once
    return size


def test_migrations_lead_to_the_tables_and_back(empty: Engine) -> None:
    database.upgrade(empty)
    with empty.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        wanted = [Table.metadata, fingerprint_metadata]
        found = compare_metadata(context, wanted)  # type: ignore[arg-type]  # it takes several, as env.py does
        assert found == []
    database.downgrade(empty, "base")
    assert set(inspect(empty).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
    database.upgrade(empty)
    database.upgrade(empty)
    assert "records" in inspect(empty).get_table_names()


def test_fingerprints_that_are_there_get_their_owners(empty: Engine) -> None:
    database.upgrade(empty, "0004")
    with database.writing(empty) as connection:
        for number, tenant in enumerate(("a", "b")):
            values = {"id": f"{number:016x}", "tenant": tenant, "number": number}
            connection.execute(
                text(
                    "INSERT INTO records (record_id, tenant, title, envelope, salt, leaf_index, created_at)"
                    " VALUES (:id, :tenant, 'T', '', :salt, :number, :now)"
                ),
                {**values, "salt": b"", "now": clock.now()},
            )
            connection.execute(
                text("INSERT INTO fingerprint_track (record_id, frames) VALUES (:id, 1)"), values
            )
        connection.execute(text("INSERT INTO fingerprint_track (record_id, frames) VALUES ('stray', 1)"))
    database.upgrade(empty)
    with database.reading(empty) as connection:
        owners = connection.execute(text("SELECT owner FROM fingerprint_track ORDER BY id")).scalars().all()
    assert owners == ["a", "b", ""]


def test_fingerprints_are_copied_and_found(registry: Registry) -> None:
    song = extract(music(12.0, 44_100, seed=3), 44_100)
    made = registry.records.register(blank_record(registry), song)
    assert [match.record_id for match in registry.fingerprints.index().query(song)] == [made.record_id]
    assert registry.fingerprints.copies().build()
    later = registry.for_tenant("b").records.register(blank_record(registry), song)
    for tenant, record_id in (("default", made.record_id), ("b", later.record_id)):
        found = registry.for_tenant(tenant).fingerprints.index().query(song)
        assert [match.record_id for match in found] == [record_id]


def test_servers_that_start_at_once_migrate_once(empty: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: database.upgrade(empty), range(4)))
    assert "records" in inspect(empty).get_table_names()


def test_batches_of_any_size_make_the_same_tree(empty: Engine) -> None:
    database.upgrade(empty)
    done = 0
    for count in (1, 2, 0, 7, 64, 33):
        with leaves.appending(empty) as connection:
            indices = leaves.append_many(connection, entries(count, done), "default")
        assert indices == range(done, done + count)
        done += count
        assert check_log(empty) == done


def test_a_writer_rolls_back_on_an_exception(empty: Engine) -> None:
    database.upgrade(empty)
    with pytest.raises(RuntimeError), leaves.appending(empty) as connection:
        leaves.append_many(connection, entries(3), "default")
        raise RuntimeError
    assert check_log(empty) == 0


def test_a_thousand_registrations_at_once_lose_and_fork_nothing(registry: Registry) -> None:
    registry.keys.signer("record")
    start = Barrier(AT_ONCE)

    def crowd(_number: int) -> list[str]:
        start.wait()
        return [register(registry).record_id for _ in range(CROWD // AT_ONCE)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = [record_id for part in pool.map(crowd, range(AT_ONCE)) for record_id in part]
    assert len(set(made)) == CROWD
    assert check_log(registry.engine) == CROWD
    assert checkpoint_of(registry.log.checkpoint()).size == CROWD
    found = registry.records.page(limit=CROWD + 1)
    assert {stored.record_id for stored in found} == set(made)
    for stored in found[::50]:
        registry.records.verified(stored.record_id)


def register_and_die(registry: Registry, statement: int) -> bool:
    """Register in a process that is killed before its n-th statement or commit; whether it came so far."""
    child = os.fork()
    if child == 0:
        try:
            own, done = (
                database.connect(registry.engine.url.render_as_string(hide_password=False)),
                itertools.count(),
            )

            def die(*_: object) -> None:
                if next(done) == statement:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(own, "before_cursor_execute", die)
            event.listen(own, "commit", die)
            register(Registry(own, registry.home))
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_kill_9_before_any_statement_of_a_registration_leaves_nothing_of_it(registry: Registry) -> None:
    register(registry)
    registry.engine.dispose()  # the children have connections of their own
    old = checkpoint_of(registry.log.checkpoint())
    for statement in itertools.count():
        killed = register_and_die(registry, statement)
        size = check_log(registry.engine)
        with database.reading(registry.engine) as connection:
            kept = [
                connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
                for table in ("records", "fingerprint_track")
            ]
        assert kept == [size, size]
        assert size == (1 if killed else 2)
        if not killed:
            break
    assert statement > 10
    new = checkpoint_of(registry.log.checkpoint())
    proof = registry.log.consistency(old.size, new.size)
    verify_consistency(old.size, new.size, old.root_hash, new.root_hash, proof)


WRITER = """
import itertools, sys
from api import database
from api.log import leaves, tree
from provenance.records.log import LogEntry
engine = database.connect(sys.argv[1])
for number in itertools.count():
    with leaves.appending(engine) as connection:
        entry = LogEntry("register", f"{number:016x}", 1, f"{number:064x}", "cd" * 32)
        index = leaves.append(connection, entry, "default")
    print(index, flush=True)
"""


@pytest.mark.parametrize("told_before", [1, 3, 20])
def test_kill_9_in_the_middle_loses_and_forks_nothing(
    registry: Registry, database_url: str, told_before: int
) -> None:
    register(registry)
    old = checkpoint_of(registry.log.checkpoint())
    writer = subprocess.Popen([sys.executable, "-c", WRITER, database_url], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = [writer.stdout.readline() for _ in range(told_before)]
    os.kill(writer.pid, signal.SIGKILL)
    told += [line for line in writer.stdout if line.endswith("\n")]
    writer.wait()
    writer.stdout.close()
    assert [int(line) for line in told] == list(range(1, len(told) + 1))
    assert check_log(registry.engine) > len(told)  # what was answered is there, and the registration
    register(registry)
    new = checkpoint_of(registry.log.checkpoint())
    proof = registry.log.consistency(old.size, new.size)
    verify_consistency(old.size, new.size, old.root_hash, new.root_hash, proof)
    with pytest.raises(ProofError):
        verify_consistency(old.size, new.size, bytes(32), new.root_hash, proof)


def test_a_migration_may_pause_for_long_and_nothing_else(empty: Engine) -> None:
    if empty.dialect.name != "postgresql":
        return  # SQLite ends no transaction that is idle
    asked = "SELECT current_setting('idle_in_transaction_session_timeout')"
    with schema._changing(empty) as connection:
        assert connection.exec_driver_sql(asked).scalar_one() == "10min"
    with database.writing(empty) as connection:
        assert connection.exec_driver_sql(asked).scalar_one() != "10min"


def test_more_writers_at_once_than_connections_all_come_through(registry: Registry) -> None:
    """Who waits for the log's lock holds a connection: who holds the lock must not need another one."""
    keyid = registry.keys.signer("record").keyid
    ids = [
        registry.records.register(record, blank_fingerprint()).record_id
        for record in new_records(AT_ONCE, keyid)
    ]
    together = Barrier(AT_ONCE)

    def dispute(record_id: str) -> str:
        together.wait()
        registry.events.dispute(record_id, issuer="Other Label", reason="ours")
        return record_id

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        assert list(crowd.map(dispute, ids)) == ids
    assert check_log(registry.engine) == 2 * AT_ONCE


def test_a_connection_that_asked_alone_is_as_before_when_it_writes(empty: Engine) -> None:
    """What takes no transaction leaves none out for whoever has the connection next."""
    with database.writing(empty) as connection:
        connection.execute(text("CREATE TABLE counted (n INTEGER)"))
    for _ in range(2):
        with database.asking(empty) as connection:
            assert connection.execute(text("SELECT count(*) FROM counted")).scalar_one() == 0
        with pytest.raises(ZeroDivisionError), database.writing(empty) as connection:
            connection.execute(text("INSERT INTO counted VALUES (1)"))
            raise ZeroDivisionError
