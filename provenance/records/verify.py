"""The offline verifier: records and reports, years later, without us and without a network.

Every function returns what it verified or raises; nothing returns a boolean. Dependencies: `cryptography`
and `rfc8785`. `python -m provenance.records.verify FOLDER` checks a folder of files and explains each step.
"""

from dataclasses import dataclass
from typing import Any

from core.errors import ProofError, SignatureError
from provenance.records import record, report
from provenance.records.envelope import Envelope, opened
from provenance.records.keylife import VALID
from provenance.records.keys import PublicKey
from provenance.records.logged import LoggedAt, in_their_life, verify_logged
from provenance.records.record import OwnershipRecord
from provenance.records.trust import TrustedKeys


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
    """A report whose signature, and log entry if a proof was given, were checked.

    Attributes:
        payload_type: what it is about, one of `report.KINDS`.
    """

    report: dict[str, Any]
    payload: bytes
    payload_type: str
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
    payload, accepted = _open(envelope, keys.record, record.PAYLOAD_TYPE)
    read = OwnershipRecord.from_payload(payload)
    signed = tuple(key.keyid for key in accepted)
    logged = None
    if tlog_proof is not None:
        logged = verify_logged(payload, signed, keys, tlog_proof, salt, witnesses)
        entry = logged.entry
        if entry.type not in ("register", "amend", "transfer"):
            raise ProofError(f"the log entry is a {entry.type} event, not a record")
        if (entry.record_id, entry.revision) != (read.record_id, read.revision):
            raise ProofError("the log entry is of another record or revision")
    keyids, status = in_their_life(signed, keys, logged)
    if read.issuer.keyid is not None and read.issuer.keyid not in keyids:
        raise SignatureError(
            f"the record names key {read.issuer.keyid[:16]} as its issuer's, but that key did not sign it"
        )
    return VerifiedRecord(read, payload, keyids, logged, status)


def verify_report(
    envelope: Envelope | bytes,
    keys: TrustedKeys,
    tlog_proof: str | None = None,
    salt: bytes | None = None,
    *,
    witnesses: int = 0,
) -> VerifiedReport:
    """Check a signed report of any kind; arguments and errors as in `verify_record`."""
    parsed = _parsed(envelope)
    kind = parsed.payload_type if parsed.payload_type in report.KINDS else report.PAYLOAD_TYPE
    payload, accepted = _open(parsed, keys.report, kind)
    read = report.from_payload(payload)
    signed = tuple(key.keyid for key in accepted)
    logged = None
    if tlog_proof is not None:
        logged = verify_logged(payload, signed, keys, tlog_proof, salt, witnesses)
        if logged.entry.type != "detector.report":
            raise ProofError(f"the log entry is a {logged.entry.type} event, not a report")
    keyids, status = in_their_life(signed, keys, logged)
    return VerifiedReport(read, payload, kind, keyids, logged, status)


def _parsed(envelope: Envelope | bytes) -> Envelope:
    return Envelope.from_json(envelope) if isinstance(envelope, bytes) else envelope


def _open(
    envelope: Envelope | bytes, trusted: tuple[PublicKey, ...], payload_type: str
) -> tuple[bytes, tuple[PublicKey, ...]]:
    return opened(_parsed(envelope), trusted, payload_type=payload_type)


if __name__ == "__main__":
    import sys

    from provenance.records.folder import main

    sys.exit(main(sys.argv[1:]))
