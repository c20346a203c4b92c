"""The registry: all or nothing, tenant by tenant, and a log that proves itself."""

import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from api import database
from api.errors import ConflictingEntry, UnknownEntry
from api.registry.registry import Registry
from api.settings import Settings
from core.errors import InvalidInput, ProofError, RegistryError, SignatureError
from provenance.fingerprint import SqlIndex
from provenance.records.checkpoint import TlogProof, checkpoint_of, verify_checkpoint, verify_tlog_proof
from provenance.records.log import leaf_hash, root_hash, verify_consistency
from provenance.records.verify import verify_record
from tests.api.serving import fingerprint, register


@pytest.fixture
def registry(tmp_path: Path, database_url: str) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home", database_url=database_url))
    yield opened
    opened.close()


def test_a_registered_record_is_found_again(registry: Registry) -> None:
    made = register(registry, title="Night Drive")
    stored = registry.records.get(made.record_id)
    assert stored is not None
    assert stored.title == "Night Drive"
    assert registry.records.verified(made.record_id).today()["owners"][0]["name"] == "A Label"
    assert [found.record_id for found in registry.records.find_by_sha256("cd" * 32)] == [made.record_id]


def test_records_that_state_an_isrc_are_found_while_they_stand(registry: Registry) -> None:
    ids = [register(registry).record_id for _ in range(3)]
    for record_id in ids:
        registry.events.amend(record_id, {"asset": {"isrc": "USRC17607839"}})
    assert registry.records.stating("USRC17607839") == tuple(ids)
    assert registry.records.stating("USRC17607839", but=ids[0]) == tuple(ids[1:])
    registry.events.revoke(ids[0], issuer="A Label", reason="entered twice")
    registry.events.amend(ids[1], {"asset": {"isrc": None}})
    assert registry.records.stating("USRC17607839") == (ids[2],)
    assert registry.for_tenant("another").records.stating("USRC17607839") == ()
    assert registry.records.stating(None) == registry.records.stating("GBAYE0000001") == ()


def test_the_files_of_a_record_verify_without_the_registry(registry: Registry) -> None:
    made = register(registry)
    stored = registry.records.get(made.record_id)
    assert stored is not None
    proof, keys = registry.records.proof(made.record_id), registry.keys.published.trusted()
    verified = verify_record(stored.envelope.to_json(), keys, proof, stored.salt)
    assert verified.logged is not None
    assert verified.logged.index == made.leaf_index
    with pytest.raises(ProofError):
        verify_record(stored.envelope.to_json(), keys, proof, bytes(32))


def test_every_proof_of_a_growing_log_verifies(registry: Registry) -> None:
    sizes, notes, leaves = [], [], []
    for _ in range(11):
        made = register(registry)
        leaves.append(leaf_hash(registry.log.entry(made.leaf_index)))
        notes.append(verify_checkpoint(registry.log.checkpoint(), [registry.log.key]).checkpoint)
        sizes.append(made.record_id)
        assert notes[-1].root_hash == root_hash(leaves)
    for index, record_id in enumerate(sizes):
        entry = registry.log.entry(index)
        verify_tlog_proof(registry.records.proof(record_id), entry, [registry.log.key])
    for old in range(1, 12):
        for new in range(old, 12):
            proof = registry.log.consistency(old, new)
            verify_consistency(old, new, notes[old - 1].root_hash, notes[new - 1].root_hash, proof)


def test_a_failed_registration_leaves_nothing(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    register(registry)
    before = registry.log.checkpoint()

    def fail(*_args: object) -> None:
        raise RegistryError("the disk is full")

    monkeypatch.setattr(SqlIndex, "add_on", fail)
    with pytest.raises(RegistryError):
        register(registry)
    assert registry.log.checkpoint() == before
    assert len(registry.records.page()) == 1


def test_a_record_id_is_taken_once(registry: Registry) -> None:
    made = register(registry)
    record = registry.records.verified(made.record_id).current.record
    before = registry.log.checkpoint()
    again = registry.records.register(record, fingerprint())
    assert (again.leaf_index, again.salt, again.envelope) == (made.leaf_index, made.salt, made.envelope)
    for other in (
        replace(record, issued_at="2026-11-22T12:00:01Z"),
        replace(record, claim_status="disputed"),
    ):
        with pytest.raises(ConflictingEntry):
            registry.records.register(other, fingerprint())
    with pytest.raises(ConflictingEntry):
        registry.for_tenant("other").records.register(record, fingerprint())
    with pytest.raises(InvalidInput):
        registry.records.register(replace(record, revision=2, supersedes="ab" * 32), fingerprint())
    assert registry.log.checkpoint() == before


def test_many_writers_make_one_log(registry: Registry) -> None:
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for _ in range(5):
                register(registry)
        except BaseException as error:
            failures.append(error)

    registry.keys.signer("record")
    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert checkpoint_of(registry.log.checkpoint()).size == 20
    assert sorted(stored.leaf_index for stored in registry.records.page()) == list(range(20))
    for stored in registry.records.page():
        registry.records.verified(stored.record_id)


def test_a_changed_database_is_noticed(registry: Registry) -> None:
    made = register(registry, owner="A Label")
    with database.writing(registry.engine) as connection:
        row = connection.execute(text("SELECT envelope FROM records")).scalar_one()
        connection.execute(
            text("UPDATE records SET envelope = :e"), {"e": row.replace('"sig":"', '"sig":"AAAA')}
        )
    with pytest.raises(SignatureError):
        registry.records.verified(made.record_id)
    other = register(registry)
    with database.writing(registry.engine) as connection:
        connection.execute(
            text("UPDATE log_nodes SET hash = :h WHERE level = 0 AND position = 0"), {"h": bytes(32)}
        )
    with pytest.raises(ProofError):
        registry.records.verified(other.record_id)


def test_tenants_do_not_see_each_other(registry: Registry) -> None:
    made = register(registry)
    registry.artists.enrol("Ada", b"voice")
    other = registry.for_tenant("other")
    assert other.records.get(made.record_id) is None
    assert other.records.page() == []
    assert other.records.find_by_sha256("cd" * 32) == []
    assert other.artists.all() == []
    for refused in (
        other.records.verified,
        other.records.proof,
        other.artists.remove,
        lambda name: other.records.add_file(name, "ab" * 32),
    ):
        with pytest.raises(UnknownEntry):
            refused(made.record_id)
    assert other.keys.watermark().tenant_key != registry.keys.watermark().tenant_key
    other.artists.enrol("Ada", b"another voice")
    assert [artist.voiceprint for artist in registry.artists.all()] == [b"voice"]


def test_an_erased_voice_is_gone_from_the_file(registry: Registry) -> None:
    registry.artists.enrol("Ada", b"a very recognisable voice print" * 20)
    with pytest.raises(ConflictingEntry):
        registry.artists.enrol("Ada", b"again")
    registry.artists.remove("Ada")  # gone at once, not when the server stops
    content = b"".join(path.read_bytes() for path in registry.home.glob("trackmark.db*"))
    assert b"a very recognisable voice print" not in content


def test_only_their_owner_reads_home_and_database(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    (home / "trackmark.db").touch()
    (home / "trackmark.db").chmod(0o644)
    opened = Registry.open(Settings(home=home))
    register(opened)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    files = list(home.glob("trackmark.db*"))
    assert len(files) == 3 and {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    opened.close()


def test_keys_are_made_once_and_for_their_owner_only(registry: Registry) -> None:
    first = (registry.keys.signer("record"), registry.keys.signer("log"), registry.keys.signer("report"))
    again = Registry(registry.engine, registry.home)
    assert [s.keyid for s in first] == [
        again.keys.signer("record").keyid,
        again.keys.signer("log").keyid,
        again.keys.signer("report").keyid,
    ]
    assert len({s.keyid for s in first}) == 3
    registry.keys.watermark()
    registry.keys.credentials()
    for path in (registry.home / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((registry.home / "keys").stat().st_mode) == 0o700


def test_proofs_carry_their_entry(registry: Registry) -> None:
    made = register(registry)
    proof = TlogProof.from_text(registry.records.proof(made.record_id))
    assert proof.extra == registry.log.entry(made.leaf_index)
    assert b"A Label" not in (proof.extra or b"")
