"""The identity that signs content credentials: our own root certificate and a leaf below it.

The production C2PA trust list needs a certificate from a listed authority; until a label has one, its own
published root is the honest choice. The root lives long and may be kept offline; the leaf lives one to two
years and can be replaced by the root without changing what verifiers trust.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.errors import KeyFileError

C2PA_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
TRUSTED_USAGES = (ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING, C2PA_SIGNING)
ROOT_YEARS = 20
LEAF_DAYS = 730


@dataclass(frozen=True)
class C2paIdentity:
    """A leaf key (ES256) with its certificate, and the root that vouches for it.

    Attributes:
        root_key: the root's, where it is here.
        tsa: address of the time-stamp authority (RFC 3161) that is asked to stamp each signature, so that it
            stays good when the leaf has expired; None asks nobody, and signing needs no network.
    """

    leaf_key: ec.EllipticCurvePrivateKey
    leaf: x509.Certificate
    root: x509.Certificate
    root_key: ec.EllipticCurvePrivateKey | None = None
    tsa: str | None = None

    @classmethod
    def generate(cls, organisation: str) -> "C2paIdentity":
        """Make a new root and leaf for an organisation; the name is what verifiers will show."""
        if not 1 <= len(organisation) <= 64:
            raise KeyFileError("the organisation name of a certificate has 1 to 64 characters")
        root_key = ec.generate_private_key(ec.SECP256R1())
        name = _name(organisation, f"{organisation} root"[:64])
        now = datetime.now(UTC)
        root = (
            _certificate(name, name, root_key.public_key(), now, timedelta(days=365 * ROOT_YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(sign_certificates=True), critical=True)
            .sign(root_key, hashes.SHA256())
        )
        return _with_leaf(root, root_key, now)

    def renew_leaf(self, now: datetime | None = None) -> "C2paIdentity":
        """Make a new leaf under the same root, so that what verifiers trust need not change.

        Args:
            now: from when it is valid; the present moment by default.

        Raises:
            KeyFileError: the root's key is not here.
        """
        if self.root_key is None:
            raise KeyFileError("the root key is not here; load the file that holds it")
        return _with_leaf(self.root, self.root_key, now or datetime.now(UTC))

    @property
    def organisation(self) -> str:
        """The name that verifiers show."""
        attributes = self.leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return str(attributes[0].value) if attributes else ""

    @property
    def chain_pem(self) -> str:
        """Leaf and root certificate, as they are embedded in credentials."""
        return "".join(
            cert.public_bytes(serialization.Encoding.PEM).decode() for cert in (self.leaf, self.root)
        )

    @property
    def trust_anchor(self) -> str:
        """The root certificate in PEM: what to publish, and what verifiers are told to trust."""
        return self.root.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, message: bytes) -> bytes:
        """ES256 signature, the 64 bytes r ‖ s that COSE wants."""
        algorithm = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = utils.decode_dss_signature(self.leaf_key.sign(message, algorithm))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def save(self, path: Path, passphrase: bytes | None = None) -> None:
        """Write leaf key and certificates to `path` and the root key beside it, both readable by us only.

        The root key's file (`NAME.root-key.pem`) is only needed to renew the leaf: move it offline.
        """
        encryption = (
            serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        )
        leaf_key = self.leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )
        _write_private(path, leaf_key + self.chain_pem.encode())
        if self.root_key is not None:
            root_key = self.root_key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
            )
            _write_private(_root_key_path(path), root_key)

    @classmethod
    def load(cls, path: Path, passphrase: bytes | None = None) -> "C2paIdentity":
        """Read what `save` wrote; the root key is optional.

        Raises:
            KeyFileError: missing, damaged, locked, or key and certificates do not belong together.
        """
        try:
            data = path.read_bytes()
            certificates = x509.load_pem_x509_certificates(data)
            root_path = _root_key_path(path)
            root_key = _private_key(root_path.read_bytes(), passphrase) if root_path.exists() else None
        except OSError as error:
            raise KeyFileError(f"cannot read the credentials identity {path}: {error.strerror}") from error
        except ValueError as error:
            raise KeyFileError(f"{path} holds no certificates: {error}") from error
        if len(certificates) != 2:
            raise KeyFileError(f"{path} must hold the leaf and the root certificate")
        leaf, root = certificates
        leaf_key = _private_key(data, passphrase)
        try:
            leaf.verify_directly_issued_by(root)
        except Exception as error:
            raise KeyFileError(f"in {path} the root did not issue the leaf certificate") from error
        if leaf.public_key() != leaf_key.public_key():
            raise KeyFileError(f"in {path} the key does not belong to the leaf certificate")
        if root_key is not None and root.public_key() != root_key.public_key():
            raise KeyFileError(f"{root_path} does not belong to the root certificate in {path}")
        return cls(leaf_key, leaf, root, root_key)


def _with_leaf(root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey, now: datetime) -> C2paIdentity:
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    organisation = str(root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)
    subject = _name(organisation, f"{organisation} content credentials"[:64])
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    leaf = (
        _certificate(subject, root.subject, leaf_key.public_key(), now, timedelta(days=LEAF_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING, C2PA_SIGNING]), critical=False)
        .add_extension(issuer_id, critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return C2paIdentity(leaf_key, leaf, root, root_key)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        # Verifiers' clocks differ: a certificate must already be valid when the first file is signed.
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(organisation: str, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private_key(pem: bytes, passphrase: bytes | None) -> ec.EllipticCurvePrivateKey:
    try:
        # A key that was written before there was a passphrase is still read.
        key = serialization.load_pem_private_key(pem, passphrase if b"ENCRYPTED" in pem else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError("cannot open the credentials key: damaged file or wrong passphrase") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyFileError("the credentials key is not ECDSA on P-256")
    return key


def _root_key_path(path: Path) -> Path:
    return path.with_name(path.stem + ".root-key.pem")


def _write_private(path: Path, data: bytes) -> None:
    """Write a new file that was never readable by others, then move it into place."""
    draft = path.with_name(path.name + ".new")
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        draft.replace(path)
    except OSError as error:
        raise KeyFileError(f"cannot write {path}: {error.strerror}") from error
