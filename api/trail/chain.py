"""The chain over a tenant's events: each link hashes the one before it and its event, word for word.

Events are written without a lock, by many transactions at once; here one process at a time gives each its
place. An event that was changed, left out, moved or put in between afterwards breaks every hash behind it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, exists, func, insert, select

from api import database
from api.database.engine import LOG_LOCK
from api.database.tables import Table
from core.errors import VerificationError
from provenance.records import canonical

_EVENTS = Table.metadata.tables["trail_events"]
_LINKS = Table.metadata.tables["trail_links"]
_CHAINING = LOG_LOCK + 7
GROUP = 1000
LATE = 2000
"""So many ids back an event is looked for that was committed behind younger ones."""


class TrailBroken(VerificationError):
    """The audit trail is not what was written."""


@dataclass(frozen=True)
class Link:
    """An event in its place.

    Attributes:
        seq: counted from 1 for each tenant.
        event: as it was written.
        hash: over the link before and this event.
    """

    tenant: str
    seq: int
    event: dict[str, Any]
    hash: bytes


def start(tenant: str) -> bytes:
    """What the first link of a tenant hashes in place of one before it."""
    return hashlib.sha256(b"trackmark audit trail\n" + tenant.encode()).digest()


def told(row: Any) -> dict[str, Any]:
    """An event as it is hashed and exported."""
    at: datetime = row.at
    return {
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "phase": row.phase,
        "who": row.who,
        "key_id": row.key_id,
        "action": row.action,
        "object": row.object,
        "outcome": row.outcome,
        "request_id": row.request_id,
    }


def digest(tenant: str, seq: int, event: dict[str, Any]) -> bytes:
    """The hash of an event in its place, which stands for it where it is not shown."""
    written = canonical.encode({"tenant": tenant, "seq": seq, "event": event}, TrailBroken)
    return hashlib.sha256(written).digest()


def next_hash(before: bytes, of_event: bytes) -> bytes:
    """The hash of a link, from that of the link before and the digest of its event."""
    return hashlib.sha256(before + of_event).digest()


def chain(engine: Engine, *, everything: bool = False) -> int:
    """Give every event its place that has none.

    Args:
        engine: of the database.
        everything: look at all events, not only at the latest.

    Returns:
        How many were given one.
    """
    done = 0
    while True:
        with database.reading(engine) as connection:  # most looks end here, without a lock
            if not connection.execute(_loose(connection, everything).limit(1)).first():
                return done
        with database.writing(engine) as connection:
            database.hold(connection, _CHAINING)
            rows = connection.execute(_loose(connection, everything).limit(GROUP)).all()
            heads: dict[str, tuple[int, bytes]] = {}
            links = []
            for row in rows:
                seq, before = heads.get(row.tenant) or head(connection, row.tenant)
                made = next_hash(before, digest(row.tenant, seq + 1, told(row)))
                heads[row.tenant] = seq + 1, made
                links.append({"tenant": row.tenant, "seq": seq + 1, "event_id": row.id, "hash": made})
            if links:
                connection.execute(insert(_LINKS), links)
        done += len(links)


def _loose(connection: Connection, everything: bool) -> Any:
    """Events without a place, oldest first."""
    placed = exists().where(_LINKS.c.event_id == _EVENTS.c.id)
    query = select(_EVENTS).where(~placed).order_by(_EVENTS.c.id)
    if not everything:
        newest = connection.execute(select(func.coalesce(func.max(_LINKS.c.event_id), 0))).scalar_one()
        query = query.where(_EVENTS.c.id > newest - LATE)
    return query


def head(connection: Connection, tenant: str) -> tuple[int, bytes]:
    """The last link of a tenant: its number and hash; 0 and the start of its chain before the first."""
    newest = select(_LINKS).where(_LINKS.c.tenant == tenant).order_by(_LINKS.c.seq.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return (0, start(tenant)) if row is None else (int(row.seq), bytes(row.hash))


def heads(connection: Connection) -> dict[str, tuple[int, bytes]]:
    """The last link of every tenant."""
    tenants = connection.execute(select(_LINKS.c.tenant).distinct()).scalars().all()
    return {tenant: head(connection, tenant) for tenant in tenants}


def links(connection: Connection, tenant: str) -> Iterator[Link]:
    """The chain of a tenant as it is stored, checked link by link.

    Raises:
        TrailBroken: a link is missing, or does not hash what it should.
    """
    joined = _LINKS.outerjoin(_EVENTS, _EVENTS.c.id == _LINKS.c.event_id)
    query = select(_LINKS.c.seq, _LINKS.c.hash, _EVENTS).select_from(joined)
    query = query.where(_LINKS.c.tenant == tenant).order_by(_LINKS.c.seq)
    before, expected = start(tenant), 1
    with connection.execution_options(yield_per=GROUP).execute(query) as rows:
        for row in rows:
            before = _checked(row, tenant, expected, before)
            yield Link(tenant, expected, told(row), before)
            expected += 1


def _checked(row: Row[Any], tenant: str, expected: int, before: bytes) -> bytes:
    if row.seq != expected:
        raise TrailBroken(f"the trail of {tenant} lacks link {expected}; the next one is {row.seq}")
    if row.id is None:
        raise TrailBroken(f"the event of link {expected} of {tenant} is gone")
    made = next_hash(before, digest(tenant, expected, told(row)))
    if row.tenant != tenant or made != bytes(row.hash):
        raise TrailBroken(f"link {expected} of {tenant} does not hash its event: one of them was changed")
    return bytes(row.hash)
