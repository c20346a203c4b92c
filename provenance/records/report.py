"""Signed reports: a DSSE envelope over canonical JSON, floats allowed because scores are floats.

The payload type says what a report is about, so that none of one kind can be read as one of another.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import SignatureError
from provenance.records import canonical, envelope
from provenance.records.keys import Signer

PAYLOAD_TYPE = "application/vnd.trackmark.report+json"
"""Of the report of an audit."""
COMPARISON_TYPE = "application/vnd.trackmark.comparison-report+json"
"""Of the report of a comparison of two files."""
KINDS = {PAYLOAD_TYPE: "report", COMPARISON_TYPE: "report of a comparison of two files"}
"""What each is called."""
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


def sign_report(
    report: Mapping[str, Any], signers: Sequence[Signer], payload_type: str = PAYLOAD_TYPE
) -> envelope.Envelope:
    """Sign a report of one of the `KINDS`."""
    return envelope.sign(to_payload(report), payload_type, signers)
