"""The life of a record in the registry: revisions, transfers, disputes, revocation, forks, tampering."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from api import database
from api.errors import ConflictingEntry, UnknownEntry
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import RecordError, TrackmarkError
from provenance.records.verify import verify_record
from tests.api.serving import register


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    yield opened
    opened.close()


def test_a_record_is_amended_transferred_disputed_and_revoked(registry: Registry) -> None:
    history, record_id = registry.events, register(registry).record_id
    register(registry, title="Another")  # events of others lie between
    history.amend(record_id, {"asset": {"isrc": "USRC17607839"}})
    history.transfer(record_id, to="A Buyer")
    history.dispute(record_id, issuer="A Singer", reason="it is my song")
    found = registry.records.verified(record_id)
    assert (found.state.record.revision, found.state.status) == (3, "disputed")
    assert found.current.record.rights[0].share_ppm == 1_000_000
    assert [event.type for event in found.events] == ["register", "amend", "transfer", "dispute.open"]
    assert found.newest.type == "transfer"
    history.close_dispute(record_id, issuer="A Singer", reason="settled")
    assert registry.records.verified(record_id).state.status == "asserted"
    history.revoke(record_id, issuer="A Label", reason="registered by mistake")
    assert registry.records.verified(record_id).state.status == "revoked"
    acts: list[Callable[[], object]] = [
        lambda: history.amend(record_id, {"asset": {"title": "New"}}),
        lambda: history.transfer(record_id, to="Else"),
        lambda: history.dispute(record_id, issuer="x", reason="y"),
        lambda: history.revoke(record_id, issuer="x", reason="y"),
    ]
    for act in acts:
        with pytest.raises(ConflictingEntry, match="revoked"):
            act()


def test_a_refused_event_leaves_no_trace(registry: Registry) -> None:
    history, record_id = registry.events, register(registry).record_id
    size = registry.log.checkpoint()
    with pytest.raises(RecordError):
        history.amend(record_id, {"asset": {"title": ""}})
    with pytest.raises(ConflictingEntry, match="never opened"):
        history.close_dispute(record_id, issuer="x", reason="y")
    with pytest.raises(UnknownEntry):
        registry.for_tenant("stranger").events.amend(record_id, {"asset": {"title": "Mine"}})
    assert registry.log.checkpoint() == size
    assert len(history.of(record_id)) == 1


def test_amendments_at_once_give_one_chain(registry: Registry) -> None:
    history, record_id = registry.events, register(registry).record_id
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: history.amend(record_id, {"asset": {"title": f"Title {n}"}}), range(8)))
    assert registry.records.verified(record_id).state.record.revision == 9


def test_every_reader_sees_today_s_record(registry: Registry) -> None:
    history, record_id = registry.events, register(registry).record_id
    other = register(registry).record_id
    new_file = "ef" * 32
    history.amend(record_id, {"asset": {"title": "New", "sha256_files": [new_file]}})
    history.dispute(record_id, issuer="A Singer", reason="mine")
    stored = registry.records.get(record_id)
    assert stored is not None
    assert [found.title for found in registry.records.page()] == ["A Song", "New"]
    assert registry.records.find_by_sha256(new_file) == [stored]
    assert registry.records.find_by_sha256("cd" * 32)[0] == stored
    said = registry.records.verified(record_id).today()
    assert (said["title"], said["revision"], said["status"]) == ("New", 2, "disputed")
    assert registry.records.verified(record_id).current.record.asset.title == "New"
    offline = verify_record(
        stored.envelope, registry.keys.published.trusted(), registry.records.proof(record_id), stored.salt
    )
    assert (offline.record.revision, offline.logged and offline.logged.index) == (2, stored.leaf_index)
    assert (stored.first_index, stored.leaf_index) == (0, 2)
    # A page ends where the next begins, although the older record was changed after the newer came.
    assert [found.record_id for found in registry.records.page(before=1)] == [record_id]
    assert registry.records.page(limit=1)[0].record_id == other


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE record_events SET type = 'dispute.close' WHERE type = 'dispute.open'",
        "UPDATE record_events SET salt = (SELECT salt FROM records)",
        "UPDATE record_events SET envelope = replace(envelope, 'payload\":\"ey', 'payload\":\"fy')",
        "UPDATE record_events SET leaf_index = 0 WHERE type = 'amend'",
        "DELETE FROM record_events WHERE type = 'amend'",
    ],
)
def test_a_changed_database_does_not_verify(registry: Registry, change: str) -> None:
    history, record_id = registry.events, register(registry).record_id
    history.amend(record_id, {"asset": {"title": "New"}})
    history.dispute(record_id, issuer="A Singer", reason="mine")
    registry.records.verified(record_id)
    with database.writing(registry.engine) as connection:
        assert connection.execute(text(change)).rowcount >= 1
    with pytest.raises(TrackmarkError):
        registry.records.verified(record_id)
