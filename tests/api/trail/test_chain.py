"""The trail holds together and only grows; whoever changes it is found out. On both databases."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api import database
from api.actor import Actor
from api.outbox.trail import Acting, Event, enter
from api.registry.registry import Registry
from api.settings import Settings
from api.trail import chain, exported, rooting, trail
from api.trail.chain import TrailBroken
from api.trail.journal import Journal
from core.errors import VerificationError

BY = Acting(Actor("review desk", "0123456789abcdef"), "r1")


def event(number: int, tenant: str = "default") -> Event:
    return Event(tenant, "asked", "POST /v1/cases", f"/v1/cases/{number}", BY)


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    yield opened
    opened.close()


def written(registry: Registry, *numbers: int, tenant: str = "default") -> None:
    with database.writing(registry.engine) as connection:
        enter(connection, [event(number, tenant) for number in numbers])
    chain.chain(registry.engine)


def behind_the_triggers(registry: Registry, statement: str) -> None:
    """What somebody does who owns the database."""
    with database.writing(registry.engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for name in ("trail_events", "trail_links", "trail_roots"):
                for what in ("update", "delete", "replace"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {name}_no_{what}"))
        connection.execute(text(statement))


def test_each_tenant_has_a_chain_of_its_own(registry: Registry) -> None:
    written(registry, 1, 2)
    written(registry, 3, tenant="label-b")
    written(registry, 4)
    found = {one: trail.verify(registry.keys, one) for one in trail.tenants(registry.keys)}
    assert {name: (one.events, one.entry) for name, one in found.items()} == {
        "default": (3, None),
        "label-b": (1, None),
    }
    with database.reading(registry.engine) as connection:
        objects = [link.event["object"] for link in chain.links(connection, "default")]
    assert objects == ["/v1/cases/1", "/v1/cases/2", "/v1/cases/4"]


def test_many_who_write_and_chain_at_once_leave_one_chain(registry: Registry) -> None:
    with ThreadPoolExecutor(6) as crowd:
        list(crowd.map(lambda number: written(registry, number), range(30)))
    assert trail.verify(registry.keys, "default").events == 30


def test_an_event_that_came_late_is_chained(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was committed behind many younger ones, which the quick look does not reach back to."""
    written(registry, *range(5))
    monkeypatch.setattr(chain, "LATE", -5)
    with database.writing(registry.engine) as connection:
        enter(connection, [event(9)])
    assert chain.chain(registry.engine) == 0
    assert trail.verify(registry.keys, "default").events == 6


@pytest.mark.parametrize("table", ["trail_events", "trail_links", "trail_roots"])
def test_nothing_is_changed_removed_or_put_in_its_place(registry: Registry, table: str) -> None:
    written(registry, 1)
    rooting.root(registry.keys)
    statements = [f"UPDATE {table} SET tenant = 'x'", f"DELETE FROM {table}"]
    if registry.engine.dialect.name == "postgresql":
        statements.append(f"TRUNCATE {table}")
    else:
        statements.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    for statement in statements:
        with (
            pytest.raises(DBAPIError, match="only grows"),
            database.writing(registry.engine) as connection,
        ):
            connection.execute(text(statement))
    assert trail.verify(registry.keys, "default").events == 1


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE trail_events SET who = 'nobody' WHERE object = '/v1/cases/2'", "was changed"),
        ("UPDATE trail_events SET outcome = 1 WHERE object = '/v1/cases/1'", "was changed"),
        ("DELETE FROM trail_events WHERE object = '/v1/cases/2'", "is gone"),
        ("DELETE FROM trail_links WHERE seq = 2", "lacks link 2"),
        ("DELETE FROM trail_links WHERE seq >= 3", "is not the one that the log commits to"),
        ("UPDATE trail_roots SET seq = 9", "the log knows 9"),
        ("UPDATE trail_roots SET salt = hash", "does not commit"),
    ],
)
def test_whoever_changes_it_is_found_out(registry: Registry, statement: str, says: str) -> None:
    written(registry, 1, 2, 3, 4)
    assert rooting.root(registry.keys) == 1
    assert trail.verify(registry.keys, "default").rooted == 4
    behind_the_triggers(registry, statement)
    if "links WHERE seq >= 3" in statement:  # the events are chained anew, the later one alone
        behind_the_triggers(registry, "DELETE FROM trail_events WHERE object = '/v1/cases/3'")
        written(registry, 5)
    with pytest.raises(TrailBroken, match=says):
        trail.verify(registry.keys, "default")


def test_the_log_commits_to_what_is_new_once(registry: Registry) -> None:
    written(registry, 1)
    written(registry, 2, tenant="label-b")
    assert rooting.root(registry.keys) == 2
    assert rooting.root(registry.keys) == 0
    written(registry, 3)
    assert rooting.root(registry.keys) == 1
    found = trail.verify(registry.keys, "default")
    assert (found.events, found.rooted) == (2, 2)
    assert found.entry == 2


def exporting(registry: Registry, **bounds: Any) -> list[str]:
    return list(trail.export(registry.keys, "default", **bounds))


def test_an_export_is_checked_without_the_database(registry: Registry) -> None:
    written(registry, 1, 2)
    rooting.root(registry.keys)
    written(registry, 3)
    lines, keys = exporting(registry), registry.keys.published.log.keys
    found = exported.verify(lines, keys)
    assert found == trail.verify(registry.keys, "default")
    with database.reading(registry.engine) as connection:
        moments = [link.event["at"] for link in chain.links(connection, "default")]
    part = exporting(registry, since=datetime.fromisoformat(moments[2]))
    assert [("event" in json.loads(line)) for line in part[1:4]] == [False, False, True]
    assert exported.verify(part, keys) == found


def _altered(change: Callable[[dict[str, Any]], None], place: int) -> Callable[[list[str]], list[str]]:
    def alter(lines: list[str]) -> list[str]:
        said = json.loads(lines[place])
        change(said)
        return [*lines[:place], json.dumps(said), *lines[place + 1 :]]

    return alter


@pytest.mark.parametrize(
    "alter",
    [
        _altered(lambda said: said["event"].update(who="nobody"), 1),
        _altered(lambda said: said.update(tenant="label-b"), 0),
        _altered(lambda said: said.update(root=1), -1),
        _altered(lambda said: said.update(salt="00" * 32), -1),
        _altered(lambda said: said.update(entry="AA=="), -1),
        _altered(lambda said: said.update(proof="c2sp.org/tlog-proof@v1\n"), -1),
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
        lambda lines: lines[1:],
        lambda lines: [],
        lambda lines: ["[]"],
    ],
)
def test_an_export_that_was_tampered_with_is_refused(
    registry: Registry, alter: Callable[[list[str]], list[str]]
) -> None:
    written(registry, 1, 2)
    rooting.root(registry.keys)
    lines, keys = exporting(registry), registry.keys.published.log.keys
    exported.verify(lines, keys)
    with pytest.raises(VerificationError):
        exported.verify(alter(lines), keys)


def test_reads_wait_in_a_list_and_writes_do_not(registry: Registry) -> None:
    journal = Journal(registry.engine, registry.keys, timedelta(hours=1), lambda: 0.0)
    journal.soon(event(1))
    with database.reading(registry.engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM trail_events")).scalar() == 0
    journal.write(event(2))
    journal.once()
    with database.reading(registry.engine) as connection:
        objects = [link.event["object"] for link in chain.links(connection, "default")]
    assert objects == ["/v1/cases/2", "/v1/cases/1"]
    journal.soon(event(3))
    journal.stop()
    assert trail.verify(registry.keys, "default").events == 3


def test_a_flush_waits_for_the_one_that_is_under_way(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(registry.engine, registry.keys, timedelta(hours=1), lambda: 0.0)
    begun, go_on, order = threading.Event(), threading.Event(), ["begun"]
    real = enter

    def slow(*arguments: Any) -> None:
        begun.set()
        assert go_on.wait(60)
        real(*arguments)
        order.append("written")

    monkeypatch.setattr("api.trail.journal.trail.enter", slow)
    journal.soon(event(1))
    first = threading.Thread(target=journal.flush)

    def again() -> None:
        journal.flush()
        order.append("flushed")

    second = threading.Thread(target=again)
    first.start()
    assert begun.wait(60)
    second.start()
    second.join(0.2)
    go_on.set()
    for one in (first, second):
        one.join(60)
    assert order == ["begun", "written", "flushed"]


def test_the_journal_roots_when_it_is_time(registry: Registry) -> None:
    at = [0.0]
    journal = Journal(registry.engine, registry.keys, timedelta(seconds=60), lambda: at[0])
    journal.write(event(1))
    journal.once()
    assert trail.verify(registry.keys, "default").entry is None
    at[0] = 61.0
    journal.once()
    assert trail.verify(registry.keys, "default").rooted == 1


KILLED = """
import os, signal, sys
from datetime import datetime, timedelta
from api import database
from api.actor import Actor
from api.outbox.trail import Acting, Event
from api.trail.journal import Journal
journal = Journal(database.connect(sys.argv[1]), None, timedelta(hours=1), lambda: 0.0)
journal.write(Event("default", "asked", "POST /v1/cases", "/v1/cases/7", Acting(Actor("a"), "r")))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_write_outlives_the_process(registry: Registry, database_url: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, database_url], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert trail.verify(registry.keys, "default").events == 1
