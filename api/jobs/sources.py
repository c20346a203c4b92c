"""Objects that a batch names by their address: from where the operator allows it and no others."""

import hashlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from api.errors import SourceUnusable, StoredFileLost, StoreUnavailable
from api.jobs.job import Upload
from api.settings import Settings
from api.store import ObjectStore
from api.uploads import fresh_name

_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([^?#*\x00-\x1f\x7f\\]+)")
MOST_NAME = 200


@dataclass(frozen=True)
class Sources:
    """From where files may be fetched for batches.

    Attributes:
        prefixes: what an address must begin with, with `{tenant}` for the tenant's name; none allows nothing.
        most_bytes: of a file.
        most_s: how long fetching one may take.
        ticks: seconds that only ever grow.
    """

    prefixes: tuple[str, ...] = ()
    most_bytes: int = 0
    most_s: float = 0.0
    ticks: Callable[[], float] = time.monotonic

    @classmethod
    def of(cls, settings: Settings) -> "Sources":
        """Those that the settings allow."""
        return cls(settings.batch_sources, settings.max_upload_bytes, settings.batch_source_s)

    def check(self, address: str, tenant: str) -> None:
        """Whether a tenant may name an object; nothing is asked of the store.

        Raises:
            SourceUnusable: it may not, or the address is none.
        """
        self._parts(address, tenant)

    def fetch(self, address: str, tenant: str, folder: Path) -> Upload:
        """Bring an object here, all of one version of it.

        Args:
            address: of the object.
            tenant: for whom.
            folder: where the file is written; where this fails, nothing stays in it.

        Raises:
            SourceUnusable: the tenant may not have it, it is gone, too large, comes too slowly, or changed
                while it was read.
            StoreUnavailable: where it lies does not answer at the moment.
        """
        bucket, key = self._parts(address, tenant)
        store = ObjectStore(f"s3://{bucket}")
        name = key.rpartition("/")[2][:MOST_NAME]
        path = folder / fresh_name(name)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            size, digest = self._write(store, key, path)
        except StoredFileLost as error:
            path.unlink(missing_ok=True)
            raise SourceUnusable(f"{address} is gone or was changed while it was read") from error
        except StoreUnavailable as error:
            path.unlink(missing_ok=True)
            if error.passes:
                raise
            raise SourceUnusable(f"{address}: {error}") from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Upload(name, path.name, digest, size)

    def _write(self, store: ObjectStore, key: str, path: Path) -> tuple[int, str]:
        until, digest, size = self.ticks() + self.most_s, hashlib.sha256(), 0
        known = store.known(key)
        if known is None:
            raise StoredFileLost("no such object")
        if known.size_bytes > self.most_bytes:
            raise SourceUnusable(
                f"the object has {known.size_bytes} bytes; at most {self.most_bytes} are accepted"
            )
        path.touch(0o600, exist_ok=False)
        with path.open("wb") as file:
            for piece in store.pieces(key):
                size += len(piece)
                if size > self.most_bytes:  # it has grown since
                    raise SourceUnusable(
                        f"the object has more than the {self.most_bytes} bytes that are accepted"
                    )
                if self.ticks() > until:
                    raise SourceUnusable(f"the object did not come within {self.most_s:g} s")
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fdatasync(file.fileno())
        return size, digest.hexdigest()

    def _parts(self, address: str, tenant: str) -> tuple[str, str]:
        """Bucket and key of an address that is allowed."""
        found = _ADDRESS.fullmatch(address)
        if found is None or {"", ".", ".."} & set(found[2].split("/")):
            raise SourceUnusable("a uri is s3://bucket/key, without query, wildcard or empty step")
        allowed = (prefix.replace("{tenant}", tenant) for prefix in self.prefixes)
        if not any(address.startswith(prefix) for prefix in allowed):
            raise SourceUnusable(
                "this service fetches nothing from there; ask its operator, or upload the file"
            )
        return found[1], found[2]
