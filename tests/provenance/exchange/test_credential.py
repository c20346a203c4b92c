"""Verifiable credentials: what is issued verifies, and nothing else does."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from core.errors import SignatureError, TrackmarkError
from provenance.exchange.credential import CONTEXT, base58, credential, did_key, issue, verify
from provenance.records import keys
from provenance.records.keys import Ed25519Signer, PublicKey
from provenance.records.record import OwnershipRecord
from tests.provenance.records.samples import full, small

SIGNER = Ed25519Signer.generate()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, payload, _ = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(head), json.loads(payload)


@pytest.mark.parametrize("record", [small(), full()], ids=["small", "full"])
def test_a_credential_gives_back_the_record(record: OwnershipRecord) -> None:
    assert verify(issue(record, SIGNER), [SIGNER.public_key]) == record


def test_its_form_is_that_of_the_data_model() -> None:
    header, value = parts(issue(full(), SIGNER, status="disputed"))
    assert header["typ"] == "vc+jwt"
    assert header["alg"] == "EdDSA"
    assert header["kid"].startswith(value["issuer"]["id"] + "#z6Mk")
    assert value["@context"][0] == CONTEXT
    assert value["type"][0] == "VerifiableCredential"
    assert value["credentialSubject"]["claimStatus"] == "disputed"
    assert value["evidence"][0]["sha256"] == full().digest()
    assert not {"iat", "nbf", "vc", "vp"} & set(value)


def test_the_key_names_itself_as_the_did_key_method_writes_it() -> None:
    # Test vector of the did:key method specification, §Ed25519.
    raw = bytes.fromhex("2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6")
    spki = bytes.fromhex("302a300506032b6570032100") + raw
    assert did_key(PublicKey(spki)) == "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    assert base58(b"\0\0\x28\x7f\xb4\xcd") == "11233QC4"


def test_another_key_is_not_trusted() -> None:
    with pytest.raises(SignatureError, match="not trusted"):
        verify(issue(small(), SIGNER), [Ed25519Signer.generate().public_key])


def test_every_changed_part_is_refused() -> None:
    token = issue(small(), SIGNER)
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(TrackmarkError):
            verify(token[:place] + other + token[place + 1 :], [SIGNER.public_key])


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256"])
def test_the_header_cannot_choose_the_algorithm(alg: str) -> None:
    value = credential(small(), SIGNER.public_key)
    segments = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": alg, "typ": "vc+jwt"}, value)
    ]
    signed = ".".join(segments)
    signature = base64.urlsafe_b64encode(SIGNER.sign(signed.encode())).rstrip(b"=").decode()
    with pytest.raises(SignatureError, match="algorithm"):
        verify(f"{signed}.{signature}", [SIGNER.public_key])


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "....", "e30.e30.e30", "W10.W10.", "é.é.é"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(SignatureError):
        verify(token, [SIGNER.public_key])


def test_keys_on_p256_work_too() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    from cryptography.hazmat.primitives import serialization as ser

    pem = private.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)

    class Signer:
        public_key = PublicKey.from_pem(pem)
        keyid = public_key.keyid
        algorithm = keys.ES256

        def sign(self, message: bytes) -> bytes:
            from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

            r, s = decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    token = issue(small(), Signer())
    header, value = parts(token)
    assert header["alg"] == "ES256"
    assert value["issuer"]["id"].startswith("did:key:zDn")  # every compressed P-256 key starts so
    assert verify(token, [Signer.public_key]) == small()
