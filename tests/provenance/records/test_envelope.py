"""DSSE envelopes: the specification's vector, and everything that must not verify."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SignatureError
from provenance.records.envelope import Envelope, Signature, accepted_keys, pae, sign, verify
from provenance.records.keys import Ed25519Signer, Es256Signer, PublicKey

# secure-systems-lab/dsse, protocol.md, "Test Vectors" (ECDSA P-256, RFC 6979 nonces, raw r and s).
VECTOR_TYPE = "http://example.com/HelloWorld"
VECTOR_D = 97358161215184420915383655311931858321456579547487070936769975997791359926199
VECTOR_X = 46950820868899156662930047687818585632848591499744589407958293238635476079160
VECTOR_SIG = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
VECTOR = {"payload": "aGVsbG8gd29ybGQ=", "payloadType": VECTOR_TYPE, "signatures": [{"sig": VECTOR_SIG}]}

TYPE = "application/vnd.example+json"
SIGNER = Ed25519Signer.generate()
OTHER = Es256Signer.generate()


def test_the_specification_s_vector() -> None:
    private = ec.derive_private_key(VECTOR_D, ec.SECP256R1())
    assert private.public_key().public_numbers().x == VECTOR_X
    signer = Es256Signer(private)
    assert pae(VECTOR_TYPE, b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert base64.b64encode(signer.sign(pae(VECTOR_TYPE, b"hello world"))).decode() == VECTOR_SIG
    envelope = Envelope.from_json(json.dumps(VECTOR).encode())
    assert verify(envelope, [signer.public_key], payload_type=VECTOR_TYPE) == b"hello world"


def test_pae_counts_bytes_not_characters() -> None:
    assert pae("é", "ü".encode()) == b"DSSEv1 2 \xc3\xa9 2 \xc3\xbc"


@given(st.binary(max_size=300), st.text(max_size=20).filter(lambda t: t.isprintable()))
@settings(max_examples=40)
def test_an_envelope_survives_json(payload: bytes, payload_type: str) -> None:
    envelope = sign(payload, payload_type, [SIGNER, OTHER])
    again = Envelope.from_json(envelope.to_json())
    assert again == envelope
    assert verify(again, [SIGNER.public_key], payload_type=payload_type) == payload


def test_url_safe_base64_is_accepted() -> None:
    envelope = sign(b"\xfb\xff\xfe" * 9, TYPE, [SIGNER])
    payload = base64.urlsafe_b64encode(envelope.payload).decode()
    value = json.loads(envelope.to_json()) | {"payload": payload}
    assert "_" in payload or "-" in payload
    value["signatures"][0]["sig"] = base64.urlsafe_b64encode(envelope.signatures[0].sig).decode()
    assert verify(Envelope.from_json(json.dumps(value).encode()), [SIGNER.public_key]) == envelope.payload


def test_every_bit_of_payload_type_and_signature_counts() -> None:
    envelope = sign(b"payload", TYPE, [SIGNER])
    sig = envelope.signatures[0].sig
    for bit in range(len(sig) * 8):
        bad = bytes(byte ^ (1 << bit % 8) if i == bit // 8 else byte for i, byte in enumerate(sig))
        with pytest.raises(SignatureError):
            verify(Envelope(b"payload", TYPE, (Signature(SIGNER.keyid, bad),)), [SIGNER.public_key])
    for payload, kind in ((b"payloae", TYPE), (b"payload", TYPE + "x"), (b"", TYPE), (b"payload ", TYPE)):
        with pytest.raises(SignatureError):
            verify(Envelope(payload, kind, envelope.signatures), [SIGNER.public_key])


def test_only_keys_that_the_caller_trusts_count() -> None:
    envelope = sign(b"p", TYPE, [SIGNER])
    for keys in ([], [OTHER.public_key], [Ed25519Signer.generate().public_key]):
        with pytest.raises(SignatureError, match="needed signatures"):
            verify(envelope, keys)
    renamed = Envelope(b"p", TYPE, (Signature(OTHER.keyid, envelope.signatures[0].sig),))
    with pytest.raises(SignatureError):
        verify(renamed, [SIGNER.public_key, OTHER.public_key])


def test_a_change_is_told_from_a_key_that_nobody_here_knows() -> None:
    """A forged copy was told as one with too few signatures."""
    envelope = sign(b"p", TYPE, [SIGNER])
    with pytest.raises(SignatureError, match="was changed after it was signed"):
        verify(Envelope(b"q", TYPE, envelope.signatures), [OTHER.public_key, SIGNER.public_key])
    with pytest.raises(SignatureError, match="cannot be told") as unknown:
        verify(envelope, [OTHER.public_key])
    assert "was changed after" not in str(unknown.value)


def test_the_wrong_type_is_refused_although_the_signature_holds() -> None:
    with pytest.raises(SignatureError, match="of type"):
        verify(sign(b"p", TYPE, [SIGNER]), [SIGNER.public_key], payload_type="application/vnd.other+json")


def test_a_threshold_counts_keys_not_signatures() -> None:
    twice = sign(b"p", TYPE, [SIGNER, SIGNER])
    with pytest.raises(SignatureError, match="1 of 2"):
        verify(twice, [SIGNER.public_key, PublicKey.from_pem(SIGNER.public_key.pem)], threshold=2)
    both = sign(b"p", TYPE, [SIGNER, OTHER])
    assert verify(both, [SIGNER.public_key, OTHER.public_key], threshold=2) == b"p"
    assert len(accepted_keys(both, [SIGNER.public_key, OTHER.public_key])) == 2
    with pytest.raises(ValueError, match="at least 1"):
        verify(Envelope(b"p", TYPE, ()), [SIGNER.public_key], threshold=0)


def test_an_envelope_without_signatures_never_verifies() -> None:
    with pytest.raises(SignatureError):
        verify(Envelope(b"p", TYPE, ()), [SIGNER.public_key])
    with pytest.raises(SignatureError, match="no signer"):
        sign(b"p", TYPE, [])


GOOD = json.loads(sign(b"p", TYPE, [SIGNER]).to_json())


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        GOOD | {"payload": 5},
        GOOD | {"payload": "*"},
        GOOD | {"payload": "cA"},
        GOOD | {"payloadType": None},
        GOOD | {"signatures": {}},
        GOOD | {"signatures": [1]},
        GOOD | {"signatures": [{"keyid": 5, "sig": "AA=="}]},
        GOOD | {"signatures": [{"keyid": "a"}]},
        GOOD | {"signatures": GOOD["signatures"] * 17},
    ],
)
def test_malformed_envelopes_are_refused(value: object) -> None:
    with pytest.raises(SignatureError):
        Envelope.from_json(json.dumps(value).encode())


@given(st.binary(max_size=200))
@settings(max_examples=60)
def test_hostile_bytes_raise_nothing_but_signature_errors(data: bytes) -> None:
    with pytest.raises(SignatureError):
        Envelope.from_json(data)


def test_a_payload_given_twice_is_refused() -> None:
    text = json.dumps(GOOD)[:-1] + ',"payload":"cQ=="}'
    with pytest.raises(SignatureError, match="twice"):
        Envelope.from_json(text.encode())
