"""The log's key is handed over: one name, one tree, and whoever knew the old key arrives at the new one."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.keys.files import KeyStore
from api.keys.witnessing import cosign
from api.log import checkpoints, leaves, tree
from api.log.cosigning import WitnessAddress, collect
from api.log.witness_server import create_witness
from api.registry.proofs import evidence
from api.registry.registry import Registry
from api.settings import Settings
from core import clock
from core.errors import KeyFileError, ProofError, SignatureError
from provenance.records.checkpoint import (
    Checkpoint,
    TlogProof,
    checkpoint_of,
    sign_checkpoint,
    verify_checkpoint,
)
from provenance.records.folder import verify_folder
from provenance.records.keyevents import LoggedEvent, follow
from provenance.records.keys import Ed25519Signer
from provenance.records.log import MerkleLog
from provenance.records.monitor import watch
from provenance.records.note import NoteKey, NoteSigner
from provenance.records.trust import TrustedKeys
from provenance.records.verify import verify_record
from tests.api.cli.conftest import invoke
from tests.api.serving import parts, register, serve


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = Registry.open(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


def test_a_log_keeps_its_name_and_both_keys_sign_the_hand_over(registry: Registry) -> None:
    register(registry)
    before = registry.log.key
    new = registry.keys.rotate("log", "yearly")
    after = registry.log
    assert (after.origin, after.key.keyid) == (before.name, new.keyid)
    assert after.key != before
    note = after.checkpoint()
    for key in (before, after.key):
        assert verify_checkpoint(note, [key]).checkpoint.size == 2
    register(registry)
    verify_checkpoint(after.checkpoint(), [after.key])
    with pytest.raises(SignatureError):
        verify_checkpoint(after.checkpoint(), [before])


def test_whoever_trusts_the_first_key_verifies_after_two_rotations(registry: Registry) -> None:
    first = register(registry)
    pinned, old_proof = registry.keys.published.trusted(), registry.records.proof(first.record_id)
    registry.keys.rotate("record", "yearly")
    registry.keys.rotate("log", "yearly")
    registry.keys.rotate("log", "again")
    last = register(registry)
    keys = follow(pinned, reversed(registry.keys.published.events()))
    assert len([key for key in keys.log if key.name == registry.log.origin]) == 3
    proof = registry.records.proof(last.record_id)
    with pytest.raises(SignatureError):
        verify_record(last.envelope, pinned, proof, last.salt)
    assert verify_record(last.envelope, keys, proof, last.salt).logged
    # The proof of long ago still holds, by the key of then.
    for trusted in (pinned, keys, registry.keys.published.trusted()):
        assert verify_record(first.envelope, trusted, old_proof, first.salt).logged
    again = TrustedKeys.from_json(registry.keys.published.trusted().to_json())
    assert set(again.log) == set(keys.log)
    registry.records.verified(first.record_id)
    registry.records.verified(last.record_id)


def test_the_retired_key_vouches_for_no_longer_log(registry: Registry) -> None:
    register(registry)
    old = NoteSigner(
        registry.log.origin, Ed25519Signer.from_pem((registry.home / "keys" / "log.pem").read_bytes())
    )
    pinned = registry.keys.published.trusted()
    registry.keys.rotate("log", "yearly")
    made = register(registry)
    keys = follow(pinned, registry.keys.published.events())
    proof = TlogProof.from_text(registry.records.proof(made.record_id))
    by_old = sign_checkpoint(checkpoint_of(proof.checkpoint), old)
    forged = dataclasses.replace(proof, checkpoint=by_old).to_text()
    with pytest.raises(SignatureError, match="ended when the log had 2 entries"):
        verify_record(made.envelope, keys, forged, made.salt)


def test_a_hand_over_needs_both_signatures_on_statement_and_checkpoint(registry: Registry) -> None:
    register(registry)
    pinned = registry.keys.published.trusted()
    registry.keys.rotate("log", "yearly")
    (event,) = registry.keys.published.events("log")
    assert follow(pinned, [event]) != pinned
    for kept in event.envelope.signatures:
        alone = dataclasses.replace(event.envelope, signatures=(kept,))
        with pytest.raises((SignatureError, ProofError)):
            follow(pinned, [dataclasses.replace(event, envelope=alone)])
    proof = TlogProof.from_text(event.tlog_proof)
    only_new = sign_checkpoint(checkpoint_of(proof.checkpoint), registry.keys.note_signer())
    with pytest.raises(SignatureError):
        follow(
            pinned,
            [
                dataclasses.replace(
                    event, tlog_proof=dataclasses.replace(proof, checkpoint=only_new).to_text()
                )
            ],
        )


def test_an_interrupted_hand_over_is_finished(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    register(registry)
    old = registry.log.key
    with monkeypatch.context() as patch:
        patch.setattr(KeyStore, "promote", lambda *_: (_ for _ in ()).throw(OSError("power cut")))
        with pytest.raises(OSError, match="power cut"):
            registry.keys.rotate("log", "yearly")
    again = Registry(registry.engine, registry.home)
    assert again.log.key != old
    assert again.log.origin == old.name
    register(again)
    assert len(again.keys.published.events("log")) == 1


def test_another_log_key_without_a_hand_over_is_refused(registry: Registry, tmp_path: Path) -> None:
    registry.keys.signer("log")
    given = Ed25519Signer.generate().to_pem().decode()
    with pytest.raises(KeyFileError, match="rotate log --to"):
        Registry.open(Settings(home=tmp_path / "home", log_key=SecretStr(given))).keys.signer("log")


def test_a_stolen_log_key_is_revoked_by_its_successor(registry: Registry) -> None:
    made = register(registry)
    pinned, stolen = registry.keys.published.trusted(), registry.log.key.keyid
    proof = registry.records.proof(made.record_id)
    registry.keys.revoke(stolen, "stolen", clock.now())
    keys = follow(pinned, registry.keys.published.events())
    with pytest.raises(SignatureError, match="compromised"):  # nobody independent saw the old checkpoint
        verify_record(made.envelope, keys, proof, made.salt)
    assert registry.records.verified(made.record_id).current.logged


def test_a_folder_from_before_the_hand_over_and_one_from_after(registry: Registry, tmp_path: Path) -> None:
    first = register(registry)
    pinned = registry.keys.published.trusted()
    registry.keys.rotate("log", "yearly")
    second = register(registry)
    for made in (first, second):
        folder = tmp_path / made.record_id
        folder.mkdir()
        for name, data in evidence(registry, made.record_id).items():
            (folder / name).write_bytes(data)
        assert all(check.passed is not False for check in verify_folder(folder, pinned))


def test_a_witness_that_knows_both_keys_goes_on(registry: Registry, tmp_path: Path) -> None:
    register(registry)
    signer = NoteSigner("witness.example", Ed25519Signer.generate())
    address = WitnessAddress(signer.cosigner_key, "http://witness.example")

    def asked(*logs: NoteKey) -> tuple[str, ...]:
        app = create_witness(signer, logs, tmp_path / "witness.db", lambda: 1_800_000_000)
        client = TestClient(app)

        def send(_url: str, body: str) -> tuple[int, str]:
            answer = client.post("/add-checkpoint", content=body)
            return answer.status_code, answer.text

        return collect(registry.log, [address], send).signed

    old = registry.log.key
    assert asked(old)
    registry.keys.rotate("log", "yearly")
    assert asked(old)  # the hand-over itself is signed by the key that it knows
    register(registry)
    assert not asked(old)
    assert asked(old, registry.log.key)


class Watching:
    """A witness that was told of one key only; restarted for every question."""

    def __init__(self, key: NoteKey, folder: Path) -> None:
        self.key, self.folder = key, folder
        self.signer = NoteSigner("witness.example", Ed25519Signer.generate())

    def send(self, url: str, body: str) -> tuple[int, str]:
        app = create_witness(self.signer, [self.key], self.folder / "w.db", lambda: 1_800_000_000)
        answer = TestClient(app).post(url.removeprefix("http://witness.example"), content=body)
        return answer.status_code, answer.text


def test_a_witness_follows_the_log_from_key_to_key(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = Registry.open(Settings(home=home))
    first.keys.enter()
    watching = Watching(first.log.key, tmp_path)
    first.close()
    address = f"{watching.signer.cosigner_key.vkey} http://witness.example"
    registry = Registry.open(Settings(home=home, witnesses=(address,)))
    register(registry)
    assert cosign(registry.keys.published, watching.send).refused == {}
    for _ in range(2):  # it sees neither hand-over when it happens
        registry.keys.rotate("log", "yearly")
        register(registry)
    done = cosign(registry.keys.published, watching.send)
    assert (done.size, done.refused) == (5, {})
    registry = registry.demanding(1)
    made = register(registry)
    assert cosign(registry.keys.published, watching.send).refused == {}
    assert registry.records.verified(made.record_id).current.logged
    registry.close()


def test_a_witness_that_missed_everything_starts_with_the_first_hand_over(tmp_path: Path) -> None:
    opened = Registry.open(Settings(home=tmp_path / "home"))
    opened.keys.enter()
    watching = Watching(opened.log.key, tmp_path)
    address = WitnessAddress(watching.signer.cosigner_key, "http://witness.example")
    register(opened)
    opened.keys.rotate("log", "yearly")
    register(opened)
    assert not collect(opened.log, [address], watching.send).signed
    events = opened.keys.published.events("log")
    assert collect(opened.log, [address], watching.send, handovers=events).signed == ("witness.example",)
    opened.close()


def test_a_witness_refuses_hand_overs_that_not_both_keys_signed(registry: Registry, tmp_path: Path) -> None:
    register(registry)
    watching = Watching(registry.log.key, tmp_path)
    address = WitnessAddress(watching.signer.cosigner_key, "http://witness.example")
    old = registry.keys.note_signer()
    registry.keys.rotate("log", "yearly")
    (event,) = registry.keys.published.events("log")
    url = "http://witness.example/add-handover"

    def asked(event: LoggedEvent) -> int:
        return watching.send(url, json.dumps(event.to_json()))[0]

    assert asked(event) == 409  # the witness has not seen that checkpoint yet
    assert collect(registry.log, [address], watching.send).signed
    by_old, by_new = event.envelope.signatures
    for kept in (by_old, by_new):
        alone = dataclasses.replace(event.envelope, signatures=(kept,))
        assert asked(dataclasses.replace(event, envelope=alone)) == 403
    proof = TlogProof.from_text(event.tlog_proof)
    head = checkpoint_of(proof.checkpoint)
    by_new_alone = dataclasses.replace(proof, checkpoint=sign_checkpoint(head, registry.keys.note_signer()))
    assert asked(dataclasses.replace(event, tlog_proof=by_new_alone.to_text())) == 403
    forked = sign_checkpoint(Checkpoint(head.origin, head.size, bytes(32)), old)
    other = dataclasses.replace(proof, checkpoint=forked)
    assert asked(dataclasses.replace(event, tlog_proof=other.to_text())) == 409
    assert asked(dataclasses.replace(event, salt=bytes(32))) == 422
    for body in ("", "[]", "{}", '{"envelope": {}, "tlog_proof": "", "salt": ""}'):
        assert watching.send(url, body)[0] == 400
    register(registry)
    assert not collect(registry.log, [address], watching.send).signed
    assert asked(event) == 200
    assert asked(event) == 200  # once more changes nothing
    assert collect(registry.log, [address], watching.send).signed


def test_after_the_hand_over_the_old_key_gets_no_cosignature(registry: Registry, tmp_path: Path) -> None:
    register(registry)
    watching = Watching(registry.log.key, tmp_path)
    address = WitnessAddress(watching.signer.cosigner_key, "http://witness.example")
    old = registry.keys.note_signer()
    registry.keys.rotate("log", "yearly")
    register(registry)
    assert collect(
        registry.log, [address], watching.send, handovers=registry.keys.published.events("log")
    ).signed
    register(registry)
    with leaves.appending(registry.engine) as connection:
        stolen = Checkpoint(old.name, 4, tree.ask(connection, 4, MerkleLog.root))
        checkpoints.put_head(connection, 4, sign_checkpoint(stolen, old))
    refused = collect(registry.log, [address], watching.send).refused["witness.example"]
    assert "403" in refused
    assert "ended when the log had 2 entries" in refused


def test_the_monitor_follows_and_tells(tmp_path: Path) -> None:
    state = tmp_path / "monitor.json"
    with serve(tmp_path / "home") as client:
        registry = parts(client).registry

        def fetch(path: str) -> bytes:
            answer = client.get(f"/v1/log/{path}")
            assert answer.status_code == 200, path
            return answer.content

        register(registry)
        key = registry.log.key
        assert watch(fetch, key, state).handovers == ()
        registry.keys.rotate("log", "yearly")
        seen = watch(fetch, key, state)
        assert (seen.old_size, seen.size, len(seen.handovers)) == (1, 2, 1)
        register(registry)
        seen = watch(fetch, key, state)
        assert (seen.size, seen.key) == (3, registry.log.key.vkey)
        assert "handed over to" in seen.handovers[0]
        assert "yearly" in seen.handovers[0]
        stranger = NoteSigner(key.name, Ed25519Signer.generate())

        def forged(path: str) -> bytes:
            if path == "checkpoint":
                return sign_checkpoint(Checkpoint(key.name, 3, bytes(32)), stranger).encode()
            return json.dumps({"items": []}).encode() if path == "handovers" else fetch(path)

        with pytest.raises(SignatureError):
            watch(forged, key, state)


def test_the_command_rotates_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKMARK_HOME", str(tmp_path / "home"))
    done = invoke("key", "rotate", "log", "--reason", "yearly")
    assert (done.code, done.out[:14]) == (0, "log key is now")
    assert invoke("key", "rotate", "witness").code == 2
