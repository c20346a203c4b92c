"""A record as a W3C Verifiable Credential 2.0, secured as a JWT (VC-JOSE-COSE §3.1).

An export for wallets and registries that speak this format; the DSSE envelope stays the original. The issuer
is the signing key itself, as `did:key`, so that a verifier needs no look-up; it must be in the verifier's
list all the same. The credential holds the record in full, and says like the record that it is a claim.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

from core.errors import RecordError, SignatureError
from provenance.records import canonical, fields
from provenance.records.keys import ED25519, PublicKey, Signer
from provenance.records.record import OwnershipRecord

CONTEXT = "https://www.w3.org/ns/credentials/v2"
VOCABULARY = "urn:trackmark:vocabulary:v1#"
TYPE = "OwnershipClaimCredential"
MAX_BYTES = 4 << 20
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def credential(record: OwnershipRecord, key: PublicKey, *, status: str | None = None) -> dict[str, Any]:
    """The credential, not secured yet (VC Data Model 2.0 §4).

    Args:
        record: the revision to export.
        key: the key that will sign; it names the issuer.
        status: of the record today, where it is more than the record says (`disputed`, `revoked`).
    """
    subject = {
        "id": f"urn:trackmark:record:{record.record_id}",
        "type": "SoundRecording",
        "claimStatus": status or record.claim_status,
        "record": fields.to_json(record),
    }
    return {
        "@context": [CONTEXT, {"@vocab": VOCABULARY}],
        "id": f"urn:trackmark:record:{record.record_id}:revision:{record.revision}",
        "type": ["VerifiableCredential", TYPE],
        "issuer": {"id": did_key(key), "name": record.issuer.name},
        "validFrom": record.issued_at,
        "credentialSubject": subject,
        "evidence": [{"type": "SignedOwnershipRecord", "sha256": record.digest()}],
    }


def issue(record: OwnershipRecord, signer: Signer, *, status: str | None = None) -> str:
    """The credential as a signed JWT of type `vc+jwt`; EdDSA or ES256 as the key is."""
    key = signer.public_key
    value = credential(record, key, status=status)
    did = did_key(key)
    header = {
        "alg": "EdDSA" if key.algorithm == ED25519 else "ES256",
        "cty": "vc",
        "kid": f"{did}#{did.removeprefix('did:key:')}",
        "typ": "vc+jwt",
    }
    head = _segment(canonical.encode(header, RecordError))
    signed = f"{head}.{_segment(canonical.encode(value, RecordError))}"
    return f"{signed}.{_segment(signer.sign(signed.encode()))}"


def verify(token: str, keys: Iterable[PublicKey]) -> OwnershipRecord:
    """Check a credential and return the record in it.

    Args:
        token: the JWT.
        keys: the record keys that the caller trusts.

    Raises:
        SignatureError: not a credential of ours, not signed by a trusted key, or issued by another one.
        RecordError: the record in it breaks the schema.
    """
    head, payload, signature = _split(token)
    header, value = _object(head), _object(payload)
    if header.get("typ") != "vc+jwt":
        raise SignatureError("the token is not of type vc+jwt")
    issuer = value.get("issuer")
    named = issuer.get("id") if isinstance(issuer, dict) else issuer
    key = next((key for key in keys if did_key(key) == named), None)
    if key is None:
        raise SignatureError("the credential is issued by a key that is not trusted here")
    # The algorithm is the key's; what the header says of it must agree, and never decides.
    if header.get("alg") != ("EdDSA" if key.algorithm == ED25519 else "ES256"):
        raise SignatureError("the credential's header names another algorithm than its key has")
    key.verify(_bytes(signature), token.rpartition(".")[0].encode())
    subject = value.get("credentialSubject")
    if TYPE not in (value.get("type") or ()) or not isinstance(subject, dict):
        raise SignatureError(f"the credential is not of type {TYPE}")
    payload_bytes = canonical.encode(subject.get("record"), RecordError)
    return OwnershipRecord.from_payload(payload_bytes)


def did_key(key: PublicKey) -> str:
    """The key as `did:key`: multibase base58btc of the multicodec prefix and the (compressed) key."""
    if key.algorithm == ED25519:
        data = b"\xed\x01" + key.raw  # ed25519-pub
    else:
        point = key.raw  # 0x04 ‖ x ‖ y; the compressed form keeps x and the parity of y
        data = b"\x80\x24" + bytes([2 + (point[64] & 1)]) + point[1:33]  # p256-pub
    return f"did:key:z{base58(data)}"


def base58(data: bytes) -> str:
    """Bitcoin's base58.

    >>> base58(b"Hello World!")
    '2NEpo7TZRRrLZSi2U'
    """
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def _split(token: str) -> tuple[str, str, str]:
    parts = token.strip().split(".")
    if len(token) > MAX_BYTES or len(parts) != 3:
        raise SignatureError("not a JWT: three parts with dots between them are needed")
    return parts[0], parts[1], parts[2]


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(segment: str) -> bytes:
    try:
        return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError("a part of the token is not base64url") from error


def _object(segment: str) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(segment))
    except (ValueError, RecursionError) as error:
        raise SignatureError("a part of the token is not JSON") from error
    if not isinstance(value, dict):
        raise SignatureError("a part of the token is not a JSON object")
    return value
