"""A time-stamp authority for trying things out: real RFC 3161 tokens from keys made on the spot.

    python -m lab.authority FOLDER [--port 8318]

writes `root.pem` into FOLDER and answers `POST /` on localhost. Its clock is this machine's and its root is
known to nobody else, so its tokens prove nothing to anybody else: it exists for tests and demonstrations.
"""

import argparse
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.clock import now
from provenance.records import der

REPLY_TYPE = "application/timestamp-reply"
POLICY = "1.3.6.1.4.1.62558.99.1"
SHA256 = "2.16.840.1.101.3.4.2.1"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
MAX_REQUEST_BYTES = 1 << 12


def tlv(tag: int, *parts: bytes) -> bytes:
    """One DER value."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(digits)]) + digits + content


def integer(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return tlv(der.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = map(int, text.split("."))
    content = bytearray()
    for number in (40 * first + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(0x80 | number & 0x7F)
        content += bytes(reversed(digits))
    return tlv(der.OBJECT, bytes(content))


@dataclass(frozen=True)
class Authority:
    """A root and a stamper that it certified.

    Attributes:
        root: the certificate that verifiers trust.
        chain: the stamper's certificate, then those between it and the root.
        key: the stamper's.
        accuracy: what it says of its clock; None says nothing.
        clock: what it reads the time from.
    """

    root: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey
    accuracy: timedelta | None = None
    clock: Callable[[], datetime] = now

    @classmethod
    def generate(
        cls,
        *,
        usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,),
        critical: bool = True,
        ca: bool = True,
        start: datetime | None = None,
        days: int = 3650,
    ) -> "Authority":
        """Make keys and certificates: root, one between, stamper.

        Args:
            usages: extended key usage of the stamper; none leaves the extension out.
            critical: whether that extension is.
            ca: whether the certificate in between may issue.
            start: from when all are valid; yesterday by default.
            days: for how long.
        """
        start = start or datetime.now(UTC) - timedelta(days=1)
        keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
        names = [
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Trackmark test {part}")])
            for part in ("root", "authority", "clock")
        ]
        usage = x509.ExtendedKeyUsage(usages)

        def certify(i: int, *extensions: tuple[x509.ExtensionType, bool]) -> x509.Certificate:
            issuer = max(i - 1, 0)
            builder = x509.CertificateBuilder(names[issuer], names[i], keys[i].public_key())
            builder = builder.serial_number(x509.random_serial_number())
            builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=days))
            # RFC 5280 §4.2.1.1-2; C2PA refuses authorities whose certificates do not name their issuer's key.
            own = x509.SubjectKeyIdentifier.from_public_key(keys[i].public_key())
            issuers = x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[issuer].public_key())
            builder = builder.add_extension(own, False).add_extension(issuers, False)
            for extension, is_critical in extensions:
                builder = builder.add_extension(extension, is_critical)
            return builder.sign(keys[issuer], hashes.SHA256())

        root = certify(0, (x509.BasicConstraints(True, 1), True), (_signs(certificates=True), True))
        between = certify(
            1, (x509.BasicConstraints(ca, 0 if ca else None), True), (_signs(certificates=ca), True)
        )
        purpose = [(usage, critical)] if usages else []
        leaf = certify(2, (x509.BasicConstraints(False, None), True), (_signs(), True), *purpose)
        return cls(root, (leaf, between), keys[2])

    @property
    def root_pem(self) -> bytes:
        """The root in PEM."""
        return self.root.public_bytes(serialization.Encoding.PEM)

    def reply(self, request: bytes, moment: datetime | None = None) -> bytes:
        """Answer a TimeStampReq with a TimeStampResp (RFC 3161 §2.4)."""
        fields = der.parse(request, der.SEQUENCE, "the request").fields()
        fields.take(der.INTEGER, "version")
        imprint = fields.take(der.SEQUENCE, "imprint").encoded
        fields.optional(der.OBJECT)
        nonce = fields.optional(der.INTEGER)
        token = self.token(imprint, None if nonce is None else nonce.integer(), moment)
        granted = tlv(der.SEQUENCE, integer(0))
        return tlv(der.SEQUENCE, granted, token)

    def stamp(self, message: bytes, moment: datetime | None = None, *, nonce: int | None = None) -> bytes:
        """A token over a message."""
        algorithm = tlv(der.SEQUENCE, oid(SHA256))
        imprint = tlv(der.SEQUENCE, algorithm, tlv(der.OCTET_STRING, hashlib.sha256(message).digest()))
        return self.token(imprint, nonce, moment)

    def token(self, imprint: bytes, nonce: int | None, moment: datetime | None) -> bytes:
        """A TimeStampToken (RFC 5652 §5.1) over an imprint."""
        info = self.info(imprint, nonce, moment or self.clock())
        attributes = tlv(der.SET, *sorted(self.attributes(info)))
        return self.signed_data(info, attributes, self.key.sign(attributes, ec.ECDSA(hashes.SHA256())))

    def info(self, imprint: bytes, nonce: int | None, moment: datetime) -> bytes:
        """TSTInfo (RFC 3161 §2.4.2)."""
        fraction = f"{moment.microsecond:06d}".rstrip("0")
        text = moment.astimezone(UTC).strftime("%Y%m%d%H%M%S") + (f".{fraction}" if fraction else "") + "Z"
        parts = [integer(1), oid(POLICY), imprint, integer(secrets.randbits(64))]
        parts.append(tlv(der.GENERAL_TIME, text.encode()))
        if self.accuracy is not None:
            parts.append(tlv(der.SEQUENCE, integer(int(self.accuracy.total_seconds()))))
        if nonce is not None:
            parts.append(integer(nonce))
        return tlv(der.SEQUENCE, *parts)

    def attributes(self, info: bytes) -> list[bytes]:
        """The attributes that are signed: what kind of content, its hash, and whose certificate."""
        digest = hashlib.sha256(info).digest()
        named = tlv(
            der.SEQUENCE,
            tlv(der.SEQUENCE, tlv(0xA4, self.chain[0].issuer.public_bytes())),
            integer(self.chain[0].serial_number),
        )
        of_certificate = hashlib.sha256(self.chain[0].public_bytes(serialization.Encoding.DER)).digest()
        identified = tlv(der.SEQUENCE, tlv(der.OCTET_STRING, of_certificate), named)
        return [
            attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.9.16.1.4")),
            attribute("1.2.840.113549.1.9.4", tlv(der.OCTET_STRING, digest)),
            attribute("1.2.840.113549.1.9.16.2.47", tlv(der.SEQUENCE, tlv(der.SEQUENCE, identified))),
        ]

    def signed_data(self, info: bytes, attributes: bytes, signature: bytes) -> bytes:
        """ContentInfo around SignedData."""
        sha256 = tlv(der.SEQUENCE, oid(SHA256))
        leaf = self.chain[0]
        signer = tlv(
            der.SEQUENCE,
            integer(1),
            tlv(der.SEQUENCE, leaf.issuer.public_bytes(), integer(leaf.serial_number)),
            sha256,
            b"\xa0" + attributes[1:],
            tlv(der.SEQUENCE, oid(ECDSA_SHA256)),
            tlv(der.OCTET_STRING, signature),
        )
        content = tlv(der.SEQUENCE, oid("1.2.840.113549.1.9.16.1.4"), tlv(0xA0, tlv(der.OCTET_STRING, info)))
        stack = tlv(0xA0, *sorted(one.public_bytes(serialization.Encoding.DER) for one in self.chain))
        body = tlv(der.SEQUENCE, integer(3), tlv(der.SET, sha256), content, stack, tlv(der.SET, signer))
        return tlv(der.SEQUENCE, oid("1.2.840.113549.1.7.2"), tlv(0xA0, body))


def attribute(kind: str, value: bytes) -> bytes:
    """An Attribute of one value."""
    return tlv(der.SEQUENCE, oid(kind), tlv(der.SET, value))


def _signs(*, certificates: bool = False) -> x509.KeyUsage:
    named = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    others = dict.fromkeys((*named, "crl_sign", "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=not certificates, key_cert_sign=certificates, **others)


def server(authority: Authority, port: int = 0) -> ThreadingHTTPServer:
    """An HTTP server on localhost (RFC 3161 §3.4); port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = min(int(self.headers.get("Content-Length", "0")), MAX_REQUEST_BYTES)
            try:
                status, body = 200, authority.reply(self.rfile.read(size))
            except der.DerError as error:
                status, body = 400, str(error).encode()
            self.send_response(status)
            self.send_header("Content-Type", REPLY_TYPE if status == 200 else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing to tell."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where root.pem goes")
    parser.add_argument("--port", type=int, default=8318)
    options = parser.parse_args()
    authority = Authority.generate()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "root.pem").write_bytes(authority.root_pem)
    serving = server(authority, options.port)
    print(f"http://127.0.0.1:{serving.server_port}/ stamps; trust {options.folder / 'root.pem'}")
    serving.serve_forever()


if __name__ == "__main__":
    main()
