"""Keys: files that open only with their passphrase, and signatures that hold only for their message."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from core.errors import KeyFileError, SignatureError
from provenance.records.keys import Ed25519Signer, Es256Signer, PublicKey, load_signer

KINDS = [Ed25519Signer, Es256Signer]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_a_key_survives_its_file(
    kind: type[Ed25519Signer] | type[Es256Signer], passphrase: bytes | None
) -> None:
    signer = kind.generate()
    pem = signer.to_pem(passphrase)
    assert pem.startswith(b"-----BEGIN ENCRYPTED" if passphrase else b"-----BEGIN PRIVATE")
    again = kind.from_pem(pem, passphrase)
    assert again.keyid == signer.keyid
    signature = again.sign(b"message")
    assert len(signature) == 64
    signer.public_key.verify(signature, b"message")


@pytest.mark.parametrize("kind", KINDS)
def test_a_locked_or_damaged_file_is_refused(kind: type[Ed25519Signer] | type[Es256Signer]) -> None:
    locked, plain = kind.generate().to_pem(b"secret"), kind.generate().to_pem()
    for pem, passphrase in (
        (locked, None),
        (locked, b"wrong"),
        (plain, b"superfluous"),
        (b"", None),
        (plain[:60], None),
        (plain.replace(b"PRIVATE", b"PUBLIC"), None),
    ):
        with pytest.raises(KeyFileError):
            load_signer(pem, passphrase)
    with pytest.raises(KeyFileError, match="empty"):
        kind.generate().to_pem(b"")


def test_a_key_of_the_other_kind_is_refused() -> None:
    with pytest.raises(KeyFileError, match="Ed25519"):
        Ed25519Signer.from_pem(Es256Signer.generate().to_pem())
    with pytest.raises(KeyFileError, match="ES256"):
        Es256Signer.from_pem(Ed25519Signer.generate().to_pem())


@pytest.mark.parametrize(
    "private", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)]
)
def test_other_algorithms_are_refused(private: PrivateKeyTypes) -> None:
    pem = private.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
    with pytest.raises(KeyFileError):
        load_signer(pem)
    public = private.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(KeyFileError):
        PublicKey.from_pem(public)


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_holds_for_its_message_and_key_only(
    kind: type[Ed25519Signer] | type[Es256Signer],
) -> None:
    signer, other = kind.generate(), kind.generate()
    signature = signer.sign(b"message")
    key = PublicKey.from_pem(signer.public_key.pem)
    assert key == signer.public_key
    key.verify(signature, b"message")
    bad = [signature[:-1], b"", bytes(64), signature + b"\0", b"\xff" * 64]
    bad += [bytes([signature[0] ^ 1]) + signature[1:]]
    for broken in bad:
        with pytest.raises(SignatureError):
            key.verify(broken, b"message")
    with pytest.raises(SignatureError):
        key.verify(signature, b"massage")
    with pytest.raises(SignatureError):
        other.public_key.verify(signature, b"message")


@pytest.mark.parametrize("kind", KINDS)
def test_the_keyid_is_the_hash_of_the_der_key(
    kind: type[Ed25519Signer] | type[Es256Signer], tmp_path: Path
) -> None:
    key = kind.generate().public_key
    body = b"".join(line for line in key.pem.splitlines() if not line.startswith(b"-"))
    der = base64.b64decode(body)
    assert key.keyid == hashlib.sha256(der).hexdigest()


def test_es256_signatures_are_deterministic() -> None:
    signer = Es256Signer.generate()
    assert signer.sign(b"m") == signer.sign(b"m")
