"""The index of a catalogue of any size: sorted copies, and in memory what came since."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine

from core.errors import RegistryError
from provenance.fingerprint.copies import Copies, Copy
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.match import Match
from provenance.fingerprint.recent import Recent
from provenance.fingerprint.search import IntArray, Lookup, Postings, search
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
        lookups = [*(self._discarding(copy) for copy in chain), *held.lookups]
        if len(held.others.numbers):
            lookups.append(self._sql.lookup_on(connection, held.others))
        frames = sum(copy.frames(self._owner) for copy in chain) + held.frames + held.others.frames
        return self._sql.named_on(connection, search(fingerprint, _together(lookups), frames))

    def _discarding(self, copy: Copy) -> Lookup:
        """Look-up in a copy, which is thrown away where it turns out to be damaged."""
        asked = copy.lookup(self._owner)

        def lookup(keys: IntArray) -> Postings:
            try:
                return asked(keys)
            except RegistryError:
                self._copies.discard(copy)
                raise

        return lookup


def _together(lookups: Sequence[Lookup]) -> Lookup:
    """Look-up in several places."""
    if len(lookups) == 1:
        return lookups[0]

    def lookup(keys: IntArray) -> Postings:
        found = [one(keys) for one in lookups]
        if not found:
            nothing = np.zeros(0, np.int64)
            return Postings(nothing, nothing, nothing)
        return Postings(
            np.concatenate([postings.position for postings in found]),
            np.concatenate([postings.track for postings in found]),
            np.concatenate([postings.time for postings in found]),
        )

    return lookup
