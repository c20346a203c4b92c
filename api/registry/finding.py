"""Records as lists find them: by the terms of what they say today, renewed with every event."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, exists, func, insert, or_, select, update

from api import database
from api.database.tables import Table
from api.lists.query import Shelf
from api.lists.terms import Term, searched, values
from api.registry.history import stored_events
from api.registry.summary import owners
from core.errors import TrackmarkError
from provenance.records import lifecycle
from provenance.records.lifecycle import RecordState
from provenance.records.record import OwnershipRecord

_RECORDS = Table.metadata.tables["records"]
_EVENTS = Table.metadata.tables["record_events"]
_FILES = Table.metadata.tables["record_files"]
_TERMS = Table.metadata.tables["record_terms"]
GROUP = 200
MOST_STATING = 20
"""Records that are named as stating one ISRC; more tell nobody more."""

SHELF = Shelf("record", _RECORDS, "record_id", _TERMS, "record_id", narrowed={})


@dataclass(frozen=True)
class Findable:
    """A record with what finds it.

    Attributes:
        listed_as: the log's entry of the newest event that the terms know of.
    """

    record_id: str
    tenant: str
    created_at: datetime
    listed_as: int
    terms: frozenset[Term]


def terms(record: OwnershipRecord, status: str) -> frozenset[Term]:
    """Everything that a record of this status is found by, the digests of its audio apart."""
    title, code = record.asset.title, record.asset.isrc
    holders = [str(owner["name"]) for owner in owners(record)]
    names = {party.ref: party.name for party in record.parties}
    artists = [names[consent.artist] for consent in record.voice_consents]
    whole = values("title", [title]) | values("owner", holders) | values("isrc", [code])
    whole |= values("artist", artists) | values("status", [status])
    return frozenset(whole | searched(title, *holders, code, *artists))


def renewed(connection: Connection, record_id: str, tenant: str, state: RecordState, leaf_index: int) -> None:
    """Find a record by what it says after an event."""
    query = select(_RECORDS.c.created_at).where(_RECORDS.c.record_id == record_id)
    moment = connection.execute(query).scalar_one()
    found = terms(state.record, state.status)
    enter(connection, [Findable(record_id, tenant, moment, leaf_index, found)])


def enter(connection: Connection, records: Sequence[Findable]) -> None:
    """Put the terms of records beside them, in place of those that they had."""
    if not records:
        return
    ids = [one.record_id for one in records]
    connection.execute(delete(_TERMS).where(_TERMS.c.record_id.in_(ids)))
    digests: dict[str, set[Term]] = {one: set() for one in ids}
    for row in connection.execute(select(_FILES).where(_FILES.c.record_id.in_(ids))):
        digests[row.record_id] |= values("sha256", [row.sha256])
    rows = [row for one in records for row in _rows(one, one.terms | digests[one.record_id])]
    connection.execute(insert(_TERMS), rows)
    marks = [{"of": one.record_id, "to": one.listed_as} for one in records]
    mark = update(_RECORDS).where(_RECORDS.c.record_id == bindparam("of")).values(listed_as=bindparam("to"))
    connection.execute(mark, marks)


def add_digest(connection: Connection, record_id: str, sha256: str) -> None:
    """Find a record by one more digest of its audio."""
    query = select(_RECORDS.c.tenant, _RECORDS.c.created_at).where(_RECORDS.c.record_id == record_id)
    row = connection.execute(query).one()
    one = Findable(record_id, row.tenant, row.created_at, 0, frozenset(values("sha256", [sha256])))
    connection.execute(insert(_TERMS), list(_rows(one, one.terms)))


def _rows(one: Findable, found: Iterable[Term]) -> Iterable[dict[str, Any]]:
    same = {"record_id": one.record_id, "tenant": one.tenant, "created_at": one.created_at}
    return ({**same, "field": field, "term": term} for field, term in sorted(found))


def stating(connection: Connection, tenant: str, isrc: str) -> list[str]:
    """A tenant's records that state an ISRC today and are not revoked, the first registered first."""
    revoked = _TERMS.alias()
    withdrawn = exists().where(
        revoked.c.record_id == _TERMS.c.record_id, revoked.c.field == "status", revoked.c.term == "revoked"
    )
    [(field, term)] = values("isrc", [isrc])
    query = (
        select(_TERMS.c.record_id)
        .where(_TERMS.c.tenant == tenant, _TERMS.c.field == field, _TERMS.c.term == term, ~withdrawn)
        .order_by(_TERMS.c.created_at, _TERMS.c.record_id)
        .limit(MOST_STATING)
    )
    return list(connection.execute(query).scalars())


def catch_up(engine: Engine) -> int:
    """Enter the terms of records and events that a release without terms entered; returns how many."""
    later = exists().where(
        _EVENTS.c.record_id == _RECORDS.c.record_id, _EVENTS.c.leaf_index > _RECORDS.c.listed_as
    )
    query = select(_RECORDS).where(or_(_RECORDS.c.listed_as.is_(None), later)).limit(GROUP)
    done = 0
    while True:
        with database.writing(engine) as connection:
            rows = connection.execute(query.with_for_update(skip_locked=True)).all()
            enter(connection, list(_read(connection, rows)))
        done += len(rows)
        if len(rows) < GROUP:
            return done


def _read(connection: Connection, rows: Iterable[Any]) -> Iterable[Findable]:
    for row in rows:
        newest = select(func.max(_EVENTS.c.leaf_index)).where(_EVENTS.c.record_id == row.record_id)
        known = connection.execute(newest).scalar() or row.leaf_index
        found: frozenset[Term] = frozenset(values("title", [row.title]) | searched(row.title))
        with suppress(TrackmarkError):  # one that was changed in the database: reading it tells so
            events = stored_events(connection, row.record_id, row.tenant)
            state = lifecycle.fold([one.event.content() for one in events])
            found = terms(state.record, state.status)
        yield Findable(row.record_id, row.tenant, row.created_at, known, found)
