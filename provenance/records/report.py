"""Signed audit reports: a DSSE envelope over canonical JSON, floats allowed because scores are floats."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import SignatureError
from provenance.records import canonical, envelope
from provenance.records.keys import Signer

PAYLOAD_TYPE = "application/vnd.trackmark.report+json"
MAX_REPORT_BYTES = 2 << 20


def to_payload(report: Mapping[str, Any]) -> bytes:
    """The canonical bytes (RFC 8785) of a report; raises `SignatureError` if it is not finite JSON."""
    payload = canonical.encode(dict(report), SignatureError, floats=True)
    if len(payload) > MAX_REPORT_BYTES:
        raise SignatureError(f"the report has {len(payload)} bytes; at most {MAX_REPORT_BYTES} fit")
    return payload


def from_payload(payload: bytes) -> dict[str, Any]:
    """Read what `to_payload` wrote.

    Raises:
        SignatureError: not a canonical JSON object.
    """
    value = canonical.decode(payload, SignatureError, limit=MAX_REPORT_BYTES, floats=True)
    if not isinstance(value, dict):
        raise SignatureError("the report is not a JSON object")
    return value


def sign_report(report: Mapping[str, Any], signers: Sequence[Signer]) -> envelope.Envelope:
    """Sign a report."""
    return envelope.sign(to_payload(report), PAYLOAD_TYPE, signers)
