"""The index in SQL: one row per filed hash, on SQLite and PostgreSQL.

The rows are the source of truth. For catalogues of many thousand tracks `mapped_index.MappedIndex` searches
a sorted copy. Tracks belong to owners (a service's tenants), who never meet: an owner's query looks at the
owner's tracks alone, from the first hash on, so that nobody else's can crowd them out of the answer.
"""

import json
from dataclasses import dataclass
from itertools import chain

import numpy as np
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
)

from core.errors import RegistryError
from provenance.fingerprint import triplets
from provenance.fingerprint.extract import Fingerprint
from provenance.fingerprint.match import Found, Match
from provenance.fingerprint.postings import Filed, IntArray, Postings
from provenance.fingerprint.search import search, starts

fingerprint_metadata = MetaData()

track_table = Table(
    "fingerprint_track",
    fingerprint_metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("record_id", String(16), nullable=False, unique=True),
    Column("frames", Integer, nullable=False, comment="length in frames of 128 / 11025 s"),
    Column("owner", String(63), nullable=False, server_default="", comment="whose queries may find it"),
    Column("filed", LargeBinary, comment="its hashes in one piece; earlier releases filed rows only"),
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
BYTES_PER_HASH = 12
LOW_BITS = 16
LOW = (1 << LOW_BITS) - 1
JSON_KEYS = "(SELECT value FROM json_each(?))"
SELECT_PACKED = (
    "SELECT CAST(key AS BIGINT) * 65536 + detail, CAST(track_id AS BIGINT) * 4294967296 + time"
    " FROM fingerprint_hash"
)


@dataclass(frozen=True)
class Tracks:
    """Some filed tracks.

    Attributes:
        numbers: their numbers in the index, rising, [T].
        frames: their length together.
    """

    numbers: IntArray
    frames: int


@dataclass(frozen=True)
class Rows:
    """Filed hashes as the database holds them.

    Attributes:
        connection: to the database.
        tracks: whose hashes are asked for, rising numbers, [T].
    """

    connection: Connection
    tracks: IntArray

    def sizes(self, keys: IntArray) -> IntArray:
        """Nothing: counting costs as much as reading, and all rows of a key are needed."""
        return np.zeros(len(keys), np.int64)

    def lookup(self, keys: IntArray) -> Postings:
        """Postings of distinct keys in rising order.

        Two packed numbers per row: rows cost more than seeks.
        """
        packed: list[tuple[int, int]] = []
        high = keys >> LOW_BITS if len(self.tracks) else keys[:0]
        high = high[starts(high)]
        in_json = self.connection.dialect.name == "sqlite"
        cursor = self.connection.connection.cursor()  # the driver's own: thousands of rows without names
        try:
            for begin in range(0, len(high), KEYS_PER_STATEMENT):
                # Written out, not bound one by one: both databases limit parameters, and binding is slow.
                # Reading so long a statement takes SQLite 8 kB of memory a key and most of the time, a list
                # in JSON none.
                listed = json.dumps(high[begin : begin + KEYS_PER_STATEMENT].tolist())
                wanted, bound = (JSON_KEYS, (listed,)) if in_json else (f"({listed[1:-1]})", ())
                later = f"track_id >= {int(self.tracks[0])}"
                cursor.execute(f"{SELECT_PACKED} WHERE key IN {wanted} AND {later}", bound)
                packed += cursor.fetchall()
        finally:
            cursor.close()
        table = np.fromiter(chain.from_iterable(packed), np.int64, 2 * len(packed)).reshape(-1, 2)
        position, track = np.searchsorted(keys, table[:, 0]), table[:, 1] >> 32
        own = (_at(keys, position) == table[:, 0]) & (
            _at(self.tracks, np.searchsorted(self.tracks, track)) == track
        )
        return Postings(position[own], track[own], table[own, 1] & 0xFFFFFFFF)


class SqlIndex:
    """Index of fingerprints in the tables of `fingerprint_metadata` (created by the migrations).

    Args:
        engine: the database.
        owner: whose tracks are filed and found.
    """

    def __init__(self, engine: Engine, owner: str = "") -> None:
        self._engine = engine
        self._owner = owner

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
        rows = _rows(fingerprint)
        filed = packed_hashes((rows[:, 0] << LOW_BITS) | rows[:, 1], rows[:, 2])
        values = {
            "record_id": record_id,
            "frames": fingerprint.frames,
            "owner": self._owner,
            "filed": filed,
        }
        track = connection.execute(
            insert(track_table).values(values).returning(track_table.c.id)
        ).scalar_one()
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
            tracks = self.tracks_on(connection)
            found = search(fingerprint, self.filed_on(connection, tracks), tracks.frames)
            return self.named_on(connection, found)

    def tracks_on(self, connection: Connection, *, after: int = 0) -> Tracks:
        """The owner's tracks of a higher number than `after`."""
        wanted = (track_table.c.id > after, track_table.c.owner == self._owner)
        query = select(track_table.c.id, track_table.c.frames).where(*wanted).order_by(track_table.c.id)
        rows = connection.execute(query).all()
        return Tracks(np.array([row.id for row in rows], np.int64), sum(row.frames for row in rows))

    def filed_on(self, connection: Connection, tracks: Tracks) -> Filed:
        """The hashes of some tracks."""
        return Rows(connection, tracks.numbers)

    def named_on(self, connection: Connection, found: list[Found]) -> list[Match]:
        """Put record ids in the place of track numbers; tracks that are gone are left out."""
        if not found:
            return []
        wanted = (track_table.c.id.in_([f.track for f in found]), track_table.c.owner == self._owner)
        rows = connection.execute(select(track_table.c.id, track_table.c.record_id).where(*wanted))
        names = {row.id: row.record_id for row in rows}
        return [f.named(names) for f in found if f.track in names]


def packed_hashes(key: IntArray, time: IntArray) -> bytes:
    """A track's filed hashes in one piece, so that they can be had without looking for each of their keys."""
    return key.astype("<u8").tobytes() + time.astype("<u4").tobytes()


def unpacked_hashes(filed: bytes) -> tuple[IntArray, IntArray]:
    """Keys and times of what `packed_hashes` made."""
    count = len(filed) // BYTES_PER_HASH
    key = np.frombuffer(filed, "<u8", count).astype(np.int64)
    return key, np.frombuffer(filed, "<u4", count, 8 * count).astype(np.int64)


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


def _at(rising: IntArray, position: IntArray) -> IntArray:
    """Values at positions of which the highest may lie one behind the last value."""
    return rising[np.minimum(position, len(rising) - 1)]
