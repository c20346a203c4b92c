"""The uploads of all tenants: entered, read, listed, ended, and handed on to jobs.

A row tells how many bytes are surely on disk; what a file holds beyond them is of a request that died.
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, func, insert, or_, select

from api import database
from api.database.engine import LOG_LOCK
from api.database.tables import Table
from api.errors import (
    ConflictingEntry,
    QuotaReached,
    StoredFileLost,
    StoreUnavailable,
    UnknownEntry,
    UploadLocked,
)
from api.lists.cursors import Cursors
from api.settings import Settings
from api.store import ObjectStore
from api.uploads.appending import Appending
from core import clock
from core.counted import counted

MOST = 10_000
"""Uploads that a tenant may have, however small they are."""
STORED = "uploads"
"""The folder of uploads in a store."""
_QUOTA_LOCK = LOG_LOCK + 4
_UPLOADS = Table.metadata.tables["resumable_uploads"]


@dataclass(frozen=True)
class ResumableUpload:
    """A file that comes in pieces, or has come.

    Attributes:
        file_name: as the client called it (attacker text), shortened and without control characters.
        stored: file name inside `Settings.uploads`.
        sent_metadata: as the client sent it.
        received_bytes: how many are on disk.
        sha256: of the whole; None until all of it has come.
        expires_at: when it is deleted, unless more comes before.
    """

    id: str
    tenant: str
    file_name: str
    stored: str
    sent_metadata: str
    size_bytes: int
    received_bytes: int
    sha256: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Uploads:
    """The uploads of all tenants; every question names its tenant.

    Attributes:
        folder: where the files lie, beside those of jobs; with a store, until they are complete.
        lifetime: of an upload that nothing comes to.
        quota_bytes: how much all uploads of a tenant may have together.
    """

    engine: Engine
    folder: Path
    lifetime: timedelta
    quota_bytes: int
    store: ObjectStore | None = None

    @classmethod
    def of(cls, engine: Engine, settings: Settings) -> "Uploads":
        """The uploads of this home."""
        lifetime = timedelta(hours=settings.upload_expiry_hours)
        return cls(
            engine, settings.uploads, lifetime, settings.upload_storage_bytes, ObjectStore.of(settings)
        )

    def create(
        self,
        tenant: str,
        size_bytes: int,
        file_name: str,
        sent_metadata: str,
        upload_id: str | None = None,
    ) -> ResumableUpload:
        """Enter an upload of which nothing has come.

        Args:
            tenant: whose.
            size_bytes: of the whole file.
            file_name: shortened, without control characters.
            sent_metadata: what is told again whenever the upload is asked for.
            upload_id: its id; where there is one that has it, this is the same request once more, of which
                something may have come.

        Raises:
            QuotaReached: with it the tenant would store more than it may.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stored, now = fresh_name(file_name), clock.now()
        row = {
            "id": upload_id or secrets.token_hex(16),
            "tenant": tenant,
            "file_name": file_name,
            "stored": stored,
            "sent_metadata": sent_metadata,
            "size_bytes": size_bytes,
            "received_bytes": 0,
            "created_at": now,
            "expires_at": now + self.lifetime,
        }
        path = self.folder / stored
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            with database.writing(self._of(tenant)) as connection:
                database.hold(connection, _QUOTA_LOCK)  # of two that fit one by one, one may not fit
                begun = connection.execute(_mine(str(row["id"]), tenant)).one_or_none() is not None
                if not begun:
                    self._check_quota(connection, tenant, size_bytes)
                    connection.execute(insert(_UPLOADS).values(**row))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        if begun:
            path.unlink()
        return self.get(str(row["id"]), tenant)

    def get(self, upload_id: str, tenant: str) -> ResumableUpload:
        """An upload of the tenant whose file is there.

        Raises:
            UnknownEntry: there is none.
        """
        with database.reading(self._of(tenant)) as connection:
            row = connection.execute(_mine(upload_id, tenant)).one_or_none()
        in_store = self.store is not None and row is not None and row.sha256 is not None
        if row is None or not (in_store or _holds(self.folder / row.stored, row.received_bytes)):
            raise _unknown(upload_id)
        return _upload(row)

    def page(
        self, tenant: str, *, limit: int, cursor: str | None, cursors: Cursors
    ) -> tuple[list[ResumableUpload], str | None]:
        """A tenant's uploads, newest first, and the cursor of the next page.

        Raises:
            InvalidInput: the cursor is not one of this list.
        """
        about = json.dumps([tenant, "uploads"])
        at, own = _UPLOADS.c.created_at, _UPLOADS.c.id
        query = select(_UPLOADS).where(_UPLOADS.c.tenant == tenant)
        if cursor is not None:
            key, last = cursors.read(cursor, about)
            moment = datetime.fromisoformat(key)
            query = query.where(or_(at < moment, and_(at == moment, own < last)))
        with database.reading(self._of(tenant)) as connection:
            rows = connection.execute(query.order_by(at.desc(), own.desc()).limit(limit + 1)).all()
        shown = [_upload(row) for row in rows[:limit]]
        more = cursors.at(shown[-1].created_at, shown[-1].id, about) if len(rows) > limit else None
        return shown, more

    @contextmanager
    def appending(self, upload_id: str, tenant: str) -> Iterator[Appending]:
        """Write to an upload; nobody else can until the block ends, in whatever process.

        Raises:
            UnknownEntry: the tenant has no such upload.
            UploadLocked: somebody else writes.
        """
        found = self.get(upload_id, tenant)
        path = self.folder / found.stored
        try:
            file = path.open("r+b", buffering=0)
        except FileNotFoundError:
            if found.sha256 is None:
                raise _unknown(upload_id) from None
            file = TemporaryFile(buffering=0)  # noqa: SIM115  # it lies in the store, and nothing is to come
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadLocked("another request writes to this upload; try again in a moment") from None
            upload = self.get(upload_id, tenant)  # again: who held the file may have written
            yield Appending(
                self._of(tenant),
                upload_id,
                upload.size_bytes,
                upload.received_bytes,
                file,
                self.lifetime,
                partial(self._hand_in, upload.stored),
                upload.sha256,
            )
        if self.store is not None and self.get(upload_id, tenant).sha256 is not None:
            path.unlink(missing_ok=True)

    def remove(self, upload_id: str, tenant: str) -> None:
        """Forget an upload; jobs that were made of it keep their file. Raises `UnknownEntry`."""
        mine = (_UPLOADS.c.id == upload_id, _UPLOADS.c.tenant == tenant)
        with database.writing(self._of(tenant)) as connection:
            stored = connection.execute(delete(_UPLOADS).where(*mine).returning(_UPLOADS.c.stored)).scalar()
        if stored is None:
            raise _unknown(upload_id)
        self._erase([stored])

    def handed_on(self, upload_id: str, tenant: str) -> tuple[ResumableUpload, str]:
        """Give a job a file of its own with what was uploaded, and the name under which it is stored.

        The file takes no more room where the file system knows links; whoever asks deletes it.

        Raises:
            UnknownEntry: the tenant has no such upload.
            ConflictingEntry: not all of it has come.
            StoreUnavailable: the store does not answer.
        """
        upload = self.get(upload_id, tenant)
        if upload.received_bytes < upload.size_bytes:
            told = f"{upload.received_bytes} of {counted(upload.size_bytes, 'byte')}"
            raise ConflictingEntry(f"the upload is not complete: {told} have come; send the rest")
        if upload.sha256 is None:  # the process that received the last byte died before it could tell
            with self.appending(upload_id, tenant) as writer:
                writer.keep()
            upload = self.get(upload_id, tenant)
        stored = fresh_name(upload.file_name)
        source, target = self.folder / upload.stored, self.folder / stored
        if self.store is not None:
            self._copy(self.store, upload, source, stored)
            return upload, stored
        try:
            os.utime(source)  # links share it: a sweep takes old files without a job for leftovers
            try:
                os.link(source, target)
            except FileNotFoundError:
                raise
            except OSError:  # a file system without links
                shutil.copyfile(source, target)
        except FileNotFoundError:
            raise _unknown(upload_id) from None
        return upload, stored

    def settle(self, stored: str, sha256: str) -> None:
        """Have a file that was written here lie where every worker finds it. Raises `StoreUnavailable`."""
        if self.store is not None:
            self._hand_in(stored, sha256)
            (self.folder / stored).unlink()

    def discard(self, stored: str) -> None:
        """Delete a file that `handed_on` gave and no job got."""
        with suppress(StoreUnavailable):  # a sweep does it later
            self._erase([stored])

    def expire(self) -> None:
        """Delete the uploads of all tenants whose time is over."""
        over = _UPLOADS.c.expires_at <= clock.now()
        with database.writing(self.engine) as connection:
            gone = connection.execute(delete(_UPLOADS).where(over).returning(_UPLOADS.c.stored))
            names = list(gone.scalars())
        self._erase(names)

    def stored(self) -> set[str]:
        """The names of all files that are not to be swept up."""
        with database.reading(self.engine) as connection:
            return set(connection.execute(select(_UPLOADS.c.stored)).scalars())

    def _hand_in(self, stored: str, sha256: str) -> None:
        if self.store is not None:
            self.store.put(f"{STORED}/{stored}", self.folder / stored, sha256)

    def _copy(self, store: ObjectStore, upload: ResumableUpload, source: Path, target: str) -> None:
        """Give a job an object of its own; an upload of a time without a store lies here."""
        try:
            if source.is_file():
                store.put(f"{STORED}/{target}", source, upload.sha256)
            else:
                store.copy(f"{STORED}/{upload.stored}", f"{STORED}/{target}")
        except StoredFileLost:
            raise _unknown(upload.id) from None

    def _erase(self, names: Sequence[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
        if self.store is not None:
            self.store.erase(f"{STORED}/{name}" for name in names)

    def _of(self, tenant: str) -> Engine:
        return database.for_tenant(self.engine, tenant)

    def _check_quota(self, connection: Connection, tenant: str, more: int) -> None:
        told = select(func.count(), func.coalesce(func.sum(_UPLOADS.c.size_bytes), 0))
        count, stored = connection.execute(told.where(_UPLOADS.c.tenant == tenant)).one()
        if count >= MOST:
            raise QuotaReached(f"a tenant has at most {MOST} uploads; delete those that are done with")
        if stored + more > self.quota_bytes:
            raise QuotaReached(
                f"uploads may have {self.quota_bytes} bytes together, and {stored} are taken; "
                "delete those that are done with"
            )


def _mine(upload_id: str, tenant: str) -> Any:
    return select(_UPLOADS).where(_UPLOADS.c.id == upload_id, _UPLOADS.c.tenant == tenant)


def _unknown(upload_id: str) -> UnknownEntry:
    return UnknownEntry(f"no upload {upload_id}")


def _holds(path: Path, size: int) -> bool:
    """Whether a file is there with at least so many bytes; not so on a disk that was replaced."""
    try:
        return path.stat().st_size >= size
    except FileNotFoundError:
        return False


def fresh_name(file_name: str) -> str:
    """A name under which a file can be stored, with the ending of the one that the client gave it."""
    suffix = Path(file_name).suffix.lower()
    plain = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= 6
    return secrets.token_hex(16) + (suffix if plain else "")


def _upload(row: Row[Any]) -> ResumableUpload:
    return ResumableUpload(**row._mapping)
