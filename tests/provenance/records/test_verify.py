"""The offline verifier: a whole chain from record to checkpoint, and each link broken once."""

import dataclasses
import json
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import KeyFileError, ProofError, RecordError, SignatureError
from provenance.records import envelope as dsse
from provenance.records.checkpoint import Checkpoint, TlogProof, cosign_note, sign_checkpoint
from provenance.records.keys import Ed25519Signer, Es256Signer
from provenance.records.log import LogEntry, MemoryNodeStore, MerkleLog, commit, leaf_hash
from provenance.records.note import NoteSigner
from provenance.records.record import PAYLOAD_TYPE, Issuer, OwnershipRecord
from provenance.records.report import PAYLOAD_TYPE as REPORT_TYPE
from provenance.records.report import sign_report
from provenance.records.trust import TrustedKeys
from provenance.records.verify import verify_record, verify_report

from .samples import small

ISSUER, REPORTER = Ed25519Signer.generate(), Es256Signer.generate()
LOG = NoteSigner("example.com/log", Ed25519Signer.generate())
WITNESS = NoteSigner("witness.example", Ed25519Signer.generate())
KEYS = TrustedKeys(
    record=(ISSUER.public_key,), report=(REPORTER.public_key,), log=(LOG.key, WITNESS.cosigner_key)
)
SALT = bytes(range(32))
REPORT = {"file": "a.wav", "watermark": {"p_value": 1e-12, "present": True}, "scores": [0.93, 1.0, 0.1]}


def logged(entry: LogEntry, *, origin: NoteSigner = LOG) -> str:
    """A proof file for an entry in a log that holds other entries too."""
    log = MerkleLog(MemoryNodeStore())
    log.extend(leaf_hash(b"before %d" % i) for i in range(5))
    index = log.append(leaf_hash(entry.to_bytes()))
    log.extend(leaf_hash(b"after %d" % i) for i in range(3))
    note = sign_checkpoint(Checkpoint(origin.name, log.size, log.root()), origin)
    note = cosign_note(note, WITNESS, 1_800_000_000)
    return TlogProof(index, log.inclusion_proof(index), note, entry.to_bytes()).to_text()


def registered(
    record: OwnershipRecord | None = None,
    *,
    signer: Ed25519Signer | Es256Signer = ISSUER,
    kind: str = "register",
    **entry_changes: Any,
) -> SimpleNamespace:
    record = record or small(issuer=Issuer("Test Label", ISSUER.keyid))
    payload = record.to_payload()
    entry = LogEntry(kind, record.record_id, record.revision, commit(SALT, payload), signer.keyid)
    entry = dataclasses.replace(entry, **entry_changes)
    envelope = dsse.sign(payload, PAYLOAD_TYPE, [signer])
    return SimpleNamespace(record=record, envelope=envelope, entry=entry, proof=logged(entry))


def test_the_whole_chain_holds() -> None:
    made = registered()
    verified = verify_record(made.envelope.to_json(), KEYS, made.proof, SALT, witnesses=1)
    assert verified.record == made.record
    assert verified.keyids == (ISSUER.keyid,)
    assert verified.logged is not None and verified.logged.entry == made.entry
    assert (verified.logged.index, verified.logged.verified.checkpoint.size) == (5, 9)
    assert verified.logged.verified.earliest_witness_s == 1_800_000_000
    assert verify_record(made.envelope, KEYS).logged is None


def test_a_report_with_scores_holds() -> None:
    envelope = sign_report(REPORT, [REPORTER])
    assert verify_report(envelope.to_json(), KEYS).report == REPORT
    entry = LogEntry("detector.report", "0" * 16, 1, commit(SALT, envelope.payload), REPORTER.keyid)
    place = verify_report(envelope, KEYS, logged(entry), SALT).logged
    assert place is not None and place.index == 5
    with pytest.raises(ProofError, match="not a report"):
        verify_report(envelope, KEYS, logged(dataclasses.replace(entry, type="register")), SALT)


def test_a_key_is_trusted_for_its_purpose_only() -> None:
    with pytest.raises(SignatureError):
        verify_report(sign_report(REPORT, [ISSUER]), KEYS)
    record = small()
    with pytest.raises(SignatureError):
        verify_record(dsse.sign(record.to_payload(), PAYLOAD_TYPE, [REPORTER]), KEYS)


def test_a_record_cannot_pose_as_a_report_nor_the_reverse() -> None:
    both = TrustedKeys(record=(ISSUER.public_key,), report=(ISSUER.public_key,))
    with pytest.raises(SignatureError, match="of type"):
        verify_report(dsse.sign(small().to_payload(), PAYLOAD_TYPE, [ISSUER]), both)
    with pytest.raises(SignatureError, match="of type"):
        verify_record(sign_report(REPORT, [ISSUER]), both)
    with pytest.raises(RecordError):
        verify_record(dsse.sign(b"{}", PAYLOAD_TYPE, [ISSUER]), both)
    with pytest.raises(SignatureError):
        verify_report(dsse.sign(b"[1]", REPORT_TYPE, [ISSUER]), both)
    with pytest.raises(SignatureError):
        verify_report(dsse.sign(b'{"a": 1}', REPORT_TYPE, [ISSUER]), both)


def test_reports_that_are_not_finite_json_are_not_signed() -> None:
    for report in ({"a": float("nan")}, {"a": object()}, {"a": "b" * (2 << 20)}):
        with pytest.raises(SignatureError):
            sign_report(report, [REPORTER])


def test_the_issuer_s_key_must_be_the_one_that_signed() -> None:
    stranger = Ed25519Signer.generate()
    keys = dataclasses.replace(KEYS, record=(ISSUER.public_key, stranger.public_key))
    record = small(issuer=Issuer("Test Label", ISSUER.keyid))
    with pytest.raises(SignatureError, match="did not sign"):
        verify_record(dsse.sign(record.to_payload(), PAYLOAD_TYPE, [stranger]), keys)


BROKEN = {
    "another commitment": lambda: registered(commitment="00" * 32),
    "another record id": lambda: registered(record_id="ff" * 8),
    "another revision": lambda: registered(revision=2),
    "another key": lambda: registered(keyid="00" * 32),
    "not a record event": lambda: registered(kind="detector.report"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_log_entry_of_something_else_is_refused(case: str) -> None:
    made = BROKEN[case]()
    verify_record(made.envelope, KEYS)
    with pytest.raises(ProofError):
        verify_record(made.envelope, KEYS, made.proof, SALT)


def test_a_proof_needs_salt_entry_log_and_witness() -> None:
    made = registered()
    with pytest.raises(ProofError, match="salt is missing"):
        verify_record(made.envelope, KEYS, made.proof)
    with pytest.raises(ProofError, match="another payload"):
        verify_record(made.envelope, KEYS, made.proof, bytes(32))
    bare = dataclasses.replace(TlogProof.from_text(made.proof), extra=None)
    with pytest.raises(ProofError, match="extra line"):
        verify_record(made.envelope, KEYS, bare.to_text(), SALT)
    other = NoteSigner("example.com/other", Ed25519Signer.generate())
    with pytest.raises(SignatureError):
        verify_record(made.envelope, KEYS, logged(made.entry, origin=other), SALT)
    lonely = dataclasses.replace(KEYS, log=(LOG.key,))
    with pytest.raises(SignatureError, match="0 of 1"):
        verify_record(made.envelope, lonely, made.proof, SALT, witnesses=1)


def test_erasing_a_person_keeps_every_other_proof() -> None:
    # The log holds commitments only, so nothing in it changes when payload and salt of one entry are deleted.
    gone, kept = registered(small(record_id="aa" * 8)), registered()
    log = MerkleLog(MemoryNodeStore())
    log.extend(leaf_hash(item.entry.to_bytes()) for item in (gone, kept))
    assert gone.record.asset.title.encode() not in gone.entry.to_bytes()
    note = sign_checkpoint(Checkpoint(LOG.name, 2, log.root()), LOG)
    del gone
    proof = TlogProof(1, log.inclusion_proof(1), note, kept.entry.to_bytes())
    assert verify_record(kept.envelope, KEYS, proof.to_text(), SALT).record == kept.record


def test_trusted_keys_survive_their_file_and_refuse_nonsense() -> None:
    assert TrustedKeys.from_json(KEYS.to_json()) == KEYS
    good = json.loads(KEYS.to_json())
    wrong: tuple[object, ...] = (
        [],
        {},
        good | {"v": 3},
        good | {"lives": {}},
        good | {"lives": [{"keyid": "x"}]},
        good | {"lives": [{"keyid": "00" * 32}] * 2},
        good | {"log": "x"},
        good | {"log": ["x"]},
        good | {"record": ["x"]},
    )
    for value in wrong:
        with pytest.raises(KeyFileError):
            TrustedKeys.from_json(json.dumps(value).encode())
