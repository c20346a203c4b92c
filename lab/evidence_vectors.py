"""Write `tests/vectors/evidence`: a small evidence folder for whoever writes another verifier.

    python -m lab.evidence_vectors

The signing keys are derived from public words, so they protect nothing. `values.json` holds what lies between
the files and the verdict. Time-stamp tokens are signed with a random key, so each run writes another one.
"""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lab.authority import Authority
from provenance.records import envelope, keyevents
from provenance.records.asset import Asset
from provenance.records.checkpoint import Checkpoint, TlogProof, cosign_note, sign_checkpoint
from provenance.records.folder import EVENT_SUFFIX, bundle
from provenance.records.involvement import AiInvolvement
from provenance.records.keys import Ed25519Signer
from provenance.records.log import LogEntry, MemoryNodeStore, MerkleLog, commit, leaf_hash
from provenance.records.note import NoteSigner
from provenance.records.record import PAYLOAD_TYPE, Claim, Issuer, OwnershipRecord
from provenance.records.report import sign_report
from provenance.records.rights import Party, RightShare
from provenance.records.stamping import add_token, stamped_bytes
from provenance.records.trust import TrustedKeys

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "vectors" / "evidence"
MOMENT = datetime(2026, 11, 22, 18, 0, 0, tzinfo=UTC)
TIME = "2026-11-22T18:00:00Z"
ORIGIN = "vectors.example/log"


def signer(word: str) -> Ed25519Signer:
    """The key whose seed is SHA-256 of a word."""
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest()))


def salt(word: str) -> bytes:
    """A salt that is SHA-256 of a word; real ones are random."""
    return hashlib.sha256(b"salt " + word.encode()).digest()


def main() -> None:
    """Write the folder."""
    record_key, report_key = signer("record"), signer("report")
    old_log, new_log = NoteSigner(ORIGIN, signer("log 1")), NoteSigner(ORIGIN, signer("log 2"))
    witness = NoteSigner("witness.vectors.example", signer("witness"))
    authority = Authority.generate(start=MOMENT - timedelta(days=1))
    record = OwnershipRecord(
        record_id="00112233aabbccdd",
        issued_at=TIME,
        issuer=Issuer("Test Label", record_key.keyid),
        asset=Asset("Żółć", "ab" * 32, 30_000, 44_100, 2, "wav"),
        ai_involvement=AiInvolvement("None"),
        parties=(Party("owner", "Test Label", "org"),),
        rights=(RightShare("master", "owner", 1_000_000),),
        provenance_of_claim=Claim("uploaded"),
    )
    claim = envelope.sign(record.to_payload(), PAYLOAD_TYPE, [record_key])
    report = sign_report({"file": "a.wav", "score": 0.25}, [report_key])
    change = keyevents.sign_rotation(old_log.signer, new_log.signer, "log", issued_at=TIME, reason="yearly")
    entries = [
        keyevents.entry_of(change, salt("change")),
        LogEntry("register", record.record_id, 1, commit(salt("record"), claim.payload), record_key.keyid),
        LogEntry("detector.report", "0" * 16, 1, commit(salt("report"), report.payload), report_key.keyid),
    ]
    log = MerkleLog(MemoryNodeStore())
    for number in range(4):
        log.append(leaf_hash(b"before %d" % number))
    places = [log.append(leaf_hash(entry.to_bytes())) for entry in entries]
    at_change = sign_checkpoint(Checkpoint(ORIGIN, 5, log.root(5)), old_log, new_log)
    at_change = cosign_note(at_change, witness, int(MOMENT.timestamp()) + 5)
    newest = sign_checkpoint(Checkpoint(ORIGIN, log.size, log.root()), new_log)
    token = authority.stamp(stamped_bytes(newest), MOMENT + timedelta(seconds=10), nonce=7)
    note, stamped = add_token(newest, token, [authority.root])
    note = cosign_note(note, witness, int(MOMENT.timestamp()) + 20)
    keys = TrustedKeys(
        record=(record_key.public_key,),
        report=(report_key.public_key,),
        log=(old_log.key, witness.cosigner_key),
        tsa=(authority.root,),
    )

    def proof(turn: int, size: int, checkpoint: str) -> str:
        path = log.inclusion_proof(places[turn], size)
        return TlogProof(places[turn], path, checkpoint, entries[turn].to_bytes()).to_text()

    files = bundle("change", keys, tlog_proof=proof(0, 5, at_change), salt=salt("change"))
    files["change" + EVENT_SUFFIX] = change.to_json()
    files |= bundle("record", keys, record=claim, tlog_proof=proof(1, 7, note), salt=salt("record"))
    files |= bundle("report", keys, report=report, tlog_proof=proof(2, 7, note), salt=salt("report"))
    values = {
        "record_payload": claim.payload.decode(),
        "record_payload_sha256": hashlib.sha256(claim.payload).hexdigest(),
        "record_signed_sha256": hashlib.sha256(envelope.pae(PAYLOAD_TYPE, claim.payload)).hexdigest(),
        "record_keyid": record_key.keyid,
        "record_entry": entries[1].to_bytes().decode(),
        "record_leaf_hash": leaf_hash(entries[1].to_bytes()).hex(),
        "root_of_7": log.root().hex(),
        "root_of_5": log.root(5).hex(),
        "log_keys": [old_log.key.vkey, new_log.key.vkey],
        "witness_time_s": int(MOMENT.timestamp()) + 20,
        "stamped_bytes_sha256": hashlib.sha256(stamped_bytes(note)).hexdigest(),
        "stamped_time_s": stamped.time_s,
        "token_sha256": hashlib.sha256(token).hexdigest(),
    }
    files["values.json"] = json.dumps(values, indent=2, ensure_ascii=False).encode() + b"\n"
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (FOLDER / name).write_bytes(data)
    print(f"wrote {len(files)} files to {FOLDER}")


if __name__ == "__main__":
    main()
