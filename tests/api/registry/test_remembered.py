"""What verified is remembered, and nothing that changed since passes by that: no record, no log, no key."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api import database
from api.errors import UnknownEntry
from api.jobs.erasure import erase
from api.jobs.files import JobFiles
from api.keys import rows
from api.registry import history
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from core.errors import ProofError, SignatureError, TrackmarkError
from tests.api.serving import register


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    history._verified.cache_clear()
    opened = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    yield opened
    opened.close()


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The events whose signatures were computed."""
    seen: list[str] = []
    for name in ("verify_record", "verify_statement"):
        verify = getattr(history, name)

        def noting(*given: Any, verify: Any = verify, name: str = name, **options: Any) -> Any:
            seen.append(name)
            return verify(*given, **options)

        monkeypatch.setattr(history, name, noting)
    return seen


def write(registry: Registry, statement: str, **values: object) -> None:
    with database.writing(registry.engine) as connection:
        assert connection.execute(text(statement), values).rowcount == 1, statement


def read(registry: Registry, statement: str) -> Any:
    with database.reading(registry.engine) as connection:
        return connection.execute(text(statement)).scalar_one()


def test_a_record_is_checked_once(registry: Registry, checked: list[str]) -> None:
    made = register(registry)
    first = registry.records.verified(made.record_id)
    again = registry.records.verified(made.record_id)
    assert checked == ["verify_record"]
    assert again.today() == first.today()
    again.today()["owners"].clear()
    assert registry.records.verified(made.record_id).today() == first.today()


def test_what_comes_after_is_seen(registry: Registry, checked: list[str]) -> None:
    made = register(registry)
    registry.records.verified(made.record_id)
    registry.events.dispute(made.record_id, issuer="Somebody", reason="mine")
    assert registry.records.verified(made.record_id).today()["status"] == "disputed"
    assert checked == ["verify_record"] * 2 + ["verify_statement"]
    register(registry, title="Another")  # a newer checkpoint
    assert registry.records.verified(made.record_id).state.open_disputes == 1


@pytest.mark.parametrize(
    ("table", "column", "where"),
    [
        ("records", "envelope", "leaf_index = {leaf}"),
        ("records", "salt", "leaf_index = {leaf}"),
        ("log_leaves", "entry", "leaf_index = {leaf}"),
        ("log_nodes", "hash", "level = 0 AND position = {sibling}"),
        ("log_head", "note", "note IS NOT NULL"),
    ],
)
def test_every_byte_that_is_read_counts_however_often_it_verified(
    registry: Registry, checked: list[str], table: str, column: str, where: str
) -> None:
    made = register(registry)
    other = register(registry, title="Another")
    chosen = where.format(leaf=made.leaf_index, sibling=made.leaf_index ^ 1)
    assert other.leaf_index == made.leaf_index ^ 1, "neighbours in the tree"
    for _ in range(3):
        registry.records.verified(made.record_id)
    kept = read(registry, f"SELECT {column} FROM {table} WHERE {chosen}")
    change = f"UPDATE {table} SET {column} = :value WHERE {chosen}"
    write(registry, change, value=damaged(kept))
    for _ in range(2):  # no failure is taken for the answer, and none is forgotten
        with pytest.raises(TrackmarkError) as caught:
            registry.records.verified(made.record_id)
        assert isinstance(caught.value, SignatureError | ProofError)
    write(registry, change, value=kept)
    assert registry.records.verified(made.record_id).today()["title"] == "A Song"


def damaged(value: str | bytes) -> str | bytes:
    """The same with one byte of its last third changed: of a signature, a salt, a hash."""
    if isinstance(value, str):
        place = len(value) - 20
        return value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]
    return bytes(value[:-1]) + bytes([value[-1] ^ 1])


def test_a_stolen_key_no_longer_vouches_for_what_it_signed(registry: Registry) -> None:
    before = clock.now() - timedelta(minutes=1)
    made = register(registry)
    assert registry.records.verified(made.record_id).current.key_status == "valid"
    registry.keys.revoke(registry.keys.signer("record").keyid, "stolen", compromised_since=before)
    with pytest.raises(SignatureError):
        registry.records.verified(made.record_id)


def test_the_life_of_a_key_counts_where_nothing_else_changed(registry: Registry) -> None:
    made = register(registry)
    registry.records.verified(made.record_id)
    moment, keyid = clock.now() - timedelta(minutes=1), registry.keys.signer("record").keyid
    with database.writing(registry.engine) as connection:
        rows.change(connection, keyid, "record", revoked_at=moment, compromised_since=moment, log_size=0)
    with pytest.raises(SignatureError, match="compromised"):
        registry.records.verified(made.record_id)


def test_a_key_that_is_taken_out_of_the_table_counts_no_longer(registry: Registry) -> None:
    made = register(registry)
    registry.records.verified(made.record_id)
    write(registry, "UPDATE signing_keys SET purpose = 'report' WHERE purpose = 'record'")
    with pytest.raises(SignatureError):
        registry.records.verified(made.record_id)


def test_who_asks_for_witnesses_is_not_answered_from_without(registry: Registry) -> None:
    made = register(registry)
    registry.records.verified(made.record_id)
    with database.reading(registry.engine) as connection, pytest.raises(SignatureError):
        history.verified_history(connection, registry.keys.published, made.record_id, "default", witnesses=1)


def test_a_tenant_is_not_answered_from_anothers_memory(registry: Registry) -> None:
    made = register(registry)
    registry.records.verified(made.record_id)
    with pytest.raises(UnknownEntry):
        registry.for_tenant("stranger").records.verified(made.record_id)


def test_an_erased_record_is_not_remembered(registry: Registry, tmp_path: Path) -> None:
    made = register(registry)
    registry.records.verified(made.record_id)
    erase(registry, made.record_id, JobFiles.of(Settings(home=tmp_path / "home")))
    with pytest.raises(UnknownEntry):
        registry.records.verified(made.record_id)
