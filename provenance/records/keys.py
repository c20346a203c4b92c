"""Signing keys: Ed25519 by default, ES256 for hardware that lacks it.

A keyid is the SHA-256 of the public key's DER SubjectPublicKeyInfo, 64 hex digits: it covers algorithm and
key, and `openssl pkey -pubin -outform DER | sha256sum` computes it too. It is only a name; trust comes
from the list of keys that the verifier brings.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from core.errors import KeyFileError, SignatureError

ED25519 = "ed25519"
ES256 = "es256"


@dataclass(frozen=True)
class PublicKey:
    """A public key that may verify; `spki` is its DER SubjectPublicKeyInfo."""

    spki: bytes

    @classmethod
    def from_pem(cls, pem: bytes) -> "PublicKey":
        """Read `-----BEGIN PUBLIC KEY-----`.

        Raises:
            KeyFileError: damaged, or neither Ed25519 nor P-256.
        """
        try:
            key = serialization.load_pem_public_key(pem)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFileError(f"not a public key in PEM: {error}") from error
        result = cls(
            key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        _ = result.algorithm  # refuses other algorithms here instead of at the first signature
        return result

    @cached_property
    def _key(self) -> ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey:
        try:
            key = serialization.load_der_public_key(self.spki)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFileError(f"not a public key in DER: {error}") from error
        if isinstance(key, ed25519.Ed25519PublicKey):
            return key
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            return key
        raise KeyFileError("the key is neither Ed25519 nor ECDSA on P-256; use one of these")

    @property
    def algorithm(self) -> str:
        """`ed25519` or `es256`; the key decides, never the signature that it checks."""
        return ED25519 if isinstance(self._key, ed25519.Ed25519PublicKey) else ES256

    @property
    def keyid(self) -> str:
        """SHA-256 of the DER SubjectPublicKeyInfo, 64 hex digits."""
        return hashlib.sha256(self.spki).hexdigest()

    @property
    def raw(self) -> bytes:
        """The 32 bytes of an Ed25519 key, or the uncompressed point of a P-256 key."""
        if isinstance(self._key, ed25519.Ed25519PublicKey):
            return self._key.public_bytes_raw()
        return self._key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    @property
    def pem(self) -> bytes:
        """The key as `-----BEGIN PUBLIC KEY-----`."""
        return self._key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check a signature; ES256 ones are the 64 bytes r ‖ s (as in JWS, RFC 7518 §3.4).

        Raises:
            SignatureError: it does not verify.
        """
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, message)
            else:
                self._key.verify(_to_der(signature), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise SignatureError(f"the signature by key {self.keyid[:16]} does not verify") from error


class Signer(Protocol):
    """Whoever holds a private key: a file, an environment, a hardware module."""

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies what `sign` returns."""
        ...

    @property
    def keyid(self) -> str:
        """Name of the key."""
        ...

    @property
    def algorithm(self) -> str:
        """`ed25519` or `es256`."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign a message: 64 bytes in both algorithms."""
        ...


class Ed25519Signer:
    """A private Ed25519 key in memory (RFC 8032)."""

    def __init__(self, private_key: ed25519.Ed25519PrivateKey) -> None:
        self._private_key = private_key
        spki = private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public_key = PublicKey(spki)
        self.keyid = self.public_key.keyid
        self.algorithm = ED25519

    @classmethod
    def generate(cls) -> "Ed25519Signer":
        """Draw a new key."""
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes | None = None) -> "Ed25519Signer":
        """Read a PKCS#8 key; raises `KeyFileError` (damaged, wrong passphrase, another algorithm)."""
        signer = load_signer(pem, passphrase)
        if not isinstance(signer, cls):
            raise KeyFileError("the file holds an ES256 key; an Ed25519 key is needed here")
        return signer

    def to_pem(self, passphrase: bytes | None = None) -> bytes:
        """Write PKCS#8 in PEM, encrypted if a passphrase is given."""
        return self._private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, _encryption(passphrase)
        )

    def sign(self, message: bytes) -> bytes:
        """Sign a message: 64 bytes."""
        return self._private_key.sign(message)


class Es256Signer:
    """A private P-256 key in memory; nonces are derived from key and message (RFC 6979)."""

    def __init__(self, private_key: ec.EllipticCurvePrivateKey) -> None:
        self._private_key = private_key
        spki = private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public_key = PublicKey(spki)
        self.keyid = self.public_key.keyid
        self.algorithm = self.public_key.algorithm

    @classmethod
    def generate(cls) -> "Es256Signer":
        """Draw a new key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes, passphrase: bytes | None = None) -> "Es256Signer":
        """Read a PKCS#8 key; raises `KeyFileError` (damaged, wrong passphrase, another algorithm)."""
        signer = load_signer(pem, passphrase)
        if not isinstance(signer, cls):
            raise KeyFileError("the file holds an Ed25519 key; an ES256 key is needed here")
        return signer

    def to_pem(self, passphrase: bytes | None = None) -> bytes:
        """Write PKCS#8 in PEM, encrypted if a passphrase is given."""
        return self._private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, _encryption(passphrase)
        )

    def sign(self, message: bytes) -> bytes:
        """Sign a message: the 64 bytes r ‖ s."""
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = utils.decode_dss_signature(self._private_key.sign(message, algorithm))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def load_signer(pem: bytes, passphrase: bytes | None = None) -> Ed25519Signer | Es256Signer:
    """Read a PKCS#8 private key of either algorithm.

    Raises:
        KeyFileError: damaged, a passphrase is missing or wrong, or another algorithm.
    """
    try:
        key = serialization.load_pem_private_key(pem, passphrase)
    except TypeError as error:
        hint = "it is encrypted; give the passphrase" if passphrase is None else "it is not encrypted"
        raise KeyFileError(f"cannot open the private key: {hint}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError("cannot open the private key: damaged file or wrong passphrase") from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return Ed25519Signer(key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return Es256Signer(key)
    raise KeyFileError("the private key is neither Ed25519 nor ECDSA on P-256")


def _encryption(passphrase: bytes | None) -> serialization.KeySerializationEncryption:
    if passphrase is None:
        return serialization.NoEncryption()
    if not passphrase:
        raise KeyFileError("the passphrase is empty; give one or none at all")
    return serialization.BestAvailableEncryption(passphrase)


def _to_der(signature: bytes) -> bytes:
    if len(signature) != 64:
        raise InvalidSignature
    return utils.encode_dss_signature(
        int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    )
