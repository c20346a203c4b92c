"""The index in SQL: one row per filed hash, on SQLite and PostgreSQL.

The rows are the source of truth. For catalogues of many thousand tracks `mapped.MappedIndex` searches a
sorted copy.
"""

from itertools import chain

import numpy as np
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)

from core.errors import RegistryError
from provenance.fingerprint import triplets
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.search import Found, IntArray, Match, Postings, search

fingerprint_metadata = MetaData()

track_table = Table(
    "fingerprint_track",
    fingerprint_metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("record_id", String(16), nullable=False, unique=True),
    Column("frames", Integer, nullable=False, comment="length in frames of 128 / 11025 s"),
    sqlite_autoincrement=True,  # a track number is never used again: a sorted copy may still hold it
)

hash_table = Table(
    "fingerprint_hash",
    fingerprint_metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),
    Column("track_id", Integer, ForeignKey("fingerprint_track.id"), primary_key=True, autoincrement=False),
    Column("time", Integer, primary_key=True, autoincrement=False, comment="frame of the first peak"),
    Column("detail", Integer, primary_key=True, autoincrement=False, comment="the low 16 bits of the key"),
    sqlite_with_rowid=False,
)

KEYS_PER_STATEMENT = 20_000
LOW_BITS = 16
LOW = (1 << LOW_BITS) - 1
SELECT_PACKED = (
    "SELECT CAST(key AS BIGINT) * 65536 + detail, CAST(track_id AS BIGINT) * 4294967296 + time"
    " FROM fingerprint_hash"
)


class SqlIndex:
    """Index of fingerprints in the tables of `fingerprint_metadata` (created by the migrations)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, record_id: str, fingerprint: Fingerprint) -> None:
        """File a track in a transaction of its own; see `add_on`."""
        with self._engine.begin() as connection:
            self.add_on(connection, record_id, fingerprint)

    def add_on(self, connection: Connection, record_id: str, fingerprint: Fingerprint) -> None:
        """File a track in the caller's transaction.

        Raises:
            RegistryError: the record has a fingerprint already.
        """
        if _track_id(connection, record_id) is not None:
            raise RegistryError(f"record {record_id} has a fingerprint already: remove it first")
        values = {"record_id": record_id, "frames": fingerprint.frames}
        track = connection.execute(
            insert(track_table).values(values).returning(track_table.c.id)
        ).scalar_one()
        rows = _rows(fingerprint)
        if len(rows):
            entries = [{"key": k, "track_id": track, "time": t, "detail": d} for k, d, t in rows.tolist()]
            connection.execute(insert(hash_table), entries)

    def remove(self, record_id: str) -> None:
        """Forget a track in a transaction of its own; see `remove_on`."""
        with self._engine.begin() as connection:
            self.remove_on(connection, record_id)

    def remove_on(self, connection: Connection, record_id: str) -> None:
        """Forget a track in the caller's transaction.

        Raises:
            RegistryError: the record has no fingerprint.
        """
        track = _track_id(connection, record_id)
        if track is None:
            raise RegistryError(f"record {record_id} has no fingerprint")
        connection.execute(delete(hash_table).where(hash_table.c.track_id == track))
        connection.execute(delete(track_table).where(track_table.c.id == track))

    def query(self, fingerprint: Fingerprint) -> list[Match]:
        """Tracks that the audio holds, best first; none where there is too little to decide on."""
        with self._engine.connect() as connection:
            total = connection.execute(select(func.coalesce(func.sum(track_table.c.frames), 0))).scalar_one()
            found = search(fingerprint, lambda keys: _lookup(connection, keys), int(total))
            return named(connection, found)


def named(connection: Connection, found: list[Found]) -> list[Match]:
    """Put record ids in the place of track numbers; tracks that are gone are left out."""
    if not found:
        return []
    wanted = track_table.c.id.in_([f.track for f in found])
    rows = connection.execute(select(track_table.c.id, track_table.c.record_id).where(wanted))
    names = {row.id: row.record_id for row in rows}
    return [f.named(names[f.track]) for f in found if f.track in names]


def _track_id(connection: Connection, record_id: str) -> int | None:
    return connection.execute(
        select(track_table.c.id).where(track_table.c.record_id == record_id)
    ).scalar_one_or_none()


def _rows(fingerprint: Fingerprint) -> IntArray:
    """Distinct (high and low part of the key, time) of the filed hashes, sorted, [H, 3]."""
    filed = fingerprint.reference()
    key = triplets.keys(triplets.values(filed.hashes))
    columns = [key >> LOW_BITS, key & LOW, filed.times.astype(np.int64)]
    return np.asarray(np.unique(np.stack(columns, axis=1), axis=0), dtype=np.int64)


def _lookup(connection: Connection, keys: IntArray) -> Postings:
    """Postings of distinct keys in rising order, two packed numbers per row: rows cost more than seeks."""
    packed: list[tuple[int, int]] = []
    high = np.unique(keys >> LOW_BITS)
    cursor = connection.connection.cursor()  # the driver's own: thousands of rows that need no names
    try:
        for begin in range(0, len(high), KEYS_PER_STATEMENT):
            # Written out, not bound: both databases limit parameters, and binding is slow.
            listed = ",".join(map(str, high[begin : begin + KEYS_PER_STATEMENT].tolist()))
            cursor.execute(f"{SELECT_PACKED} WHERE key IN ({listed})")
            packed += cursor.fetchall()
    finally:
        cursor.close()
    table = np.fromiter(chain.from_iterable(packed), np.int64, 2 * len(packed)).reshape(-1, 2)
    position = np.searchsorted(keys, table[:, 0])
    own = keys[np.minimum(position, len(keys) - 1)] == table[:, 0]
    position, table = position[own], table[own]
    return Postings(position, table[:, 1] >> 32, table[:, 1] & 0xFFFFFFFF)
