"""The index of a catalogue of any size: the newest sorted copy, and through SQL what came since."""

from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine

from core.errors import RegistryError
from provenance.fingerprint.copies import Copies, Copy
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.match import Match
from provenance.fingerprint.search import IntArray, Lookup, Postings, search
from provenance.fingerprint.sql import SqlIndex


class MappedIndex:
    """Finds an owner's tracks; which ones does not depend on what lies in the copy and what in SQL alone.

    P-values count tracks that were removed until the next copy is made. Without a copy that can be used it
    asks SQL for everything: slower, never wrong.

    Args:
        engine: the database.
        folder: of the copies.
        owner: whose tracks are found.
    """

    def __init__(self, engine: Engine, folder: Path, owner: str = "") -> None:
        self._engine = engine
        self._owner = owner
        self._sql = SqlIndex(engine, owner)
        self._copies = Copies(engine, folder)

    def query(self, fingerprint: Fingerprint) -> list[Match]:
        """Tracks that the audio holds, best first."""
        with self._engine.connect() as connection:
            copy = self._copies.newest(connection)
            if copy is not None:
                try:
                    return self._with_copy(connection, copy, fingerprint)
                except RegistryError:
                    self._copies.discard(copy)
        return self._sql.query(fingerprint)

    def _with_copy(self, connection: Connection, copy: Copy, fingerprint: Fingerprint) -> list[Match]:
        newer = self._sql.tracks_on(connection, after=copy.last)
        lookup = copy.lookup(self._owner)
        if len(newer.numbers):
            lookup = _both(lookup, self._sql.lookup_on(connection, newer))
        found = search(fingerprint, lookup, copy.frames(self._owner) + newer.frames)
        return self._sql.named_on(connection, found)


def _both(first: Lookup, second: Lookup) -> Lookup:
    """Look-up in two places."""

    def lookup(keys: IntArray) -> Postings:
        a, b = first(keys), second(keys)
        return Postings(
            np.concatenate([a.position, b.position]),
            np.concatenate([a.track, b.track]),
            np.concatenate([a.time, b.time]),
        )

    return lookup
