"""Private keys on disk: made on first use under `home/keys`, readable by their owner only.

One key per purpose, so that losing one does not lose the others. Several processes may ask for a key at
the same moment; a file lock lets exactly one of them make it.
"""

import fcntl
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from core.errors import KeyFileError
from provenance.records.keys import Ed25519Signer

if TYPE_CHECKING:
    from provenance.credentials.identity import C2paIdentity
    from provenance.watermark import WatermarkKey

Purpose = Literal["record", "log", "report"]
PURPOSES: tuple[Purpose, ...] = ("record", "log", "report")

_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class KeyStore:
    """The folder of private keys."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "keys"

    def signer(self, purpose: Purpose) -> Ed25519Signer:
        """The Ed25519 key for one purpose: signing records, checkpoints of the log, or reports."""
        path = self._ensure(f"{purpose}.pem", lambda file: _write(file, Ed25519Signer.generate().to_pem()))
        return Ed25519Signer.from_pem(path.read_bytes())

    def witness(self) -> Ed25519Signer:
        """The key by which this machine co-signs other logs' checkpoints, as a witness."""
        path = self._ensure("witness.pem", lambda file: _write(file, Ed25519Signer.generate().to_pem()))
        return Ed25519Signer.from_pem(path.read_bytes())

    def staged(self, purpose: Purpose) -> Ed25519Signer:
        """The key that is to take over, made on first use; `promote` puts it in place."""
        path = self._ensure(
            f"{purpose}.next.pem", lambda file: _write(file, Ed25519Signer.generate().to_pem())
        )
        return Ed25519Signer.from_pem(path.read_bytes())

    def promote(self, purpose: Purpose, keyid: str) -> None:
        """Put the staged key in place and so erase the old one; a no-op where that was done already."""
        with self._locked():
            path = self.folder / f"{purpose}.next.pem"
            if path.exists() and Ed25519Signer.from_pem(path.read_bytes()).keyid == keyid:
                path.replace(self.folder / f"{purpose}.pem")

    def watermark_key(self, tenant: str) -> "WatermarkKey":
        """The secret of one tenant's watermarks; another tenant's marks cannot be read with it."""
        from provenance.watermark import WatermarkKey

        if not _TENANT.fullmatch(tenant):
            raise KeyFileError(f"{tenant!r} is no tenant id: use lower-case letters, digits and hyphens")
        path = self._ensure(f"watermark-{tenant}.key", lambda file: WatermarkKey.generate().save(file))
        return WatermarkKey.load(path)

    def c2pa_identity(self) -> "C2paIdentity":
        """Certificate chain and key that sign content credentials."""
        from provenance.credentials.identity import C2paIdentity

        path = self._ensure("c2pa.pem", lambda file: C2paIdentity.generate("Trackmark").save(file))
        return C2paIdentity.load(path)

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
        """Write a key aside and move it into place whole, files that belong to it first."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".new-") as aside:
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
