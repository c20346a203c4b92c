"""Tracks of the SQL index on their way into a sorted copy: how many fit, and their hashes, some at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, pairwise

import numpy as np
from sqlalchemy import Connection, func, select

from provenance.fingerprint import triplets
from provenance.fingerprint.disturbance import disturbance
from provenance.fingerprint.mapped import MOST_TRACKS
from provenance.fingerprint.search import IntArray
from provenance.fingerprint.sql import (
    BYTES_PER_HASH,
    LOW_BITS,
    SELECT_PACKED,
    hash_table,
    track_table,
    unpacked_hashes,
)

TRACKS_AT_ONCE = 64
ROWS_AT_ONCE = 1000
FRAMES_AT_ONCE = 150_000  # some hundred thousand hashes


class Stopped(Exception):
    """The copy is given up."""


@dataclass
class Span:
    """Tracks in the order of their numbers that make one copy.

    Attributes:
        after: a number below the first.
        first: number of the first, from which a copy counts.
        last: number of the last; `after` where there are none.
        newest: record of the last.
        tracks: how many there are.
        hashes: how many they have together.
        frames: length of each owner's tracks together.
        rows_only: whether earlier releases filed some.
        ended: whether no track comes after them.
    """

    after: int
    first: int
    last: int
    newest: str = ""
    tracks: int = 0
    hashes: int = 0
    frames: dict[str, int] = field(default_factory=dict)
    rows_only: bool = False
    ended: bool = True


def hashes_after(connection: Connection, after: int) -> int:
    """How many hashes the tracks after a number have, but for those that are filed as rows only."""
    size = func.sum(func.length(track_table.c.filed))
    counted = connection.execute(select(size).where(track_table.c.id > after)).scalar_one()
    return int(counted or 0) // BYTES_PER_HASH


def span(connection: Connection, after: int, most: int) -> Span:
    """The tracks after a number, as many as have no more than `most` hashes together, and at least one."""
    found, counts = Span(after, after, after), dict[int, int]()
    size = func.length(track_table.c.filed).label("size")
    columns = track_table.c.id, track_table.c.owner, track_table.c.frames, track_table.c.record_id, size
    wanted = select(*columns).where(track_table.c.id > after).order_by(track_table.c.id)
    with connection.execute(wanted, execution_options={"yield_per": ROWS_AT_ONCE}) as tracks:
        for track in tracks:
            if track.size is None and not counts:
                counts = _rows_of_each(connection, after)
            filed = counts.get(track.id, 0) if track.size is None else track.size // BYTES_PER_HASH
            if not found.tracks:
                found.first = track.id
            elif found.hashes + filed > most or track.id - found.first >= MOST_TRACKS:
                found.ended = False
                break
            found.last, found.newest = track.id, track.record_id
            found.tracks, found.hashes = found.tracks + 1, found.hashes + filed
            found.frames[track.owner] = found.frames.get(track.owner, 0) + track.frames
            found.rows_only |= track.size is None
    return found


def _rows_of_each(connection: Connection, after: int) -> dict[int, int]:
    """How many hashes the tracks have of which there are rows only."""
    wanted = (
        select(hash_table.c.track_id, func.count())
        .join(track_table, track_table.c.id == hash_table.c.track_id)
        .where(track_table.c.id > after, track_table.c.filed.is_(None))
        .group_by(hash_table.c.track_id)
    )
    return {row[0]: row[1] for row in connection.execute(wanted)}


def hashes(
    connection: Connection, of: Span, stopped: Callable[[], bool]
) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """Disturbed key, track (counted from the first) and time of every filed hash of a span.

    Raises:
        Stopped: `stopped` said so.
    """
    found = _rows(connection, of, stopped) if of.rows_only else _pieces(connection, of, stopped)
    for key, track, time in found:
        yield key, track - of.first, time


def _pieces(
    connection: Connection, of: Span, stopped: Callable[[], bool]
) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    wanted = select(track_table.c.id, track_table.c.owner, track_table.c.filed).order_by(track_table.c.id)
    after = of.after
    while after < of.last:
        if stopped():
            raise Stopped
        some = wanted.where(track_table.c.id > after, track_table.c.id <= of.last).limit(TRACKS_AT_ONCE)
        keys, tracks, times = list[IntArray](), list[IntArray](), list[IntArray]()
        after = of.last  # unless some are found
        for row in connection.execute(some):
            key, time = unpacked_hashes(row.filed)
            keys.append(key ^ disturbance(row.owner))
            tracks.append(np.full(len(key), row.id, np.int64))
            times.append(time)
            after = row.id
        if keys:
            yield np.concatenate(keys), np.concatenate(tracks), np.concatenate(times)


def _rows(
    connection: Connection, of: Span, stopped: Callable[[], bool]
) -> Iterator[tuple[IntArray, IntArray, IntArray]]:
    """The same of the rows, which have what earlier releases filed.

    They are read by ranges of keys, which are even: a cursor of the driver's own is several times as fast as
    SQLAlchemy's rows, but on PostgreSQL it holds the whole answer to a question.
    """
    disturbances = np.zeros(of.last - of.after + 1, np.int64)
    owners = select(track_table.c.id, track_table.c.owner)
    for row in connection.execute(owners.where(track_table.c.id > of.after, track_table.c.id <= of.last)):
        disturbances[row.id - of.after] = disturbance(row.owner)
    ranges = 1 + sum(of.frames.values()) // FRAMES_AT_ONCE
    borders = [(1 << triplets.KEY_BITS - LOW_BITS) * n // ranges for n in range(ranges + 1)]
    cursor = connection.connection.cursor()
    try:
        for begin, end in pairwise(borders):
            if stopped():
                raise Stopped
            cursor.execute(
                f"{SELECT_PACKED} WHERE key >= {begin} AND key < {end}"
                f" AND track_id > {of.after} AND track_id <= {of.last}"
            )
            packed = cursor.fetchall()
            table = np.fromiter(chain.from_iterable(packed), np.int64, 2 * len(packed)).reshape(-1, 2)
            track = table[:, 1] >> 32
            yield table[:, 0] ^ disturbances[track - of.after], track, table[:, 1] & 0xFFFFFFFF
    finally:
        cursor.close()
