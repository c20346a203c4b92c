"""Certificates of time-stamp authorities: who may stamp, and the chain to a root that the caller trusts.

A chain is judged at the time of the token, not today: a certificate that has expired since was good then.
Revocation lists are not read; whoever hears that an authority was broken into takes its root off the list.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from core.errors import KeyFileError, VerificationError
from provenance.records import der

MAX_CHAIN = 6
MIN_RSA_BITS = 2048
_UNDERSTOOD = (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage)
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
Extension = TypeVar("Extension", bound=x509.ExtensionType)
PublicKeyOfCertificate = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class UntrustedAuthority(VerificationError):
    """The certificate of a token does not lead to a trusted root, or may not stamp times."""


def read_roots(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read one or more certificates in PEM; raises `KeyFileError`."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise KeyFileError(f"not certificates in PEM: {error}") from error


def read_certificate(data: bytes) -> x509.Certificate:
    """Read one certificate in DER; raises `DerError`, `UntrustedAuthority`."""
    outer = der.parse(data, der.SEQUENCE, "a certificate").fields()
    certified = outer.take(der.SEQUENCE, "the certified data").fields()
    certified.optional(0xA0)
    if certified.take(der.INTEGER, "the certificate's number").integer() <= 0:
        raise UntrustedAuthority("the number of a certificate is not positive (RFC 5280 §4.1.2.2)")
    outer.take(der.SEQUENCE, "the certificate's algorithm")
    if outer.take(der.BIT_STRING, "the certificate's signature").content[:1] != b"\0":
        raise UntrustedAuthority("the signature of a certificate is not of whole bytes")
    outer.end("a certificate")
    try:
        certificate = x509.load_der_x509_certificate(data)
        _ = certificate.extensions, certificate.public_key()
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion) as error:
        raise UntrustedAuthority(f"a certificate in the token is malformed: {error}") from error
    return certificate


def to_pem(certificate: x509.Certificate) -> str:
    """A certificate as `-----BEGIN CERTIFICATE-----`."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_of(certificate: x509.Certificate) -> PublicKeyOfCertificate:
    """The public key of a certificate, if it is of a kind and size that is still believed.

    Raises:
        UntrustedAuthority: another algorithm, or an RSA key below 2048 bits.
    """
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UntrustedAuthority(f"the key of a certificate cannot be read: {error}") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(
        key.curve, ec.SECP256R1 | ec.SECP384R1 | ec.SECP521R1
    ):
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    raise UntrustedAuthority(
        f"the key of {_name(certificate)} is neither RSA of 2048 bits, nor ECDSA, nor Ed25519"
    )


def check_stamper(certificate: x509.Certificate) -> None:
    """Refuse a certificate that may not sign time stamps (RFC 3161 §2.3).

    Raises:
        UntrustedAuthority: the extended key usage is not exactly timeStamping, or is not critical.
    """
    name = _name(certificate)
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound as error:
        raise UntrustedAuthority(f"the certificate of {name} names no extended key usage") from error
    if list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise UntrustedAuthority(f"the certificate of {name} is not for time stamping alone")
    if not usage.critical:
        raise UntrustedAuthority(f"the extended key usage of {name} is not critical (RFC 3161 §2.3)")
    use = _extension(certificate, x509.KeyUsage)
    if use is not None and not (use.digital_signature or use.content_commitment):
        raise UntrustedAuthority(f"the certificate of {name} may not sign data")


def check_chain(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Iterable[x509.Certificate],
    moment: datetime,
) -> tuple[x509.Certificate, ...]:
    """Find the chain from a certificate to a trusted root, each good at a moment (RFC 5280 §6.1, in part).

    Args:
        leaf: the stamper's certificate.
        others: certificates that came with it, in any order.
        roots: those that the caller trusts.
        moment: the time of the token, with its time zone.

    Returns:
        From `leaf` to the root.

    Raises:
        UntrustedAuthority: there is none.
    """
    anchors = tuple(roots)
    chain = [leaf]
    while len(chain) <= MAX_CHAIN:
        last = chain[-1]
        _check_use(last, moment, depth=len(chain) - 1)
        for root in anchors:
            if _issued(last, root):
                _check_use(root, moment, depth=len(chain))
                return (*chain, root)
        above = next((one for one in others if one not in chain and _issued(last, one)), None)
        if above is None:
            raise UntrustedAuthority(f"no trusted root issued the certificate of {_name(last)}")
        chain.append(above)
    raise UntrustedAuthority(f"the chain of {_name(leaf)} is longer than {MAX_CHAIN} certificates")


def _check_use(certificate: x509.Certificate, moment: datetime, *, depth: int) -> None:
    """Valid at the moment; above the leaf (`depth` 0), one that may issue certificates."""
    name = _name(certificate)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise UntrustedAuthority(f"the certificate of {name} was not valid at the time of the token")
    for extension in certificate.extensions:
        if extension.critical and not isinstance(extension.value, _UNDERSTOOD):
            raise UntrustedAuthority(f"the certificate of {name} has a critical extension unknown here")
    key_of(certificate)
    if depth == 0:
        return
    basic = _extension(certificate, x509.BasicConstraints)
    if basic is None or not basic.ca:
        raise UntrustedAuthority(f"{name} may not issue certificates")
    if basic.path_length is not None and basic.path_length < depth - 1:
        raise UntrustedAuthority(f"{name} may not issue a chain of this length")
    use = _extension(certificate, x509.KeyUsage)
    if use is not None and not use.key_cert_sign:
        raise UntrustedAuthority(f"{name} may not issue certificates")
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and not {
        ExtendedKeyUsageOID.TIME_STAMPING,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    } & set(purposes):
        raise UntrustedAuthority(f"{name} may not issue certificates for time stamping")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        if not isinstance(certificate.signature_hash_algorithm, (*_HASHES, type(None))):
            return False
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()[:200]
