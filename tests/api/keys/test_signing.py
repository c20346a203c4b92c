"""Keys of a registry over the years: rotated, stolen, revoked, and old records that still verify."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from api.errors import UnknownEntry
from api.keys.files import KeyStore
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from core.errors import InvalidInput, SignatureError
from provenance.records.keyevents import follow
from provenance.records.keylife import BEFORE_COMPROMISE, VALID
from provenance.records.keys import Es256Signer
from provenance.records.trust import TrustedKeys
from provenance.records.verify import verify_record
from tests.api.serving import register


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path))
    yield opened
    opened.close()


def test_older_records_verify_after_a_rotation(registry: Registry) -> None:
    first = register(registry)
    pinned = registry.keys.published.trusted()
    old, new = registry.keys.signer("record").keyid, registry.keys.rotate("record", "yearly")
    assert registry.keys.signer("record").keyid == new.keyid != old
    second = register(registry)
    for made, keyid in ((first, old), (second, new.keyid)):
        verified = registry.records.verified(made.record_id).current
        assert (verified.keyids, verified.key_status) == ((keyid,), VALID)
    keys = TrustedKeys.from_json(registry.keys.published.trusted().to_json())
    assert {key.keyid for key in keys.record} == {old, new.keyid}
    followed = follow(pinned, registry.keys.published.events())
    assert {key.keyid for key in followed.record} == {old, new.keyid}
    stored = registry.records.get(second.record_id)
    assert stored is not None
    assert verify_record(stored.envelope, followed, registry.records.proof(second.record_id), stored.salt)


def test_the_old_private_key_is_gone(registry: Registry) -> None:
    registry.keys.signer("record")
    before = (registry.home / "keys" / "record.pem").read_bytes()
    registry.keys.rotate("record", "yearly")
    for path in (registry.home / "keys").iterdir():
        assert path.is_dir() or before not in path.read_bytes()
    assert not (registry.home / "keys" / "record.next.pem").exists()


def test_an_interrupted_rotation_is_finished_by_the_next_caller(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = registry.keys.signer("record").keyid
    with monkeypatch.context() as patch:
        patch.setattr(KeyStore, "promote", lambda *_: (_ for _ in ()).throw(OSError("power cut")))
        with pytest.raises(OSError, match="power cut"):
            registry.keys.rotate("record", "yearly")
    again = Registry(registry.engine, registry.home)
    assert again.keys.signer("record").keyid != old
    assert register(again).envelope.signatures[0].keyid == again.keys.signer("record").keyid
    assert len(again.keys.published.events()) == 1


def test_a_rotation_that_is_not_logged_changes_nothing(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = registry.keys.signer("record").keyid
    with monkeypatch.context() as patch:
        patch.setattr("api.log.leaves.append", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            registry.keys.rotate("record", "yearly")
    assert registry.keys.signer("record").keyid == old
    assert registry.keys.rotate("record", "again").keyid != old


def test_records_before_a_theft_stay_valid_and_later_ones_do_not(registry: Registry) -> None:
    before = register(registry)
    stolen = registry.keys.signer("record").keyid
    theft = clock.now()
    after = register(registry)
    registry.keys.revoke(stolen, "laptop stolen", theft)
    fresh = register(registry)
    assert registry.records.verified(before.record_id).current.key_status == BEFORE_COMPROMISE
    assert registry.records.verified(fresh.record_id).current.key_status == VALID
    with pytest.raises(SignatureError, match="compromised since"):
        registry.records.verified(after.record_id)
    life = next(life for life in registry.keys.published.trusted().lives if life.keyid == stolen)
    assert life.log_size == after.leaf_index
    assert life.reason == "laptop stolen"


def test_a_theft_can_be_told_after_the_revocation(registry: Registry) -> None:
    before = register(registry)
    stolen, theft = registry.keys.signer("record").keyid, clock.now()
    after = register(registry)
    registry.keys.revoke(stolen, "laptop lost")
    assert registry.records.verified(after.record_id).current.key_status == VALID
    revoked_at = next(one.revoked_at for one in registry.keys.published.all() if one.key.keyid == stolen)
    registry.keys.revoke(stolen, "it was stolen on Tuesday", theft)
    assert registry.records.verified(before.record_id).current.key_status == BEFORE_COMPROMISE
    with pytest.raises(SignatureError, match="compromised since"):
        registry.records.verified(after.record_id)
    with pytest.raises(InvalidInput, match="earlier"):
        registry.keys.revoke(stolen, "or on Wednesday", theft + timedelta(microseconds=1))
    told = next(one for one in registry.keys.published.all() if one.key.keyid == stolen)
    assert (told.revoked_at, told.log_size) == (revoked_at, after.leaf_index)


def test_a_key_that_was_rotated_before_its_theft_ended_there(registry: Registry) -> None:
    old = registry.keys.signer("record").keyid
    registry.keys.rotate("record", "yearly")
    ended = next(one.log_size for one in registry.keys.published.all() if one.key.keyid == old)
    register(registry)
    registry.keys.revoke(old, "found on an old disk", clock.now())
    assert next(one.log_size for one in registry.keys.published.all() if one.key.keyid == old) == ended


def test_a_revoked_key_ends_where_it_is_revoked(registry: Registry) -> None:
    made = register(registry)
    registry.keys.revoke(registry.keys.signer("record").keyid, "no longer needed")
    assert registry.records.verified(made.record_id).current.key_status == VALID


def test_what_cannot_be_done_to_keys(registry: Registry) -> None:
    with pytest.raises(InvalidInput, match="Ed25519"):
        registry.keys.rotate("log", "no", Es256Signer.generate())
    with pytest.raises(InvalidInput, match="signed here before"):
        registry.keys.rotate("record", "no", registry.keys.signer("record"))
    with pytest.raises(UnknownEntry):
        registry.keys.revoke("00" * 32, "no")
    keyid = registry.keys.signer("record").keyid
    with pytest.raises(InvalidInput, match="future"):
        registry.keys.revoke(keyid, "no", clock.now() + timedelta(days=1))
    registry.keys.revoke(keyid, "yes")
    with pytest.raises(InvalidInput, match="was revoked"):
        registry.keys.revoke(keyid, "again")
