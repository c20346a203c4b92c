"""Private keys on disk: made under `home/keys` when they are asked for, readable by their owner only.

A key that is given from outside, in PEM or as the name of a key in a hardware module, takes the place of
the one on disk. One key per purpose, so that losing one does not lose the others. Several processes may ask
for a key at the same moment; a file lock lets exactly one of them make it.
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from api.keys.hardware import SCHEME, Access, Pkcs11Signer
from api.keys.sealing import WrappingKey
from core.errors import KeyFileError
from core.files import replacing
from provenance.records.keys import ED25519, Ed25519Signer, Signer, load_signer

if TYPE_CHECKING:
    from provenance.credentials.identity import C2paIdentity
    from provenance.watermark import WatermarkKey

Purpose = Literal["record", "log", "report"]
PURPOSES: tuple[Purpose, ...] = ("record", "log", "report")

_HANDED_OVER = b"this key handed over to key"
_ASIDE = ".new-"
_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class KeySecrets:
    """What the environment says of the signing keys.

    Attributes:
        passphrase: encrypts every key that is made on disk, and opens given ones.
        keys: keys that are given from outside and never written to disk, by purpose: in PEM, or the
            `pkcs11:` URI of a key in a hardware module.
        hardware: what opens that module.
    """

    passphrase: bytes | None = field(default=None, repr=False)
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    hardware: Access = field(default_factory=Access)


LOG_KIND = "the log signs with Ed25519; give a key of that kind"


def copied(name: str, who: str) -> str:
    """What to do where another machine has a key file that is needed here, for the middle of a sentence."""
    return f"copy keys/{name} into its TRACKMARK_HOME from the machine that {who}"


class KeyStore:
    """The folder of private keys."""

    def __init__(self, home: Path, secrets: KeySecrets | None = None) -> None:
        self.folder = home / "keys"
        self._secrets = secrets or KeySecrets()

    def held(self, purpose: Purpose) -> Signer | None:
        """The key for one purpose that this machine has; None where it has none.

        Raises:
            KeyFileError: the passphrase is missing or wrong, or a given key is damaged.
        """
        given = self._secrets.keys.get(purpose)
        if given is None:
            return self._own(f"{purpose}.pem") if (self.folder / f"{purpose}.pem").exists() else None
        signer = self.open(given)
        if purpose == "log" and signer.algorithm != ED25519:
            raise KeyFileError(LOG_KIND)
        return signer

    def made(self, purpose: Purpose) -> Signer:
        """The key for one purpose, made on disk where this machine has none; errors as of `held`."""
        return self.held(purpose) or self._own_or_new(f"{purpose}.pem")

    def open(self, given: bytes) -> Signer:
        """A key that is given from outside: PEM, or the `pkcs11:` URI of one in hardware.

        Raises:
            KeyFileError: damaged, locked, or not in the hardware module (`HardwareError`).
        """
        if given.lstrip().startswith(SCHEME.encode()):
            return Pkcs11Signer(given.decode(errors="replace"), self._secrets.hardware)
        return load_signer(given, self._secrets.passphrase)

    def _own(self, name: str) -> Ed25519Signer:
        content = (self.folder / name).read_bytes()
        if content.startswith(_HANDED_OVER):
            raise KeyFileError(content.decode(errors="replace").strip())
        # A key that was written before there was a passphrase is still read.
        return Ed25519Signer.from_pem(content, self._secrets.passphrase if b"ENCRYPTED" in content else None)

    def _own_or_new(self, name: str) -> Ed25519Signer:
        self._ensure(
            name, lambda file: _write(file, Ed25519Signer.generate().to_pem(self._secrets.passphrase))
        )
        return self._own(name)

    def witness(self) -> Ed25519Signer:
        """The key by which this machine co-signs other logs' checkpoints, as a witness."""
        return self._own_or_new("witness.pem")

    def staged(self, purpose: Purpose) -> Ed25519Signer:
        """The key that is to take over, made on first use; `promote` puts it in place.

        Raises:
            KeyFileError: the key is given from outside, so it is replaced there.
        """
        if purpose in self._secrets.keys:
            raise KeyFileError(f"the {purpose} key is given by the environment and cannot be rotated here")
        return self._own_or_new(f"{purpose}.next.pem")

    def promote(self, purpose: Purpose, keyid: str) -> None:
        """Put the staged key in place and so erase the old one; a no-op where that was done already."""
        with self._locked():
            path = self.folder / f"{purpose}.next.pem"
            if path.exists() and self._own(path.name).keyid == keyid:
                path.replace(self.folder / f"{purpose}.pem")

    def hand_over(self, purpose: Purpose, keyid: str) -> None:
        """Erase the key on disk, since one that is given from outside took over; its place tells so."""
        if purpose in self._secrets.keys:
            return
        words = f"{_HANDED_OVER.decode()} {keyid}: give that one in TRACKMARK_{purpose.upper()}_KEY\n"
        with self._locked(), replacing(self.folder / f"{purpose}.pem") as part:
            _write(part, words.encode())

    def watermark_key(self, tenant: str, *, make: bool = False) -> "WatermarkKey | None":
        """The secret of one tenant's watermarks; another tenant's marks cannot be read with it.

        Args:
            tenant: whose.
            make: make it where this machine has none; None is answered otherwise.

        Raises:
            KeyFileError: the tenant's name is none, or the file is damaged or cannot be opened.
        """
        from provenance.watermark import WatermarkKey

        _check_tenant(tenant)
        name = f"watermark-{tenant}.key"
        if make:
            self._ensure(name, lambda file: WatermarkKey.generate().save(file, self._secrets.passphrase))
        path = self.folder / name
        return WatermarkKey.load(path, self._secrets.passphrase) if path.exists() else None

    def put_watermark_key(self, tenant: str, key: "WatermarkKey") -> None:
        """Put a later epoch of a tenant's key in place of the earlier one."""
        with self._locked():
            self._make(
                self.folder / f"watermark-{tenant}.key", lambda file: key.save(file, self._secrets.passphrase)
            )

    def voice_key(self, tenant: str, *, make: bool = False) -> WrappingKey | None:
        """The key under which one tenant's voice prints are sealed; arguments and errors as above."""
        _check_tenant(tenant)
        name = f"voices-{tenant}.key"
        if make:
            fresh = WrappingKey.generate()
            self._ensure(name, lambda file: _write(file, fresh.to_json(self._secrets.passphrase)))
        path = self.folder / name
        return WrappingKey.load(path, self._secrets.passphrase) if path.exists() else None

    def webhook_key(self, *, make: bool = False) -> WrappingKey | None:
        """The key under which the secrets of webhooks are sealed, of all tenants; errors as above."""
        if make:
            fresh = WrappingKey.generate()
            self._ensure("webhooks.key", lambda file: _write(file, fresh.to_json(self._secrets.passphrase)))
        path = self.folder / "webhooks.key"
        return WrappingKey.load(path, self._secrets.passphrase, "webhooks") if path.exists() else None

    def token_key(self, *, make: bool = False) -> Ed25519Signer | None:
        """The key that signs access tokens; made where asked, None where missing; errors as above."""
        name = "tokens.pem"
        return self._own_or_new(name) if make or (self.folder / name).exists() else None

    def c2pa_identity(self, *, make: bool = False) -> "C2paIdentity | None":
        """Certificate chain and key that sign content credentials; made where asked, None where missing."""
        from provenance.credentials.identity import C2paIdentity

        if make:
            self._ensure(
                "c2pa.pem",
                lambda file: C2paIdentity.generate("Trackmark").save(file, self._secrets.passphrase),
            )
        path = self.folder / "c2pa.pem"
        return C2paIdentity.load(path, self._secrets.passphrase) if path.exists() else None

    def put_c2pa_identity(self, identity: "C2paIdentity") -> None:
        """Put an identity with a new leaf in place of the one before."""
        with self._locked():
            self._make(self.folder / "c2pa.pem", lambda file: identity.save(file, self._secrets.passphrase))

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """A text secret such as the first admin's API key, made on first use."""
        path = self._ensure(name, lambda file: _write(file, make().encode() + b"\n"))
        return path.read_text().strip()

    def _ensure(self, name: str, make: Callable[[Path], object]) -> Path:
        """Path of a key file; `make` writes it where it does not exist yet."""
        path = self.folder / name
        if path.exists():
            return path
        with self._locked():
            if not path.exists():
                self._make(path, make)
        return path

    def _make(self, path: Path, make: Callable[[Path], object]) -> None:
        """Write a key aside and move it into place whole, files that belong to it first; needs the lock.

        What a process left that was killed at it goes first: it may be a private key that nobody ever used.
        """
        for left in self.folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=_ASIDE) as aside:
            make(Path(aside) / path.name)
            for file in sorted(Path(aside).iterdir(), key=lambda file: file.name == path.name):
                file.chmod(0o600)
                file.replace(self.folder / file.name)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            descriptor = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise KeyFileError(
                f"cannot keep keys in {self.folder}: {error.strerror}; set TRACKMARK_HOME"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _check_tenant(tenant: str) -> None:
    if not _TENANT.fullmatch(tenant):
        raise KeyFileError(f"{tenant!r} is no tenant id: use lower-case letters, digits and hyphens")
