"""An S3-compatible store behind few verbs: put, fetch, read, copy, erase, list; each whole or not at all.

Its address and credentials are those of every S3 client (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and so on).
"""

import hashlib
import re
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from api.errors import StoredFileLost, StoreUnavailable
from api.settings import Settings
from core.files import replacing
from core.passing import passing_folder

PIECE_BYTES = 8 << 20
"""How much is asked for or sent at once; four pieces are on their way at a time."""
_AT_ONCE = 4
_MOST_KEYS = 1000
_DIGEST = "sha256"
_NO_ACCESS = re.compile(
    r"AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|403"
)
_FULL = re.compile(r"QuotaExceeded|StorageFull|InsufficientStorage|507")


@dataclass(frozen=True)
class Found:
    """An object in a list.

    Attributes:
        name: in the store.
        written_at: by the store's clock.
    """

    name: str
    size_bytes: int
    written_at: datetime


@dataclass(frozen=True)
class Known:
    """What the store knows of an object.

    Attributes:
        sha256: in hex, as it was told when it was stored; None of what others stored.
    """

    size_bytes: int
    sha256: str | None


class ObjectStore:
    """A bucket, or what lies below a prefix in one; nothing is asked before the first call.

    Args:
        url: `s3://bucket/prefix`.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._root = self.url.removeprefix("s3://")
        self._system: Any = None
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings) -> "ObjectStore | None":
        """The store that the settings name; None where files lie in the home."""
        return None if settings.store is None else cls(settings.store)

    def put(self, name: str, path: Path, sha256: str | None = None) -> None:
        """Store a file under a name, in the place of what was there.

        Args:
            name: in the store.
            path: of the file.
            sha256: its digest, taken anew unless given, which is kept beside it.

        Raises:
            StoreUnavailable: the store does not take it.
        """
        if sha256 is None:
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        with self._asked() as system:
            how = {"chunksize": PIECE_BYTES, "max_concurrency": _AT_ONCE, "Metadata": {_DIGEST: sha256}}
            system.put_file(str(path), self._at(name), **how)

    def fetch(self, name: str, path: Path, sha256: str | None = None) -> None:
        """Write an object to a file, which is there whole or not at all.

        Args:
            name: in the store.
            path: of the file.
            sha256: what its digest must be; the one that was stored with it unless given.

        Raises:
            StoredFileLost: it is gone, changed meanwhile, or is not what was stored.
            StoreUnavailable: the store does not give it.
        """
        digest = hashlib.sha256()
        with replacing(path) as part:
            with part.open("wb") as file:
                for piece in self.pieces(name):
                    digest.update(piece)
                    file.write(piece)
            known = None if sha256 else self.known(name)
            wanted = known.sha256 if known else sha256
            if wanted not in (None, digest.hexdigest()):
                raise StoredFileLost(
                    f"{name} is no longer what was stored; restore it, or send the file again"
                )

    def read(self, name: str) -> bytes:
        """A small object; raises as `pieces`."""
        return b"".join(self.pieces(name))

    def pieces(self, name: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """An object's bytes from `start` up to `end`, all of one version of it.

        Raises:
            StoredFileLost: it is gone, or changed while it was read.
            StoreUnavailable: the store does not give it.
        """
        with self._opened(name) as file:
            file.seek(start)
            left = (file.size if end is None else min(end, file.size)) - start
            while left > 0:
                with self._asked(name):
                    piece = file.read(min(left, PIECE_BYTES))
                if not piece:
                    raise StoredFileLost(f"{name} ends early")
                left -= len(piece)
                yield piece

    def known(self, name: str) -> Known | None:
        """What the store knows of an object; None where there is none. Raises `StoreUnavailable`."""
        try:
            told = self._told(name)
        except StoredFileLost:
            return None
        return Known(int(told["ContentLength"]), told.get("Metadata", {}).get(_DIGEST))

    def copy(self, source: str, target: str) -> None:
        """Copy an object within the store.

        Raises:
            StoredFileLost: there is none.
            StoreUnavailable: the store does not do it.
        """
        with self._asked(source) as system:
            system.cp_file(self._at(source), self._at(target))

    def erase(self, names: Iterable[str]) -> None:
        """Delete objects; those that are not there are passed over. Raises `StoreUnavailable`."""
        keys = [{"Key": self._key(self._at(name))} for name in names]
        for group in (keys[start : start + _MOST_KEYS] for start in range(0, len(keys), _MOST_KEYS)):
            with self._asked() as system:
                wish = {"Objects": group, "Quiet": True}
                answer = system.call_s3("delete_objects", Bucket=self._bucket, Delete=wish)
            for kept in answer.get("Errors", ()):  # of an answer that says 200
                raise StoreUnavailable(
                    f"the object store does not delete ({kept.get('Code')}); try again soon"
                )

    def within(self, folder: str) -> list[Found]:
        """All objects below a folder, by name. Raises `StoreUnavailable`."""
        found: list[Found] = []
        for page in self._listed(f"{self._at(folder)}/", {}):
            for one in page.get("Contents", ()):
                name = f"{self._bucket}/{one['Key']}".removeprefix(f"{self._root}/")
                found.append(Found(name, int(one["Size"]), one["LastModified"]))
        return found

    def folders(self, folder: str) -> list[str]:
        """The names of what lies in a folder and is a folder itself. Raises `StoreUnavailable`."""
        start = f"{self._at(folder)}/"
        return [
            one["Prefix"].removeprefix(self._key(start)).rstrip("/")
            for page in self._listed(start, {"Delimiter": "/"})
            for one in page.get("CommonPrefixes", ())
        ]

    def check(self) -> None:
        """Ask the store for anything at all. Raises `StoreUnavailable`."""
        with self._asked() as system:
            system.call_s3("list_objects_v2", Bucket=self._bucket, MaxKeys=1)

    def try_out(self) -> None:
        """Write, read and delete something. Raises `StoreUnavailable` or `StoredFileLost`."""
        name = f".try-{secrets.token_hex(8)}"
        with passing_folder() as folder:
            path = folder / "written"
            path.write_bytes(secrets.token_bytes(64))
            self.put(name, path)
            try:
                self.fetch(name, folder / "read")
            finally:
                self.erase([name])

    @property
    def _bucket(self) -> str:
        return self._root.partition("/")[0]

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _key(self, path: str) -> str:
        return path.partition("/")[2]

    def _told(self, name: str) -> Any:
        with self._asked(name) as system:
            return system.call_s3("head_object", Bucket=self._bucket, Key=self._key(self._at(name)))

    def _listed(self, start: str, how: dict[str, str]) -> Iterator[Any]:
        more: dict[str, str] = {}
        while True:
            with self._asked() as system:
                asked = {"Bucket": self._bucket, "Prefix": self._key(start), **how, **more}
                page = system.call_s3("list_objects_v2", **asked)
            yield page
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    @contextmanager
    def _opened(self, name: str) -> Iterator[Any]:
        with self._asked(name) as system:
            file: BinaryIO = system.open(self._at(name), "rb", block_size=PIECE_BYTES, cache_type="none")
        with file:
            yield file

    @contextmanager
    def _asked(self, name: str | None = None) -> Iterator[Any]:
        """The store, and one kind of failure for all its kinds."""
        try:
            yield self._connected()
        except FileNotFoundError as error:
            if name is None or "NoSuchBucket" in _said(error):
                told = f"there is no bucket {self._bucket} at this address"
                raise StoreUnavailable(told, passes=False) from error
            self.check()  # where the bucket is gone, its objects are not lost
            raise StoredFileLost(
                f"{name} is gone from the store; restore it, or send the file again"
            ) from error
        except Exception as error:
            if name is not None and "412" in _said(error):
                raise StoredFileLost(f"{name} was changed while it was read; send the file again") from error
            if not isinstance(error, _failures()):
                raise
            told = f"the object store {_why(error)}"
            raise StoreUnavailable(told, passes=not _refused(error)) from error

    def _connected(self) -> Any:
        with self._lock:
            if self._system is None:
                from s3fs import S3FileSystem  # slow to import, and few need it

                self._system = S3FileSystem(
                    use_listings_cache=False,
                    skip_instance_cache=True,
                    config_kwargs={
                        "connect_timeout": 5,
                        "read_timeout": 30,
                        "retries": {"max_attempts": 2, "mode": "standard"},
                    },
                )
                self._system.retries = 1  # botocore's own are enough
            return self._system


def _failures() -> tuple[type[Exception], ...]:
    from aiohttp import ClientError
    from botocore.exceptions import BotoCoreError
    from botocore.exceptions import ClientError as Refused

    return OSError, BotoCoreError, Refused, ClientError


def _said(error: BaseException | None) -> str:
    """What the store called the error, and the status that it answered with."""
    while error is not None:
        answer = getattr(error, "response", None)
        if isinstance(answer, dict):
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
            return f"{answer.get('Error', {}).get('Code', '')} {status}"
        error = error.__cause__ or error.__context__
    return ""


def _refused(error: BaseException) -> bool:
    denied = isinstance(error, PermissionError) or "Credentials" in type(error).__name__
    return denied or _NO_ACCESS.search(_said(error)) is not None


def _why(error: BaseException) -> str:
    said = _said(error)
    if _refused(error):
        return "refuses access; look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy"
    if _FULL.search(said):
        return "is full"
    return f"does not answer as it should ({said.split()[0]})" if said else "cannot be reached"
