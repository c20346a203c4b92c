"""Legal holds: what must not be erased, neither by hand nor by itself, until somebody releases it.

A hold on a case keeps its audit; one on a record the record, its taggings and every audit that found it.
Whoever erases looks for holds in the same transaction, behind a lock that whoever places one holds too.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    exists,
    insert,
    or_,
    select,
    update,
)

from api import database
from api.actor import Actor
from api.database.engine import LOG_LOCK
from api.database.tables import Table
from api.errors import ConflictingEntry, OnHold, UnknownEntry
from api.outbox import trail
from core import clock

Held = Literal["audit", "case", "record", "artist"]
KINDS: tuple[Held, ...] = get_args(Held)
_LOCK = LOG_LOCK + 5
_TABLES = Table.metadata.tables
_HOLDS, _JOBS, _CASES, _TERMS = (_TABLES[name] for name in ("legal_holds", "jobs", "cases", "job_terms"))
_RECORDS, _ARTISTS = _TABLES["records"], _TABLES["artists"]
_IDS: dict[Held, Column[Any]] = {
    "audit": _JOBS.c.id,
    "case": _CASES.c.id,
    "record": _RECORDS.c.record_id,
    "artist": _ARTISTS.c.id,
}


@dataclass(frozen=True)
class Hold:
    """A legal hold.

    Attributes:
        kind, object_id: what is held.
        who: placed it.
        released_at: None while it is in force.
    """

    id: str
    tenant: str
    kind: Held
    object_id: str
    reason: str
    placed_at: datetime
    who: str
    released_at: datetime | None
    released_by: str | None
    released_reason: str | None


@dataclass(frozen=True)
class Holds:
    """The legal holds of one tenant.

    Attributes:
        engine: of the database, bound to the tenant.
    """

    engine: Engine
    tenant: str

    @classmethod
    def of(cls, engine: Engine, tenant: str) -> "Holds":
        """Those of a tenant."""
        return cls(database.for_tenant(engine, tenant), tenant)

    def place(self, kind: Held, object_id: str, reason: str, by: Actor, hold_id: str | None = None) -> Hold:
        """Hold something; several holds on one thing count each.

        Args:
            kind: of the thing.
            object_id: which.
            reason: why.
            by: who places it.
            hold_id: its id; where there is one that has it, this is the same request once more.

        Raises:
            UnknownEntry: the tenant has no such thing.
        """
        with database.writing(self.engine) as connection:
            lock(connection)
            if hold_id is not None and (earlier := self._find(connection, hold_id)) is not None:
                return earlier
            self._check(connection, kind, object_id)
            made = {"id": hold_id or secrets.token_hex(8), "tenant": self.tenant, "kind": kind}
            told = {"object_id": object_id, "reason": reason, "placed_at": clock.now(), "who": by.name[:200]}
            connection.execute(insert(_HOLDS).values(**made, **told, key_id=by.key_id))
            trail.done(connection, self.tenant, "hold.placed", f"/v1/holds/{made['id']}")
            return self._row(connection, str(made["id"]))

    def release(self, hold_id: str, reason: str, by: Actor) -> Hold:
        """End a hold; what is due is erased by the next sweep.

        Raises:
            UnknownEntry: the tenant has no such hold.
            ConflictingEntry: it was released before.
        """
        with database.writing(self.engine) as connection:
            lock(connection)
            if self._row(connection, hold_id).released_at is not None:
                raise ConflictingEntry(f"the hold {hold_id} was released before")
            values = {"released_at": clock.now(), "released_by": by.name[:200], "released_reason": reason}
            connection.execute(update(_HOLDS).where(_HOLDS.c.id == hold_id).values(**values))
            trail.done(connection, self.tenant, "hold.released", f"/v1/holds/{hold_id}")
            return self._row(connection, hold_id)

    def refuse(self, kind: Held, object_id: str) -> None:
        """Refuse to erase what is held, before anything is done; raises `OnHold`."""
        with database.writing(self.engine) as connection:
            refuse(connection, self.tenant, kind, object_id)

    def get(self, hold_id: str) -> Hold:
        """A hold of the tenant; raises `UnknownEntry`."""
        with database.reading(self.engine) as connection:
            return self._row(connection, hold_id)

    def listed(self) -> list[Hold]:
        """Every hold that was ever placed."""
        with database.reading(self.engine) as connection:
            rows = connection.execute(select(_HOLDS).where(_HOLDS.c.tenant == self.tenant))
            return [_hold(row) for row in rows]

    def _find(self, connection: Connection, hold_id: str) -> Hold | None:
        query = select(_HOLDS).where(_HOLDS.c.id == hold_id, _HOLDS.c.tenant == self.tenant)
        row = connection.execute(query).one_or_none()
        return None if row is None else _hold(row)

    def _row(self, connection: Connection, hold_id: str) -> Hold:
        found = self._find(connection, hold_id)
        if found is None:
            raise UnknownEntry(f"no hold {hold_id}")
        return found

    def _check(self, connection: Connection, kind: Held, object_id: str) -> None:
        column = _IDS[kind]
        mine = [column == object_id, column.table.c.tenant == self.tenant]
        mine += [_JOBS.c.kind == "audit"] if kind == "audit" else []
        if connection.execute(select(column).where(*mine)).first() is None:
            raise UnknownEntry(f"no {kind} {object_id}")


def lock(connection: Connection) -> None:
    """From here on to the end of the transaction nobody else places or releases a hold, or erases."""
    database.hold(connection, _LOCK)


def refuse(connection: Connection, tenant: str, kind: Held, object_id: str) -> None:
    """Refuse to erase what is held; a job of whatever kind counts as an audit.

    Raises:
        OnHold: it is.
    """
    lock(connection)
    named = and_(_HOLDS.c.kind == kind, _HOLDS.c.object_id == object_id)
    of_job = select(_HOLDS.c.id).where(*_keeping(_JOBS.c.id, _JOBS.c.tenant)).correlate(None)
    query = select(_HOLDS.c.id).where(_HOLDS.c.tenant == tenant, _HOLDS.c.released_at.is_(None), named)
    if kind == "audit":
        query = of_job.where(_JOBS.c.id == object_id, _JOBS.c.tenant == tenant)
    found = connection.execute(query.limit(1)).scalar_one_or_none()
    if found is not None:
        raise OnHold(f"the legal hold {found} keeps this; it must be released first")


def keeps(job_id: Column[Any], tenant: Column[Any]) -> ColumnElement[bool]:
    """Whether a hold keeps a job, as a condition of a query of jobs."""
    return exists(select(_HOLDS.c.id).where(*_keeping(job_id, tenant)))


def keeps_artist(artist_id: Column[Any], tenant: Column[Any]) -> ColumnElement[bool]:
    """Whether a hold keeps an artist, as a condition of a query of artists."""
    return _keeps_named("artist", artist_id, tenant)


def keeps_record(record_id: Column[Any], tenant: Column[Any]) -> ColumnElement[bool]:
    """Whether a hold keeps a record, as a condition of a query of what belongs to records."""
    return _keeps_named("record", record_id, tenant)


def _keeps_named(kind: Held, object_id: Column[Any], tenant: Column[Any]) -> ColumnElement[bool]:
    here = (_HOLDS.c.tenant == tenant, _HOLDS.c.released_at.is_(None))
    return exists(select(_HOLDS.c.id).where(*here, _HOLDS.c.kind == kind, _HOLDS.c.object_id == object_id))


def _keeping(job_id: Column[Any], tenant: Column[Any]) -> tuple[ColumnElement[bool], ...]:
    """Holds in force on a job, on its case, or on a record that it found or made."""
    about, named = _CASES.alias(), _TERMS.alias()
    around = (_HOLDS, job_id.table)
    of_case = select(about.c.id).where(about.c.id == _HOLDS.c.object_id, about.c.audit_id == job_id)
    of_record = select(named.c.job_id).where(
        named.c.job_id == job_id, named.c.field == "record", named.c.term == _HOLDS.c.object_id
    )
    return (
        _HOLDS.c.tenant == tenant,
        _HOLDS.c.released_at.is_(None),
        or_(
            and_(_HOLDS.c.kind == "audit", _HOLDS.c.object_id == job_id),
            and_(_HOLDS.c.kind == "case", exists(of_case.correlate(*around))),
            and_(_HOLDS.c.kind == "record", exists(of_record.correlate(*around))),
        ),
    )


def _hold(row: Row[Any]) -> Hold:
    return Hold(**{name: row._mapping[name] for name in Hold.__dataclass_fields__})
