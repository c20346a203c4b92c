"""The secret behind a tenant's marks, and everything that is derived from it."""

import functools
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from core.errors import KeyFileError

KIND = "trackmark-watermark-key"


@dataclass(frozen=True)
class WatermarkKey:
    """A tenant's master key; nobody can read or forge its marks without it.

    Attributes:
        tenant_key: 32 random bytes.
        epoch: number of this key in the tenant's succession of keys.
    """

    tenant_key: bytes = field(repr=False)
    epoch: int = 0

    def __post_init__(self) -> None:
        if len(self.tenant_key) != 32:
            raise KeyFileError(f"a watermark key has 32 bytes, this one has {len(self.tenant_key)}")

    @classmethod
    def generate(cls) -> "WatermarkKey":
        """A new random key."""
        return cls(secrets.token_bytes(32))

    @classmethod
    def load(cls, path: str | os.PathLike[str], passphrase: bytes | None = None) -> "WatermarkKey":
        """Read a key file; the passphrase opens those that were written with one.

        Raises:
            KeyFileError: missing, unreadable, not a watermark key, or the passphrase is missing or wrong.
        """
        try:
            fields = json.loads(Path(path).read_text("utf-8"))
            if fields["type"] != KIND:
                raise KeyFileError(f"{path} is not a watermark key; make one with `trackmark keygen`")
            if "sealed" not in fields:
                return cls(bytes.fromhex(fields["key"]), int(fields["epoch"]))
            if passphrase is None:
                raise KeyFileError(f"{path} is encrypted; set TRACKMARK_KEY_PASSPHRASE or _FILE")
            opened = _unseal(bytes.fromhex(fields["sealed"]), bytes.fromhex(fields["salt"]), passphrase)
            return cls(opened, int(fields["epoch"]))
        except InvalidTag as error:
            raise KeyFileError(f"{path}: wrong passphrase, or the file was changed") from error
        except OSError as error:
            raise KeyFileError(f"cannot read the key file {path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise KeyFileError(f"{path} is not a watermark key; make one with `trackmark keygen`") from error

    def save(self, path: str | os.PathLike[str], passphrase: bytes | None = None) -> None:
        """Write a key file that only its owner may read, and with a passphrase only who knows that.

        Raises:
            KeyFileError: the file exists already (a key is never overwritten) or cannot be written.
        """
        fields = {"type": KIND, "id": self.keyid, "epoch": self.epoch}
        if passphrase is None:
            fields["key"] = self.tenant_key.hex()
        else:
            salt = secrets.token_bytes(16)
            fields |= {"salt": salt.hex(), "sealed": _seal(self.tenant_key, salt, passphrase).hex()}
        text = json.dumps(fields)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise KeyFileError(f"{path} exists; a key is never overwritten, choose another name") from error
        except OSError as error:
            raise KeyFileError(f"cannot write the key file {path}: {error.strerror}") from error
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
        except OSError as error:  # what is there is no key, and nobody has one that is lost by it
            Path(path).unlink()
            raise KeyFileError(f"cannot write the key file {path}: {error.strerror}") from error

    @property
    def keyid(self) -> str:
        """Public name of the key: says nothing about the key itself."""
        return self.derive("id", 8).hex()

    def next_epoch(self) -> "WatermarkKey":
        """The key that marks from now on: new chips and checks; it reads the marks of all epochs before."""
        return WatermarkKey(self.tenant_key, self.epoch + 1)

    @property
    def epochs(self) -> "tuple[WatermarkKey, ...]":
        """This key and those of earlier epochs, newest first."""
        return tuple(WatermarkKey(self.tenant_key, epoch) for epoch in range(self.epoch, -1, -1))

    def derive(self, purpose: str, length: int) -> bytes:
        """Independent key material for one purpose (HKDF-SHA256, RFC 5869)."""
        return _derive(self.tenant_key, self.epoch, purpose, length)

    def check(self, message: bytes) -> bytes:
        """The 24-bit keyed check that travels with a message (truncated HMAC-SHA256)."""
        return hmac.new(self.derive("mac", 32), message, hashlib.sha256).digest()[:3]


def _seal(secret: bytes, salt: bytes, passphrase: bytes) -> bytes:
    """AES-256-GCM under a key that scrypt (RFC 7914) makes of the passphrase and the file's own salt."""
    return AESGCM(_stretch(passphrase, salt)).encrypt(bytes(12), secret, KIND.encode())


def _unseal(sealed: bytes, salt: bytes, passphrase: bytes) -> bytes:
    return AESGCM(_stretch(passphrase, salt)).decrypt(bytes(12), sealed, KIND.encode())


def _stretch(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(passphrase)


@functools.lru_cache(maxsize=256)
def _derive(tenant_key: bytes, epoch: int, purpose: str, length: int) -> bytes:
    info = f"trackmark/watermark/v1/{epoch}/{purpose}".encode()
    return HKDF(hashes.SHA256(), length, salt=None, info=info).derive(tenant_key)
