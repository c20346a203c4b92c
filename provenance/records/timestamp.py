"""RFC 3161 time-stamp tokens: an authority's signed word that some bytes existed at a time.

The token is bound to its certificate by signing-certificate-v2 (RFC 5035, RFC 5816) and checked from its
bytes, with nothing but `cryptography` for the signatures, so that it can be checked in ten years.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from provenance.records.authorities import check_chain, check_stamper, key_of
from provenance.records.timestamp_token import Signer, TimestampError, Token, names_of, parse_token

__all__ = ["StampedTime", "TimestampError", "Token", "parse_token", "verify_token"]

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_SIGNATURES = {  # object identifier: kind of key, digest; None where the signer's digest is meant
    "1.2.840.113549.1.1.1": ("RSA", None),
    "1.2.840.113549.1.1.11": ("RSA", "sha256"),
    "1.2.840.113549.1.1.12": ("RSA", "sha384"),
    "1.2.840.113549.1.1.13": ("RSA", "sha512"),
    "1.2.840.10045.4.3.2": ("ECDSA", "sha256"),
    "1.2.840.10045.4.3.3": ("ECDSA", "sha384"),
    "1.2.840.10045.4.3.4": ("ECDSA", "sha512"),
    "1.3.101.112": ("Ed25519", None),
}


@dataclass(frozen=True)
class StampedTime:
    """What a verified token says: it existed no later than `time_s`, by the clock of `authority`.

    Attributes:
        time_s: POSIX seconds: `genTime` plus the accuracy that the authority claims, rounded up.
        authority: subject of its certificate (RFC 4514).
        policy: under which it was stamped, an object identifier.
        serial: the token's number.
        root: subject of the trusted certificate that its chain leads to.
    """

    time_s: int
    authority: str
    policy: str
    serial: int
    root: str


def verify_token(
    token: bytes | Token, message: bytes, roots: Iterable[x509.Certificate], *, nonce: int | None = None
) -> StampedTime:
    """Check that a trusted authority stamped a message.

    Args:
        token: the TimeStampToken in DER, or what `parse_token` made of it.
        message: the bytes that were stamped.
        roots: certificates of the authorities that the caller trusts.
        nonce: the number of the request, where the caller still knows it.

    Raises:
        DerError, TimestampError: not such a token, of other bytes, or not signed.
        UntrustedAuthority: signed by somebody who leads to none of the roots, or may not stamp.
    """
    parsed = parse_token(token) if isinstance(token, bytes) else token
    if parsed.imprint != hashlib.sha256(message).digest():
        raise TimestampError("the token stamps something else")
    if nonce is not None and parsed.nonce != nonce:
        raise TimestampError("the token answers another request: the nonce differs")
    signer = parsed.signer
    if signer.message_digest != hashlib.new(signer.digest, parsed.info).digest():
        raise TimestampError("the token's content is not what its signer signed")
    certificate = _certificate_of(parsed)
    _check_signature(certificate, signer)
    check_stamper(certificate)
    root = check_chain(certificate, parsed.certificates, roots, parsed.time)[-1]
    latest = parsed.time + parsed.accuracy
    time_s = int(latest.timestamp()) + bool(latest.microsecond)
    names = certificate.subject.rfc4514_string(), root.subject.rfc4514_string()
    return StampedTime(time_s, names[0], parsed.policy, parsed.serial, names[1])


def _certificate_of(token: Token) -> x509.Certificate:
    """The certificate that the signed attributes name by hash, and the signer by issuer and number."""
    signer = token.signer
    name, wanted = signer.certificate_hash
    for certificate in token.certificates:
        if hashlib.new(name, certificate.public_bytes(serialization.Encoding.DER)).digest() == wanted:
            if names_of(certificate) != (signer.issuer, signer.serial):
                raise TimestampError("the token is signed under the name of another certificate")
            return certificate
    raise TimestampError("the token does not carry the certificate that its signer named by hash")


def _check_signature(certificate: x509.Certificate, signer: Signer) -> None:
    kind, digest = _SIGNATURES.get(signer.algorithm, ("unknown", None))
    if digest not in (None, signer.digest):
        raise TimestampError("the signature's digest is not the one that the signer names")
    key, hash_ = key_of(certificate), _HASHES[signer.digest]
    try:
        if kind == "RSA" and isinstance(key, rsa.RSAPublicKey):
            key.verify(signer.signature, signer.signed, padding.PKCS1v15(), hash_)
        elif kind == "ECDSA" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signer.signature, signer.signed, ec.ECDSA(hash_))
        elif kind == "Ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signer.signature, signer.signed)
        else:
            raise TimestampError(f"the signature is of another kind ({signer.algorithm}) than the key")
    except InvalidSignature as error:
        raise TimestampError("the signature of the token does not verify") from error
