"""The index of a catalogue of any size: sorted copies, and in memory what came since."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from core.errors import RegistryError
from provenance.fingerprint.copies import Copies, Copy
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.match import Match
from provenance.fingerprint.postings import Filed, IntArray, Owned, Postings, Together
from provenance.fingerprint.recent import Recent
from provenance.fingerprint.search import search
from provenance.fingerprint.sql import SqlIndex


class MappedIndex:
    """Finds an owner's tracks; which ones does not depend on what lies in copies, in memory or in SQL alone.

    P-values count tracks that were removed until the next copy is made. SQL is asked for hashes where a copy
    is damaged, and for tracks that are neither in a copy nor in memory: slower, never wrong.

    Args:
        engine: the database.
        folder: of the copies.
        owner: whose tracks are found.
        recent: what this process holds of the database's newest tracks; None begins anew.
    """

    def __init__(
        self, engine: Engine, folder: Path, owner: str = "", *, recent: Recent | None = None
    ) -> None:
        self._engine = engine
        self._owner = owner
        self._sql = SqlIndex(engine, owner)
        self._copies = Copies(engine, folder)
        self._recent = recent or Recent()

    def query(self, fingerprint: Fingerprint) -> list[Match]:
        """Tracks that the audio holds, best first."""
        with self._engine.connect() as connection:
            try:
                return self._search(connection, self._copies.chain(connection), fingerprint)
            except RegistryError:
                pass  # the damaged copy is gone; until the next one is made
        return self._sql.query(fingerprint)

    def _search(self, connection: Connection, chain: Sequence[Copy], fingerprint: Fingerprint) -> list[Match]:
        held = self._recent.since(connection, chain[-1].last if chain else 0, self._owner)
        places: list[Filed] = [*(Kept(self._copies, copy, copy.owned(self._owner)) for copy in chain)]
        places += held.places
        if len(held.others.numbers):
            places.append(self._sql.filed_on(connection, held.others))
        frames = sum(copy.frames(self._owner) for copy in chain) + held.frames + held.others.frames
        return self._sql.named_on(connection, search(fingerprint, Together(places), frames))


@dataclass(frozen=True)
class Kept:
    """An owner's tracks in a copy, which is thrown away where it turns out to be damaged.

    Attributes:
        copies: that it is one of.
        copy: the copy.
        owned: the owner's tracks in it.
    """

    copies: Copies
    copy: Copy
    owned: Owned

    def sizes(self, keys: IntArray) -> IntArray:
        """What is read for each key.

        Raises:
            RegistryError: the copy was damaged, and is gone.
        """
        with self._discarded():
            return self.owned.sizes(keys)

    def lookup(self, keys: IntArray) -> Postings:
        """Postings of keys.

        Raises:
            RegistryError: the copy was damaged, and is gone.
        """
        with self._discarded():
            return self.owned.lookup(keys)

    @contextmanager
    def _discarded(self) -> Iterator[None]:
        try:
            yield
        except RegistryError:
            self.copies.discard(self.copy)
            raise
