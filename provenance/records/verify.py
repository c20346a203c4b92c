"""The offline verifier: records and reports, years later, without us and without a network.

Every function returns what it verified or raises; nothing returns a boolean. Dependencies: `cryptography`
and `rfc8785`. `python -m provenance.records.verify FOLDER` checks a folder of files and explains each step.
"""

from dataclasses import dataclass, replace
from typing import Any

from core.errors import ProofError, SignatureError
from provenance.records import envelope as dsse
from provenance.records import record as ownership
from provenance.records import report as reports
from provenance.records.checkpoint import TlogProof, VerifiedCheckpoint, verify_tlog_proof
from provenance.records.envelope import Envelope
from provenance.records.keylife import BEFORE_COMPROMISE, UNDATED, VALID, Seen
from provenance.records.keys import PublicKey
from provenance.records.log import LogEntry, commit
from provenance.records.note import PLAIN
from provenance.records.record import OwnershipRecord
from provenance.records.trust import TrustedKeys


@dataclass(frozen=True)
class LoggedAt:
    """Where a log entry stands, and the checkpoint that vouches for it."""

    entry: LogEntry
    index: int
    verified: VerifiedCheckpoint


@dataclass(frozen=True)
class VerifiedRecord:
    """A record whose signature, and log entry if a proof was given, were checked.

    Verified means: the holder of these keys claimed this, at the latest when the checkpoint was made. It
    does not mean that the claim is true (`record.claim_status`).
    """

    record: OwnershipRecord
    payload: bytes
    keyids: tuple[str, ...]
    logged: LoggedAt | None
    key_status: str = VALID


@dataclass(frozen=True)
class VerifiedReport:
    """A report whose signature, and log entry if a proof was given, were checked."""

    report: dict[str, Any]
    payload: bytes
    keyids: tuple[str, ...]
    logged: LoggedAt | None
    key_status: str = VALID


def verify_record(
    envelope: Envelope | bytes,
    keys: TrustedKeys,
    tlog_proof: str | None = None,
    salt: bytes | None = None,
    *,
    witnesses: int = 0,
) -> VerifiedRecord:
    """Check a signed ownership record.

    Args:
        envelope: the DSSE envelope, parsed or as JSON.
        keys: what the caller trusts.
        tlog_proof: text of the proof file; None leaves the log unchecked.
        salt: the 32 bytes that open the log entry's commitment; needed with a proof.
        witnesses: how many trusted witnesses must have co-signed the checkpoint.

    Raises:
        SignatureError: no trusted record key signed it during its life, or the checkpoint is not signed as
            needed.
        RecordError: the signed bytes break the schema.
        ProofError: the record is not the one in the log, or not in it at all.
    """
    payload, accepted = _open(envelope, keys.record, ownership.PAYLOAD_TYPE)
    record = OwnershipRecord.from_payload(payload)
    signed = tuple(key.keyid for key in accepted)
    logged = None
    if tlog_proof is not None:
        logged = verify_logged(payload, signed, keys, tlog_proof, salt, witnesses)
        entry = logged.entry
        if entry.type not in ("register", "amend", "transfer"):
            raise ProofError(f"the log entry is a {entry.type} event, not a record")
        if (entry.record_id, entry.revision) != (record.record_id, record.revision):
            raise ProofError("the log entry is of another record or revision")
    keyids, status = in_their_life(signed, keys, logged)
    if record.issuer.keyid is not None and record.issuer.keyid not in keyids:
        raise SignatureError(
            f"the record names key {record.issuer.keyid[:16]} as its issuer's, but that key did not sign it"
        )
    return VerifiedRecord(record, payload, keyids, logged, status)


def verify_report(
    envelope: Envelope | bytes,
    keys: TrustedKeys,
    tlog_proof: str | None = None,
    salt: bytes | None = None,
    *,
    witnesses: int = 0,
) -> VerifiedReport:
    """Check a signed audit report; arguments and errors as in `verify_record`."""
    payload, accepted = _open(envelope, keys.report, reports.PAYLOAD_TYPE)
    report = reports.from_payload(payload)
    signed = tuple(key.keyid for key in accepted)
    logged = None
    if tlog_proof is not None:
        logged = verify_logged(payload, signed, keys, tlog_proof, salt, witnesses)
        if logged.entry.type != "detector.report":
            raise ProofError(f"the log entry is a {logged.entry.type} event, not a report")
    keyids, status = in_their_life(signed, keys, logged)
    return VerifiedReport(report, payload, keyids, logged, status)


def _open(
    envelope: Envelope | bytes, trusted: tuple[PublicKey, ...], payload_type: str
) -> tuple[bytes, tuple[PublicKey, ...]]:
    parsed = Envelope.from_json(envelope) if isinstance(envelope, bytes) else envelope
    return dsse.opened(parsed, trusted, payload_type=payload_type)


def verify_logged(
    payload: bytes, keyids: tuple[str, ...], keys: TrustedKeys, text: str, salt: bytes | None, witnesses: int
) -> LoggedAt:
    """Check that a payload signed by these keys is the one that a log entry commits to.

    Raises:
        SignatureError: the checkpoint is not signed as needed, or by a log key outside its life.
        ProofError: the entry is not in the log, or is of another payload or signer.
    """
    proof = TlogProof.from_text(text)
    if proof.extra is None:
        raise ProofError("the proof file does not carry the log entry in its extra line")
    if salt is None:
        raise ProofError("the salt is missing; without it the log entry cannot be tied to the payload")
    verified = verify_tlog_proof(text, proof.extra, keys.log, witnesses=witnesses, roots=keys.tsa)
    judge_log(verified, keys)
    entry = LogEntry.from_bytes(proof.extra)
    if entry.commitment != commit(salt, payload):
        raise ProofError("the log entry commits to another payload (or this is not its salt)")
    if entry.keyid not in keyids:
        raise ProofError("the log entry names a key that did not sign this payload")
    return LoggedAt(entry, proof.index, verified)


def in_their_life(
    keyids: tuple[str, ...], keys: TrustedKeys, logged: LoggedAt | None
) -> tuple[tuple[str, ...], str]:
    """The keys among `keyids` whose signature falls into their life, and the best status among them.

    Raises:
        SignatureError: none does.
    """
    good: dict[str, str] = {}
    problem = SignatureError("no key was given")
    for keyid in keyids:
        try:
            good[keyid] = keys.judge(keyid, _seen(logged))
        except SignatureError as error:
            problem = error
    if not good:
        raise problem
    best = min(good.values(), key=(VALID, BEFORE_COMPROMISE, UNDATED).index)
    return tuple(good), best


def _seen(logged: LoggedAt | None) -> Seen:
    if logged is None:
        return Seen()
    return replace(_independent(logged.verified), index=logged.index)


def _independent(verified: VerifiedCheckpoint) -> Seen:
    return Seen(verified.earliest_s)


def judge_log(verified: VerifiedCheckpoint, keys: TrustedKeys) -> None:
    """Refuse checkpoints that no log key signed during its life; its own order of entries is no evidence.

    What a retired key vouches for has an end: the log of its last day, and no longer one.

    Raises:
        SignatureError: no key did.
    """
    problem = SignatureError("no key of the log signed the checkpoint")
    for key in verified.note.signers:
        if key.kind != PLAIN or key.name != verified.checkpoint.origin:
            continue
        try:
            last = keys.last_size(key.keyid)
            if last is not None and verified.checkpoint.size > last:
                raise SignatureError(
                    f"log key {key.keyid[:16]} ended when the log had {last} entries; this checkpoint has "
                    f"{verified.checkpoint.size}"
                )
            keys.judge(key.keyid, _independent(verified))
        except SignatureError as error:
            problem = error
        else:
            return
    raise problem


if __name__ == "__main__":
    import sys

    from provenance.records.folder import main

    sys.exit(main(sys.argv[1:]))
