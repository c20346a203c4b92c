"""The fingerprints of a tenant's tracks, and the thread that keeps the sorted copy of their index fresh."""

import logging
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

if TYPE_CHECKING:
    from provenance.fingerprint import Copies, MappedIndex, Recent

log = logging.getLogger(__name__)

INTERVAL_S = 60.0
PATIENCE_S = 5.0


class Newest:
    """What this process holds of the newest tracks of all tenants, from the first question on."""

    @cached_property
    def tracks(self) -> "Recent":
        """Those tracks."""
        from provenance.fingerprint import Recent

        return Recent()


@dataclass(frozen=True)
class Fingerprints:
    """The fingerprints of one tenant.

    Attributes:
        engine: the database.
        folder: where copies of the index lie.
        tenant: whose tracks are searched.
        newest: shared by all tenants of the database.
    """

    engine: Engine
    folder: Path
    tenant: str
    newest: Newest

    def index(self) -> "MappedIndex":
        """The fingerprints of this tenant's records."""
        from provenance.fingerprint import MappedIndex

        return MappedIndex(self.engine, self.folder, self.tenant, recent=self.newest.tracks)

    def copies(self) -> "Copies":
        """Of all tenants: the copies that `index` searches."""
        from provenance.fingerprint import Copies

        return Copies(self.engine, self.folder)


class CopyKeeper:
    """Looks at its start and then every minute whether a newer copy is wanted, and makes it.

    Of several processes on one folder one does the work. A failure is logged and tried again: audits go on
    through SQL meanwhile.
    """

    def __init__(self, copies: "Copies", interval_s: float = INTERVAL_S) -> None:
        self._copies = copies
        self._interval_s = interval_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="fingerprint copies", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a copy that is being made is given up, at the latest when the process ends."""
        self._stopping.set()
        self._thread.join(PATIENCE_S)

    def _keep(self) -> None:
        while True:
            try:
                self._copies.refresh(self._stopping.is_set)
            except Exception:
                log.exception("no copy of the fingerprint index could be made")
            if self._stopping.wait(self._interval_s):
                return
