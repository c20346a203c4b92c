"""The structure of an RFC 3161 time-stamp token, read from its bytes; `timestamp` says what is checked.

A token is a CMS SignedData (RFC 5652 §5) around a TSTInfo (RFC 3161 §2.4.2). What is accepted is narrow on
purpose: DER, SHA-256 imprints, one signer named by issuer and serial number, no revocation lists, no unsigned
attributes, no extensions.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509

from core.errors import VerificationError
from provenance.records import der
from provenance.records.authorities import read_certificate
from provenance.records.der import Element, Fields

SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
DIGESTS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_IMPLICIT_0, _NAME = 0xA0, 0xA4


class TimestampError(VerificationError):
    """The token does not say that these bytes existed, or nobody who may say so signed it."""


@dataclass(frozen=True)
class Signer:
    """The SignerInfo of a token.

    Attributes:
        issuer: the issuer's name, as encoded, of the signer's certificate.
        serial: that certificate's number, as encoded.
        digest: `sha256`, `sha384` or `sha512`.
        message_digest: the signed attribute message-digest.
        certificate_hash: name and value of the hash in the signed attribute signing-certificate-v2.
        signed: the bytes under the signature.
        algorithm: of the signature, an object identifier.
        signature: its bytes.
    """

    issuer: bytes
    serial: bytes
    digest: str
    message_digest: bytes
    certificate_hash: tuple[str, bytes]
    signed: bytes
    algorithm: str
    signature: bytes


@dataclass(frozen=True)
class Token:
    """A token that was parsed; nothing in it may be believed before `timestamp.verify_token`.

    Attributes:
        imprint: SHA-256 of what was stamped.
        time: `genTime`, in UTC; to the microsecond, finer fractions rounded up.
        accuracy: how far the true time may be from `time`.
        policy: the authority's policy, an object identifier.
        serial: the token's number.
        nonce: the number that the request asked to have repeated.
        info: the TSTInfo, as signed.
        certificates: those that came with it.
        signer: its only signer.
    """

    imprint: bytes
    time: datetime
    accuracy: timedelta
    policy: str
    serial: int
    nonce: int | None
    info: bytes
    certificates: tuple[x509.Certificate, ...]
    signer: Signer


def parse_token(data: bytes) -> Token:
    """Read a TimeStampToken without trusting it.

    Raises:
        DerError, TimestampError: not one that is accepted here.
    """
    outer = der.parse(data, der.SEQUENCE, "the token").fields()
    _expect(outer.take(der.OBJECT, "the token's type").oid(), SIGNED_DATA, "the token is no CMS SignedData")
    body = outer.take(_IMPLICIT_0, "the token's content")
    outer.end("the token")
    signed = der.parse(body.content, der.SEQUENCE, "SignedData").fields()
    _expect(signed.take(der.INTEGER, "version").integer(), 3, "SignedData is not of version 3")
    digests = signed.take(der.SET, "digest algorithms").fields().rest()
    content = signed.take(der.SEQUENCE, "content").fields()
    _expect(content.take(der.OBJECT, "content type").oid(), TST_INFO, "the content is no TSTInfo")
    info = der.parse(content.take(_IMPLICIT_0, "TSTInfo").content, der.OCTET_STRING, "TSTInfo").content
    content.end("the content")
    certificates = signed.optional(_IMPLICIT_0)
    if certificates is None:
        raise TimestampError("the token carries no certificate; ask the authority to include it (certReq)")
    signers = signed.take(der.SET, "the set of signers").fields()
    signed.end("SignedData")
    signer = _signer(signers.take(der.SEQUENCE, "the signer"))
    signers.end("the set of signers")
    if [_digest(one) for one in digests] != [signer.digest]:
        raise TimestampError("the digest algorithms of token and signer differ")
    stack = tuple(read_certificate(one.encoded) for one in certificates.fields().rest())
    return _with_info(info, stack, signer)


def _with_info(info: bytes, certificates: tuple[x509.Certificate, ...], signer: Signer) -> Token:
    """Read TSTInfo (RFC 3161 §2.4.2)."""
    fields = der.parse(info, der.SEQUENCE, "TSTInfo").fields()
    _expect(fields.take(der.INTEGER, "version").integer(), 1, "TSTInfo is not of version 1")
    policy = fields.take(der.OBJECT, "policy").oid()
    imprint = fields.take(der.SEQUENCE, "imprint").fields()
    if _digest(imprint.take(der.SEQUENCE, "imprint algorithm")) != "sha256":
        raise TimestampError("only tokens over SHA-256 are accepted")
    digest = imprint.take(der.OCTET_STRING, "imprint").content
    imprint.end("the imprint")
    if len(digest) != 32:
        raise TimestampError("the imprint does not have 32 bytes")
    serial = fields.take(der.INTEGER, "serial number").integer()
    moment = _general_time(fields.take(der.GENERAL_TIME, "genTime").content)
    accuracy = _accuracy(fields.optional(der.SEQUENCE))
    ordering = fields.optional(der.BOOLEAN)
    if ordering is not None and ordering.content != b"\xff":
        raise TimestampError("`ordering` is spelt in a way that DER does not allow")
    nonce = fields.optional(der.INTEGER)
    fields.optional(_IMPLICIT_0)  # the authority's own name for itself; the certificate says who it is
    fields.end("TSTInfo")
    number = None if nonce is None else nonce.integer()
    return Token(digest, moment, accuracy, policy, serial, number, info, certificates, signer)


def _signer(element: Element) -> Signer:
    """Read SignerInfo (RFC 5652 §5.3), version 1."""
    fields = element.fields()
    _expect(fields.take(der.INTEGER, "signer version").integer(), 1, "the signer is not of version 1")
    named = fields.take(der.SEQUENCE, "the signer's issuer and serial number").fields()
    issuer, serial = named.take(der.SEQUENCE, "issuer").encoded, named.take(der.INTEGER, "serial").encoded
    named.end("the signer's issuer and serial number")
    digest = _digest(fields.take(der.SEQUENCE, "the signer's digest algorithm"))
    signed = fields.take(_IMPLICIT_0, "the set of signed attributes")
    algorithm = _algorithm(fields.take(der.SEQUENCE, "signature algorithm"))
    signature = fields.take(der.OCTET_STRING, "signature").content
    fields.end("the signer")
    attributes = _attributes(signed)
    _expect(attributes[CONTENT_TYPE].oid(), TST_INFO, "the signed content type is not that of a time stamp")
    message_digest = attributes[MESSAGE_DIGEST]
    _expect(message_digest.tag, der.OCTET_STRING, "the message-digest is malformed")
    hashed = _certificate_hash(attributes[SIGNING_CERTIFICATE_V2], issuer, serial)
    # The signature covers the attributes as the SET that they are, not under the tag they have here (§5.4).
    whole = b"\x31" + signed.encoded[1:]
    return Signer(issuer, serial, digest, message_digest.content, hashed, whole, algorithm, signature)


def _attributes(signed: Element) -> dict[str, Element]:
    """The value of each signed attribute that is needed; all of them stand once and have one value."""
    listed = signed.fields().rest()
    der.check_set_order(listed, "the set of signed attributes")
    found: dict[str, list[Element]] = {}
    for attribute in listed:
        pair = attribute.fields()
        kind = pair.take(der.OBJECT, "attribute type").oid()
        if kind in found:
            raise TimestampError(f"the attribute {kind} is signed twice")
        found[kind] = pair.take(der.SET, "attribute values").fields().rest()
        pair.end("an attribute")
    for needed in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2):
        if len(found.get(needed, ())) != 1:
            raise TimestampError(f"the signed attribute {needed} is missing or has not one value")
    return {kind: values[0] for kind, values in found.items() if values}


def _certificate_hash(value: Element, issuer: bytes, serial: bytes) -> tuple[str, bytes]:
    """The first ESSCertIDv2, which is the signer's (RFC 5035 §3)."""
    identified = value.fields().take(der.SEQUENCE, "certificate ids").fields()
    first = identified.take(der.SEQUENCE, "certificate id").fields()
    algorithm = first.optional(der.SEQUENCE)
    name = "sha256" if algorithm is None else _digest(algorithm)
    digest = first.take(der.OCTET_STRING, "certificate hash").content
    named = first.optional(der.SEQUENCE)
    first.end("the certificate id")
    if named is not None:
        pair = named.fields()
        names = pair.take(der.SEQUENCE, "issuer names").fields()
        same = names.take(_NAME, "issuer name").content == issuer
        if not same or pair.take(der.INTEGER, "serial").encoded != serial or names.more or pair.more:
            raise TimestampError("signing-certificate-v2 names another certificate than the signer")
    return name, digest


def _algorithm(element: Element) -> str:
    """An AlgorithmIdentifier without parameters, or with NULL."""
    _expect(element.tag, der.SEQUENCE, "an algorithm identifier is malformed")
    fields = element.fields()
    name = fields.take(der.OBJECT, "algorithm").oid()
    null = fields.optional(der.NULL)
    if null is not None and null.content:
        raise TimestampError("an algorithm has parameters that are no NULL")
    fields.end("an algorithm identifier")
    return name


def _digest(element: Element) -> str:
    name = _algorithm(element)
    if name not in DIGESTS:
        raise TimestampError(f"the digest {name} is none of SHA-256, SHA-384, SHA-512")
    return DIGESTS[name]


def _general_time(content: bytes) -> datetime:
    """GeneralizedTime as RFC 3161 §2.4.2 restricts it: UTC with `Z`, a fraction without zeros at its end."""
    match = re.fullmatch(rb"([0-9]{14})(?:\.([0-9]{0,8}[1-9]))?Z", content)
    if match is None:
        raise TimestampError("genTime is not a UTC time in the form of DER")
    try:
        moment = datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise TimestampError(f"genTime is no date: {error}") from error
    nanoseconds = int((match[2] or b"").ljust(9, b"0"))
    return moment + timedelta(microseconds=-(-nanoseconds // 1000))


def _accuracy(element: Element | None) -> timedelta:
    """Seconds, milliseconds and microseconds, each optional (RFC 3161 §2.4.2)."""
    if element is None:
        return timedelta(0)
    fields = element.fields()
    whole = fields.optional(der.INTEGER)
    seconds = 0 if whole is None else whole.integer()
    parts = []
    for tag in (0x80, 0x81):
        part = fields.optional(tag)
        parts.append(0 if part is None else part.integer())
        if part is not None and not 1 <= parts[-1] <= 999:
            raise TimestampError("a part of the accuracy is not between 1 and 999")
    fields.end("the accuracy")
    if not 0 <= seconds <= 86_400:
        raise TimestampError("the authority's clock may be wrong by more than a day")
    return timedelta(seconds=seconds, milliseconds=parts[0], microseconds=parts[1])


def _expect(found: object, wanted: object, message: str) -> None:
    if found != wanted:
        raise TimestampError(message)


def names_of(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """Issuer and serial number as encoded in a certificate (RFC 5280 §4.1)."""
    fields: Fields = der.parse(certificate.tbs_certificate_bytes, der.SEQUENCE, "certificate").fields()
    fields.optional(_IMPLICIT_0)
    serial = fields.take(der.INTEGER, "serial").encoded
    fields.take(der.SEQUENCE, "algorithm")
    return fields.take(der.SEQUENCE, "issuer").encoded, serial
