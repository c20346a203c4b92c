"""The sketches of a tenant's tracks, and what a process holds of them to compare others with."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, delete, func, insert, select

from api import database
from api.database.tables import Table
from api.errors import UnknownEntry
from api.outbox import trail
from api.retention import holds
from core import clock

if TYPE_CHECKING:
    from core.clip import Clip
    from detector.originality import Shelf, Sketch
    from detector.originality.sketch import Parts
    from detector.originality.vectors import Rows

_RECORDS = Table.metadata.tables["records"]
_SKETCHES = Table.metadata.tables["sketches"]
MOST = 20_000
"""Tracks that a process holds, of all tenants together: some 200 MB."""
AT_ONCE = 500

Made = tuple[str, datetime]
"""A track's sketch: of which record, and when it was made."""


@dataclass(frozen=True)
class Shelved:
    """A tenant's tracks, laid out to be compared.

    Attributes:
        records: their records, in the shelf's order.
        shelf: what is compared.
        left_out: records that are not on it: without a sketch, with one of another version, or with one older
            than the newest `MOST`.
    """

    records: tuple[str, ...]
    shelf: "Shelf"
    left_out: int


@dataclass(frozen=True)
class Erased:
    """What became of sketches that were to be erased.

    Attributes:
        erased: records whose sketch is gone.
        held: records whose sketch a legal hold keeps.
    """

    erased: tuple[str, ...]
    held: tuple[str, ...]


class Held:
    """What this process holds of the sketches of all tenants of a database, at most `MOST`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._rows: OrderedDict[str, tuple[tuple[Made, ...], Rows]] = OrderedDict()

    def of(self, tenant: str) -> "tuple[tuple[Made, ...], Rows | None]":
        """A tenant's sketches, and the row of each."""
        return self._rows.get(tenant, ((), None))

    def put(self, tenant: str, made: tuple[Made, ...], rows: "Rows") -> None:
        """Hold a tenant's instead of those held before; the tenants that asked longest ago make room."""
        self._rows[tenant] = (made, rows)
        self._rows.move_to_end(tenant)
        while sum(len(kept) for kept, _ in self._rows.values()) > MOST and len(self._rows) > 1:
            self._rows.popitem(last=False)


@dataclass(frozen=True)
class Sketches:
    """The sketches of one tenant's records.

    Attributes:
        engine: the database.
        tenant: whose they are.
        held: shared by all tenants of the database.
    """

    engine: Engine
    tenant: str
    held: Held

    def keep(self, record_id: str, sketch: "Sketch") -> None:
        """Keep what was heard of a record's track, instead of what was kept before.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        from detector.originality.sketch import FORMAT
        from detector.originality.vectors import vectors

        row = {
            "record_id": record_id,
            "tenant": self.tenant,
            "made_at": clock.now(),
            "format": FORMAT,
            "whole": vectors([sketch]).tobytes(),
            "parts": sketch.parts.to_bytes(),
        }
        # The record is held, so that of two who keep its sketch at once one comes after the other.
        mine = (
            select(_RECORDS.c.record_id)
            .where(_RECORDS.c.record_id == record_id, _RECORDS.c.tenant == self.tenant)
            .with_for_update()
        )
        with database.writing(self.engine) as connection:
            if connection.execute(mine).scalar_one_or_none() is None:
                raise UnknownEntry(f"no record {record_id}")
            connection.execute(delete(_SKETCHES).where(_SKETCHES.c.record_id == record_id))
            connection.execute(insert(_SKETCHES).values(**row))

    def hear(self, record_id: str, clip: "Clip") -> None:
        """Make and keep the sketch of a record's track.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        from detector.originality import sketch

        self.keep(record_id, sketch(clip.wav, clip.sample_rate))

    def erase(self, records: Collection[str] | None = None) -> Erased:
        """Erase sketches for good; their records, marks and fingerprints stay.

        Args:
            records: whose; None is every one of the tenant, of whatever version.

        Returns:
            What is gone, and what legal holds on its records keep.

        Raises:
            UnknownEntry: a record is none of the tenant's; nothing is erased.
        """
        mine = [_SKETCHES.c.tenant == self.tenant]
        kept = holds.keeps_record(_SKETCHES.c.record_id, _SKETCHES.c.tenant)
        erased: list[str] = []
        held: list[str] = []
        with database.writing(self.engine) as connection:
            holds.lock(connection)
            for some in [None] if records is None else _some(sorted(set(records))):
                self._check(connection, some or ())
                asked = mine if some is None else [*mine, _SKETCHES.c.record_id.in_(some)]
                held += connection.execute(select(_SKETCHES.c.record_id).where(*asked, kept)).scalars()
                gone = delete(_SKETCHES).where(*asked, ~kept).returning(_SKETCHES.c.record_id)
                erased += connection.execute(gone).scalars()
            if erased:
                trail.done(connection, self.tenant, "sketches.erased", "/v1/records")
        database.forget_traces(self.engine)
        return Erased(tuple(sorted(erased)), tuple(sorted(held)))

    def _check(self, connection: Connection, records: Sequence[str]) -> None:
        known = select(_RECORDS.c.record_id).where(
            _RECORDS.c.record_id.in_(records), _RECORDS.c.tenant == self.tenant
        )
        unknown = sorted(set(records) - set(connection.execute(known).scalars()))
        if unknown:
            raise UnknownEntry(f"no record {', '.join(unknown[:3])}")

    def without(self, records: Collection[str]) -> set[str]:
        """Those of some records of which no sketch of this version is kept."""
        from detector.originality.sketch import FORMAT

        found: set[str] = set()
        for ids in _some(sorted(records)):
            query = select(_SKETCHES.c.record_id).where(
                _SKETCHES.c.record_id.in_(ids),
                _SKETCHES.c.tenant == self.tenant,
                _SKETCHES.c.format == FORMAT,
            )
            with database.reading(self.engine) as connection:
                found.update(connection.execute(query).scalars())
        return set(records) - found

    def any(self) -> bool:
        """Whether a sketch of a track of the tenant is kept."""
        query = select(_SKETCHES.c.record_id).where(_SKETCHES.c.tenant == self.tenant).limit(1)
        with database.reading(self.engine) as connection:
            return connection.execute(query).first() is not None

    def shelved(self) -> Shelved:
        """The tenant's tracks as they are now; what came or went since the last question is read."""
        from detector.originality import Shelf

        whose = _RECORDS.c.tenant == self.tenant
        with self.held.lock, database.reading(self.engine) as connection:
            count = connection.execute(select(func.count()).select_from(_RECORDS).where(whose)).scalar_one()
            made, rows = self._current(connection)
            self.held.put(self.tenant, made, rows)

        def take(places: Sequence[int]) -> "Mapping[int, Parts]":
            return self._parts({made[place]: place for place in places})

        return Shelved(tuple(record for record, _ in made), Shelf(rows, take), count - len(made))

    def _current(self, connection: Connection) -> "tuple[tuple[Made, ...], Rows]":
        """The newest sketches, oldest first, and their rows: those held, and the others from the database."""
        import numpy as np

        from detector.originality.sketch import FORMAT
        from detector.originality.vectors import ROW

        newest = (
            select(_SKETCHES.c.record_id, _SKETCHES.c.made_at)
            .where(
                _SKETCHES.c.tenant == self.tenant,
                _SKETCHES.c.format == FORMAT,
                func.length(_SKETCHES.c.whole) == ROW.itemsize,
            )
            .order_by(_SKETCHES.c.made_at.desc(), _SKETCHES.c.record_id)
            .limit(MOST)
        )
        found = tuple((str(one.record_id), one.made_at) for one in reversed(connection.execute(newest).all()))
        before, held = self.held.of(self.tenant)
        if held is not None and found == before:
            return before, held
        rows = np.zeros(len(found), ROW)
        known = {one: place for place, one in enumerate(before)}
        if held is not None:
            stay = [(to, known[one]) for to, one in enumerate(found) if one in known]
            rows[[to for to, _ in stay]] = held[[place for _, place in stay]]
        missing = {record: to for to, (record, at) in enumerate(found) if (record, at) not in known}
        for ids in _some(list(missing)):
            query = select(_SKETCHES.c.record_id, _SKETCHES.c.whole).where(_SKETCHES.c.record_id.in_(ids))
            for one in connection.execute(query):
                rows[missing[one.record_id]] = np.frombuffer(one.whole, ROW)[0]
        return found, rows

    def _parts(self, places: Mapping[Made, int]) -> "dict[int, Parts]":
        """The parts of some sketches, by place; those that were replaced or erased meanwhile are missing.

        Raises:
            InvalidInput: one is damaged.
        """
        from detector.originality.sketch import Parts

        found: dict[int, Parts] = {}
        for ids in _some([record for record, _ in places]):
            query = select(_SKETCHES.c.record_id, _SKETCHES.c.made_at, _SKETCHES.c.parts).where(
                _SKETCHES.c.record_id.in_(ids), _SKETCHES.c.tenant == self.tenant
            )
            with database.reading(self.engine) as connection:
                rows = connection.execute(query).all()
            for one in rows:
                place = places.get((one.record_id, one.made_at))
                if place is not None:
                    found[place] = Parts.from_bytes(one.parts)
        return found


def _some(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
