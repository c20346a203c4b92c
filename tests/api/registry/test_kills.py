"""Killed at any statement: what changes ownership happens once or not at all, and can always be repeated."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api import database
from api.database.tables import Table
from api.errors import ConflictingEntry
from api.log import tree
from api.registry.catalogue import import_catalogue
from api.registry.registry import Registry
from api.settings import Settings
from core.decode import decode
from core.encode import encode
from provenance.fingerprint import extract
from provenance.records.checkpoint import verify_checkpoint
from provenance.records.log import leaf_hash, root_hash
from tests.api.killing import Killed, killed_at
from tests.api.serving import blank_record, fingerprint, register
from tests.signals import music

RATE = 8000
_LEAVES = Table.metadata.tables["log_leaves"]


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    yield opened
    opened.close()


def check_log(registry: Registry) -> int:
    """The log holds every entry once, in order, under the root that it signs; returns its size."""
    with database.reading(registry.engine) as connection:
        entries = list(connection.execute(_LEAVES.select().order_by(_LEAVES.c.leaf_index)))
        size = tree.size_of(connection)
    assert [entry.leaf_index for entry in entries] == list(range(size))
    signed = verify_checkpoint(registry.log.checkpoint(), registry.keys.published.trusted().log).checkpoint
    assert signed.size == size
    assert signed.root_hash == root_hash([leaf_hash(bytes(entry.entry)) for entry in entries])
    return size


ACTS: dict[str, Callable[[Registry, str], object]] = {
    "amend": lambda registry, record: registry.events.amend(record, {"asset": {"title": "Another Title"}}),
    "transfer": lambda registry, record: registry.events.transfer(record, to="A Buyer", share_ppm=100_000),
    "dispute": lambda registry, record: registry.events.dispute(record, issuer="A Singer", reason="mine"),
    "settlement": lambda registry, record: registry.events.close_dispute(
        record, issuer="A Singer", reason="settled"
    ),
    "revocation": lambda registry, record: registry.events.revoke(record, issuer="A Label", reason="a slip"),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_event_that_is_killed_happens_once_or_not_at_all(registry: Registry, act: str) -> None:
    number, last = 0, False
    while not last:
        number += 1
        record_id = register(registry).record_id
        if act == "settlement":
            registry.events.dispute(record_id, issuer="A Singer", reason="mine")
        before, size = len(registry.events.of(record_id)), check_log(registry)
        with killed_at(registry.engine, number):
            try:
                ACTS[act](registry, record_id)
                last = True
            except Killed:
                pass
        happened = len(registry.events.of(record_id)) - before
        assert check_log(registry) == size + happened
        assert happened in ((1,) if last else (0, 1)), number
        if not happened:  # who was not answered looks, and asks again
            ACTS[act](registry, record_id)
        assert len(registry.events.of(record_id)) == before + 1, number
        assert check_log(registry) == size + 1
        assert registry.records.verified(record_id).newest is not None
    assert number > 5


def test_a_registration_that_is_killed_happens_once(registry: Registry) -> None:
    number, last = 0, False
    while not last:
        number += 1
        register(registry)
        record, size = blank_record(registry), check_log(registry)
        with killed_at(registry.engine, number):
            try:
                registry.records.register(record, fingerprint())
                last = True
            except Killed:
                pass
        assert check_log(registry) - size in (0, 1)
        for _ in range(2):  # asked again, it answers with what stands
            made = registry.records.register(record, fingerprint())
        assert check_log(registry) == size + 1
        assert made.leaf_index == size
        assert registry.records.verified(record.record_id).current.logged
    assert number > 5


def test_an_import_that_is_killed_goes_on_where_it_stopped(registry: Registry, tmp_path: Path) -> None:
    number, last = 0, False
    register(registry)  # a log has its first checkpoint with its first entry
    while not last:
        number += 1
        table = tmp_path / f"{number}" / "catalogue.csv"
        table.parent.mkdir()
        with table.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["file", "title", "owner"])
            for place in range(2):
                rows.writerow([f"{place}.wav", f"Song {place}", "A Label"])
                wav = music(0.5, RATE, 100 * number + place)
                encode(wav, RATE, table.parent / f"{place}.wav", codec="wav")
        size = check_log(registry)
        with killed_at(registry.engine, number):
            try:
                import_catalogue(table, table.parent, registry, decode=decode, extract=extract)
                last = True
            except Killed:
                pass
        stands = check_log(registry) - size
        report = import_catalogue(table, table.parent, registry, decode=decode, extract=extract)
        assert (len(report.imported), len(report.rejected)) == (2 - stands, stands)
        assert all("registered already" in one.reason for one in report.rejected)
        assert check_log(registry) == size + 2, number
    assert number > 10


def test_what_was_killed_after_its_commit_is_not_revoked_twice(registry: Registry) -> None:
    record_id = register(registry).record_id
    ACTS["revocation"](registry, record_id)
    with pytest.raises(ConflictingEntry, match="revoked"):
        ACTS["revocation"](registry, record_id)
