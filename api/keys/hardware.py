"""Signing keys that never leave a hardware module: PKCS#11 behind the `Signer` protocol.

A key is named by a URI (RFC 7512), wherever a key in PEM may be given:

    pkcs11:token=label;object=record-2026?module-path=/usr/lib/softhsm/libsofthsm2.so

The PIN comes from the environment or a file, never from the URI or the command line, where other users of the
machine could read it. Ed25519 keys sign with CKM_EDDSA, P-256 keys with CKM_ECDSA over SHA-256.
"""

import hashlib
import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from core.errors import KeyFileError, SignatureError
from provenance.records.keys import ED25519, ES256, PublicKey

SCHEME = "pkcs11:"
_EDWARDS25519 = b"\x13\x0cedwards25519"  # PKCS#11 v3.0 §2.3.5: curveName, a PrintableString
_P256 = bytes.fromhex("06082a8648ce3d030107")  # the object identifier of secp256r1
_LOCK = threading.RLock()
_SESSIONS: dict[tuple[int, str, str], Any] = {}


class HardwareError(KeyFileError):
    """The hardware module does not do what is asked."""


class ModuleMissing(HardwareError):
    """The module's library cannot be loaded, or none is named."""


class TokenMissing(HardwareError):
    """The module has no such token."""


class WrongPin(HardwareError):
    """The PIN is missing, wrong or locked."""


class KeyMissing(HardwareError):
    """The token has no such key, or several."""


@dataclass(frozen=True)
class Access:
    """What opens the tokens of this machine.

    Attributes:
        module: the module's library, for URIs that name none.
        pin: the user's PIN.
    """

    module: Path | None = None
    pin: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class KeyUri:
    """Where a key is: module, token's label, the key's label."""

    module: str
    token: str
    label: str

    @classmethod
    def parse(cls, text: str, access: Access) -> "KeyUri":
        """Read a `pkcs11:` URI (RFC 7512 §2.3, the attributes `token`, `object` and `module-path`).

        Raises:
            HardwareError: malformed, another attribute, or a PIN in it.
            ModuleMissing: neither the URI nor `access` names the module.
        """
        path, _, query = text.strip().removeprefix(SCHEME).partition("?")
        found: dict[str, str] = {}
        for part in [*path.split(";"), *filter(None, query.split("&"))]:
            name, separator, value = part.partition("=")
            if name in ("pin-value", "pin-source"):
                raise HardwareError("no PIN belongs in a key's URI: set TRACKMARK_PKCS11_PIN or _PIN_FILE")
            if name not in ("token", "object", "module-path") or not separator or name in found:
                raise HardwareError(f"a key's URI has token=, object= and module-path=, not {name!r}")
            try:
                found[name] = unquote_to_bytes(value).decode()
            except UnicodeDecodeError as error:
                raise HardwareError("a key's URI is not UTF-8") from error
        if not text.strip().startswith(SCHEME) or not found.get("token") or not found.get("object"):
            raise HardwareError("a key in hardware is named pkcs11:token=LABEL;object=LABEL")
        module = found.get("module-path") or (str(access.module) if access.module else "")
        if not module:
            raise ModuleMissing("set TRACKMARK_PKCS11_MODULE to the library of the hardware module")
        return cls(module, found["token"], found["object"])


class Pkcs11Signer:
    """A private key in a hardware module.

    Args:
        uri: names it.
        access: module and PIN.

    Raises:
        HardwareError: see its kinds.
    """

    def __init__(self, uri: str, access: Access) -> None:
        self._uri = KeyUri.parse(uri, access)
        self._access = access
        with _LOCK:
            self.public_key = _public_key(_session(self._uri, access), self._uri)
        self.keyid = self.public_key.keyid
        self.algorithm = self.public_key.algorithm

    def sign(self, message: bytes) -> bytes:
        """Sign a message: 64 bytes in both algorithms.

        Raises:
            SignatureError: the module refuses, or answers with something that does not verify.
            HardwareError: the module has lost token or key.
        """
        import pkcs11

        with _LOCK:  # a session of PKCS#11 does one thing at a time
            key = _find(_session(self._uri, self._access), self._uri, pkcs11.ObjectClass.PRIVATE_KEY)
            try:
                if self.algorithm == ED25519:
                    signature = bytes(key.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
                else:
                    digest = hashlib.sha256(message).digest()
                    signature = bytes(key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
            except pkcs11.PKCS11Error as error:
                _SESSIONS.clear()
                raise SignatureError(f"the hardware module did not sign: {_name(error)}") from error
        self.public_key.verify(signature, message)
        return signature


def create_key(uri: str, algorithm: str, access: Access) -> Pkcs11Signer:
    """Make a key inside the token that cannot be taken out of it.

    Args:
        uri: its name to be.
        algorithm: `ed25519` or `es256`.
        access: module and PIN.

    Raises:
        HardwareError: see its kinds; also where a key of that name exists or the token cannot make one.
    """
    import pkcs11

    place = KeyUri.parse(uri, access)
    if algorithm not in (ED25519, ES256):
        raise HardwareError(f"a key is {ED25519} or {ES256}, not {algorithm!r}")
    kind, parameters, mechanism = (
        (pkcs11.KeyType.EC_EDWARDS, _EDWARDS25519, pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN)
        if algorithm == ED25519
        else (pkcs11.KeyType.EC, _P256, pkcs11.Mechanism.EC_KEY_PAIR_GEN)
    )
    with _LOCK:
        session = _session(place, access)
        if list(session.get_objects({pkcs11.Attribute.LABEL: place.label})):
            raise HardwareError(f"token {place.token!r} has an object {place.label!r} already")
        try:
            domain = session.create_domain_parameters(
                kind, {pkcs11.Attribute.EC_PARAMS: parameters}, local=True
            )
            domain.generate_keypair(
                store=True,
                label=place.label,
                id=os.urandom(8),
                mechanism=mechanism,
                private_template={
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                },
            )
        except pkcs11.PKCS11Error as error:
            raise HardwareError(f"the token cannot make a key for {algorithm}: {_name(error)}") from error
    return Pkcs11Signer(uri, access)


def _session(place: KeyUri, access: Access) -> Any:
    """The process's session with a token; PKCS#11 knows one login per process and token."""
    import pkcs11

    known = (os.getpid(), place.module, place.token)
    if known in _SESSIONS:
        return _SESSIONS[known]
    if access.pin is None:
        raise WrongPin("the token needs a PIN: set TRACKMARK_PKCS11_PIN or TRACKMARK_PKCS11_PIN_FILE")
    if not Path(place.module).is_file():
        raise ModuleMissing(f"there is no hardware module {place.module}")
    try:
        library = pkcs11.lib(place.module)
        if any(pid != os.getpid() for pid, _, _ in _SESSIONS):
            _SESSIONS.clear()
            library.reinitialize()  # a forked process must not use its parent's sessions
        token = library.get_token(token_label=place.token)
    except (pkcs11.exceptions.NoSuchToken, pkcs11.exceptions.MultipleTokensReturned) as error:
        raise TokenMissing(f"the module does not have one token {place.token!r}") from error
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise ModuleMissing(f"{place.module} is no hardware module: {error or _name(error)}") from error
    try:
        session = token.open(rw=True, user_pin=access.pin)
    except (
        pkcs11.exceptions.PinIncorrect,
        pkcs11.exceptions.PinInvalid,
        pkcs11.exceptions.PinLenRange,
        pkcs11.exceptions.PinLocked,
        pkcs11.exceptions.PinExpired,
    ) as error:
        raise WrongPin(f"token {place.token!r} refuses the PIN: {_name(error)}") from error
    except pkcs11.PKCS11Error as error:
        raise TokenMissing(f"token {place.token!r} cannot be opened: {_name(error)}") from error
    _SESSIONS[known] = session
    return session


def _find(session: Any, place: KeyUri, kind: Any) -> Any:
    import pkcs11

    try:
        return session.get_key(object_class=kind, label=place.label)
    except (pkcs11.exceptions.NoSuchKey, pkcs11.exceptions.MultipleObjectsReturned) as error:
        raise KeyMissing(f"token {place.token!r} does not have one key {place.label!r}") from error
    except pkcs11.PKCS11Error as error:
        _SESSIONS.clear()
        raise TokenMissing(f"token {place.token!r} does not answer: {_name(error)}") from error


def _public_key(session: Any, place: KeyUri) -> PublicKey:
    """The public half, from its own object (CKO_PUBLIC_KEY) beside the private one."""
    import pkcs11

    _find(session, place, pkcs11.ObjectClass.PRIVATE_KEY)
    found = _find(session, place, pkcs11.ObjectClass.PUBLIC_KEY)
    try:
        point = bytes(found[pkcs11.Attribute.EC_POINT])
    except pkcs11.PKCS11Error as error:
        raise _of_another_kind(place) from error
    if point[:2] in (b"\x04\x20", b"\x04\x41") and len(point) == 2 + point[1]:
        point = point[2:]  # CKA_EC_POINT is a DER OCTET STRING around the point (PKCS#11 v3.0 §2.3.3)
    key: ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
    try:
        if found.key_type == pkcs11.KeyType.EC_EDWARDS:
            key = ed25519.Ed25519PublicKey.from_public_bytes(point)
        else:
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise _of_another_kind(place) from error
    return PublicKey(key.public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo))


def _name(error: BaseException) -> str:
    return type(error).__name__


def _of_another_kind(place: KeyUri) -> KeyMissing:
    return KeyMissing(f"key {place.label!r} is neither Ed25519 nor on P-256")
