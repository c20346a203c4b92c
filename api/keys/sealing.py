"""Secrets at rest: each is sealed under a key of its own, and that key is wrapped by one of this machine.

Destroying the small wrapped key destroys the secret in every copy of the rest. AES-256-GCM (NIST SP 800-38D)
under fresh random nonces; `about` binds a secret to its owner, so that rows cannot be exchanged.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from core.errors import KeyFileError

KIND = "trackmark-voice-key"
SEALED = b"TMSEALED"
_NONCE = 12


class SealBroken(Exception):
    """A sealed secret does not open: another key, another owner, or it was changed."""


@dataclass(frozen=True)
class WrappingKey:
    """The key of this machine that opens all others of one tenant.

    Attributes:
        secret: 32 random bytes.
    """

    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> "WrappingKey":
        """A new random key."""
        return cls(secrets.token_bytes(32))

    @property
    def keyid(self) -> str:
        """Its public name, which says nothing about it."""
        return hashlib.sha256(b"trackmark/voice/id/" + self.secret).hexdigest()[:16]

    def seal(self, secret: bytes, about: bytes) -> tuple[bytes, bytes]:
        """Seal a secret under a fresh key.

        Args:
            secret: what nobody else may read.
            about: whose it is.

        Returns:
            The sealed secret, and its wrapped key, which belong to different places.
        """
        own = secrets.token_bytes(32)
        return SEALED + _encrypt(own, secret, about), _encrypt(self.secret, own, about)

    def open(self, sealed: bytes, wrapped: bytes, about: bytes) -> bytes:
        """The secret that was sealed.

        Raises:
            SealBroken: it does not open with this key.
        """
        if not is_sealed(sealed):
            raise SealBroken("not a sealed secret")
        return _decrypt(_decrypt(self.secret, wrapped, about), sealed[len(SEALED) :], about)

    @classmethod
    def load(cls, path: Path, passphrase: bytes | None, what: str = "voice prints") -> "WrappingKey":
        """Read a key file; `what` it opens is told where it is none.

        Raises:
            KeyFileError: not such a file, or the passphrase is missing or wrong.
        """
        try:
            fields = json.loads(path.read_text("utf-8"))
            if fields["type"] != KIND:
                raise _damaged(path, what)
            if "sealed" not in fields:
                secret = bytes.fromhex(fields["key"])
            elif passphrase is None:
                raise KeyFileError(f"{path} is encrypted; set TRACKMARK_KEY_PASSPHRASE or _FILE")
            else:
                stretched = _stretch(passphrase, bytes.fromhex(fields["salt"]))
                secret = _decrypt(stretched, bytes.fromhex(fields["sealed"]), KIND.encode())
        except SealBroken as error:
            raise KeyFileError(f"{path}: wrong passphrase, or the file was changed") from error
        except OSError as error:
            raise KeyFileError(f"cannot read the key file {path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(path, what) from error
        if len(secret) != 32:
            raise _damaged(path, what)
        return cls(secret)

    def to_json(self, passphrase: bytes | None) -> bytes:
        """What `load` reads; with a passphrase nobody else opens it."""
        fields = {"type": KIND, "id": self.keyid}
        if passphrase is None:
            fields["key"] = self.secret.hex()
        else:
            salt = secrets.token_bytes(16)
            sealed = _encrypt(_stretch(passphrase, salt), self.secret, KIND.encode())
            fields |= {"salt": salt.hex(), "sealed": sealed.hex()}
        return json.dumps(fields).encode() + b"\n"


def is_sealed(data: bytes) -> bool:
    """Whether these bytes are a sealed secret."""
    return data.startswith(SEALED)


def _encrypt(key: bytes, secret: bytes, about: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, secret, about)


def _decrypt(key: bytes, data: bytes, about: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(data[:_NONCE], data[_NONCE:], about)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("does not open with this key") from error


def _stretch(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(passphrase)


def _damaged(path: Path, what: str) -> KeyFileError:
    return KeyFileError(f"{path} is not a key of {what}; restore the right file")
