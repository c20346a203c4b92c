"""Writing to an upload: what was told to be there is there, whatever ends the process."""

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from io import FileIO

from sqlalchemy import Engine, update

from api import database
from api.database.tables import Table
from api.errors import OffsetMismatch, UnknownEntry
from core import clock

KEEP_BYTES = 4 * 1024 * 1024
"""How much may be lost where a process is killed in the middle of a long piece."""
_UPLOADS = Table.metadata.tables["resumable_uploads"]


class Appending:
    """Adds to the file of an upload that nobody else writes to; made by `Uploads.appending`.

    Args:
        engine: the database as the tenant sees it.
        upload_id: whose.
        size_bytes: of the whole file.
        received_bytes: where it goes on.
        file: open for writing, locked.
        lifetime: of the upload after its last byte.
        hand_in: called with the digest of the whole before that is entered; it may raise, and is called again
            when somebody asks for the upload.
        sha256: of an upload that is complete.
    """

    def __init__(
        self,
        engine: Engine,
        upload_id: str,
        size_bytes: int,
        received_bytes: int,
        file: FileIO,
        lifetime: timedelta,
        hand_in: Callable[[str], None],
        sha256: str | None,
    ) -> None:
        self._engine = engine
        self._id = upload_id
        self._size = size_bytes
        self._kept = self._end = received_bytes
        self._file = file
        self._lifetime = lifetime
        self._hand_in = hand_in
        self._whole = sha256
        # The digest of all that came in one piece needs no second reading.
        self._digest = hashlib.sha256() if received_bytes == 0 else None
        file.truncate(received_bytes)  # what a request that died left behind it
        file.seek(received_bytes)

    @property
    def left_bytes(self) -> int:
        """How much is still to come."""
        return self._size - self._end

    def begin(self, offset: int) -> None:
        """Go on at an offset.

        Raises:
            OffsetMismatch: the upload goes on elsewhere.
        """
        if offset != self._end:
            raise OffsetMismatch(f"the upload goes on at byte {self._end}; ask for Upload-Offset with HEAD")

    def write(self, data: bytes, *, whole: bool) -> None:
        """Add some bytes, at most `left_bytes`.

        Args:
            data: the bytes.
            whole: the piece counts only as a whole, so that nothing of it is kept by the way.
        """
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        if self._digest is not None:
            self._digest.update(data)
        self._end += len(data)
        if not whole and self._end - self._kept >= KEEP_BYTES:
            self.keep()

    def keep(self) -> None:
        """Have all that was written survive this process, and its host.

        Raises:
            UnknownEntry: the upload was deleted meanwhile.
            StoreUnavailable: all has come and is kept here, but not yet where every worker finds it.
        """
        os.fdatasync(self._file.fileno())
        self._enter(received_bytes=self._end, expires_at=clock.now() + self._lifetime)
        self._kept = self._end
        if self._end == self._size and self._whole is None:
            digest = self._sha256()
            self._hand_in(digest)
            self._enter(sha256=digest)
            self._whole = digest

    def _enter(self, **values: object) -> None:
        mine = update(_UPLOADS).where(_UPLOADS.c.id == self._id)
        with database.writing(self._engine) as connection:
            if connection.execute(mine.values(**values)).rowcount == 0:
                raise UnknownEntry(f"the upload {self._id} was deleted")

    def drop(self) -> None:
        """Forget what was written since the last `keep`."""
        self._file.truncate(self._kept)
        self._end = self._kept

    def _sha256(self) -> str:
        if self._digest is not None:
            return self._digest.hexdigest()
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()
