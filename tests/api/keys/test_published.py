"""Public trust apart from private keys: a second machine on one database reads all and signs nothing."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from api import database
from api.audit.audit import audit_file
from api.registry.exports import EXPORTS
from api.registry.proofs import evidence
from api.registry.registry import Registry
from api.registry.summary import known
from api.settings import Settings
from core.errors import KeyFileError
from provenance.records.folder import verify_folder
from provenance.records.record import OwnershipRecord
from tests import fakes
from tests.api.serving import blank_record, fingerprint, register

OPENED: list[str] = []
sys.addaudithook(lambda name, args: OPENED.append(str(args[0])) if name == "open" else None)


@pytest.fixture
def home(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "a", database_url=database_url))
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(home: Registry, tmp_path: Path, database_url: str) -> Iterator[Registry]:
    """Another machine: the same database, which holds a record with a mark, and no key file."""
    home.keys.enter()
    home.keys.watermark()
    opened = Registry.open(Settings(home=tmp_path / "b", database_url=database_url))
    yield opened
    opened.close()


def statements(engine: Engine, act: Callable[[], object]) -> list[str]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


def everything(engine: Engine) -> list[Any]:
    tables = ("signing_keys", "key_events", "log_leaves", "log_head", "credential_roots", "watermark_keys")
    with database.reading(engine) as connection:
        return [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]


def test_a_record_is_verified_with_five_statements_and_no_key_file(home: Registry) -> None:
    made = register(home)
    home.events.amend(made.record_id, {"asset": {"title": "New"}})
    home.keys.rotate("record", "yearly")
    home.events.dispute(made.record_id, issuer="A Singer", reason="mine")
    for _ in range(3):
        register(home)
    OPENED.clear()
    seen = statements(home.engine, lambda: home.records.verified(made.record_id))
    assert len(seen) <= 5, seen
    assert not any(verb in one for one in seen for verb in ("INSERT", "UPDATE", "DELETE"))
    assert not [path for path in OPENED if f"{os.sep}keys{os.sep}" in path]


def test_another_machine_verifies_everything(home: Registry, elsewhere: Registry, tmp_path: Path) -> None:
    made = register(home)
    home.events.amend(made.record_id, {"asset": {"title": "New"}})
    home.keys.rotate("record", "yearly")
    home.keys.rotate("log", "yearly")
    home.keys.credentials()
    later = register(home)
    before = everything(home.engine)
    for record_id in (made.record_id, later.record_id):
        assert known(elsewhere.records, [record_id])[record_id]["verified"]
        folder = tmp_path / record_id
        folder.mkdir()
        for name, data in evidence(elsewhere, record_id).items():
            (folder / name).write_bytes(data)
        assert all(
            check.passed is not False for check in verify_folder(folder, home.keys.published.trusted())
        )
        assert EXPORTS["ddex"].make(elsewhere, record_id)
    assert elsewhere.keys.published.trusted() == home.keys.published.trusted()
    assert elsewhere.keys.published.all() == home.keys.published.all()
    assert elsewhere.keys.published.credential_anchors() == [home.keys.credentials().trust_anchor]
    assert elsewhere.log.checkpoint() == home.log.checkpoint()
    assert elsewhere.records.proof(later.record_id) == home.records.proof(later.record_id)
    assert everything(home.engine) == before
    assert not list((tmp_path / "b" / "keys").glob("*.pem"))


ACTS: dict[str, Callable[[Registry, OwnershipRecord], object]] = {
    "enter a record": lambda registry, record: registry.records.register(record, fingerprint()),
    "sign a record": lambda registry, _: registry.keys.signer("record"),
    "sign a report": lambda registry, _: registry.keys.signer("report"),
    "sign the log": lambda registry, _: registry.keys.signer("log"),
    "rotate": lambda registry, _: registry.keys.rotate("record", "mine"),
    "mark": lambda registry, _: registry.keys.watermark(),
    "mark for a new tenant": lambda registry, _: registry.for_tenant("new").keys.watermark(),
    "mark anew": lambda registry, _: registry.keys.next_watermark_epoch(),
    "sign credentials": lambda registry, _: registry.keys.credentials(),
    "renew credentials": lambda registry, _: registry.keys.renew_credentials(),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("foreign", [False, True])
def test_another_machine_signs_and_invents_nothing(
    home: Registry, elsewhere: Registry, tmp_path: Path, act: str, foreign: bool
) -> None:
    register(home)
    home.keys.credentials()
    record = blank_record(home)
    if foreign:  # a machine that was the home of another registry
        other = Registry.open(Settings(home=tmp_path / "c"))
        other.keys.enter()
        other.keys.watermark()
        other.close()
        (tmp_path / "c" / "keys").rename(tmp_path / "b" / "keys")
    before = everything(home.engine)
    with pytest.raises(KeyFileError, match=r"machine|in force|another"):
        ACTS[act](elsewhere, record)
    elsewhere.keys.enter()
    elsewhere.keys.catch_up()
    assert everything(home.engine) == before
    if not foreign:
        assert not [path for path in (tmp_path / "b" / "keys").glob("*") if path.name != ".lock"]


def test_an_audit_without_the_watermark_key_says_so(elsewhere: Registry, tmp_path: Path) -> None:
    found = audit_file(
        "song.wav",
        registry=elsewhere,
        settings=Settings(home=tmp_path / "b"),
        checks=("watermark",),
        engines=fakes.engines(),
    )
    assert "the check failed: this machine does not have the secret" in str(found.to_dict())


def test_a_lost_watermark_key_is_never_replaced(home: Registry) -> None:
    register(home)
    key = home.keys.watermark()
    path = home.home / "keys" / "watermark-default.key"
    kept = path.read_bytes()
    path.unlink()
    again = Registry(home.engine, home.home)
    for _ in range(2):
        with pytest.raises(KeyFileError, match=r"copy keys/watermark-default\.key"):
            again.keys.watermark()
    assert not path.exists()
    path.write_bytes(kept)
    assert again.keys.watermark() == key
    assert again.for_tenant("new").keys.watermark() != key  # here new tenants get theirs


def test_an_old_copy_of_the_watermark_key_still_marks_in_the_newest_epoch(home: Registry) -> None:
    home.keys.watermark()
    path = home.home / "keys" / "watermark-default.key"
    old = path.read_bytes()
    newest = home.keys.next_watermark_epoch()
    path.write_bytes(old)
    assert Registry(home.engine, home.home).keys.watermark() == newest


def test_a_locked_key_is_no_forged_record(home: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    made = register(home)

    def broken(*_: object) -> None:
        raise KeyFileError("the token is locked")

    monkeypatch.setattr(type(home.keys.published), "trusted_on", broken)
    with pytest.raises(KeyFileError):
        known(home.records, [made.record_id])


def test_a_registry_of_an_earlier_release_is_read_and_caught_up(
    home: Registry, elsewhere: Registry, database_url: str
) -> None:
    made = register(home)
    home.keys.credentials()
    with database.writing(home.engine) as connection:
        for table in ("log_head", "credential_roots", "watermark_keys"):  # which it did not have
            connection.execute(text(f"DELETE FROM {table}"))
    today = elsewhere.records.verified(made.record_id).today()
    assert (today["title"], today["log_signed"]) == ("A Song", False)
    with pytest.raises(KeyFileError, match="where its key is"):
        elsewhere.records.proof(made.record_id)
    again = Registry.open(Settings(home=home.home, database_url=database_url))
    again.close()
    assert elsewhere.records.verified(made.record_id).today()["log_signed"] is True
    assert elsewhere.records.proof(made.record_id)
    assert elsewhere.keys.published.credential_anchors() == [home.keys.credentials().trust_anchor]
