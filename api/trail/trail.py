"""Checking, reading and exporting the trail of a tenant."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from api import database
from api.database.tables import Table
from api.keys.signing import SigningKeys
from api.lists.cursors import Cursors
from api.trail import chain, rooting
from api.trail.chain import TrailBroken
from core.progress import Progress

_EVENTS = Table.metadata.tables["trail_events"]
_LINKS = Table.metadata.tables["trail_links"]
TOLD_EVERY = 500
"""Events between two words of how far a verification is."""


@dataclass(frozen=True)
class Checked:
    """A trail that holds together.

    Attributes:
        events: how many.
        rooted: up to which of them the log's entries commit.
        entry: the last such entry of the log, or None before the first.
    """

    tenant: str
    events: int
    rooted: int
    entry: int | None


def tenants(keys: SigningKeys) -> list[str]:
    """Whoever has a trail."""
    with database.reading(keys.published.log.engine) as connection:
        return sorted(connection.execute(select(_EVENTS.c.tenant).distinct()).scalars())


def verify(keys: SigningKeys, tenant: str, progress: Progress | None = None) -> Checked:
    """Recompute a tenant's chain, and hold it against the log.

    Args:
        keys: of the log.
        tenant: whose.
        progress: called with (step, fraction done).

    Raises:
        TrailBroken: an event or a link was changed, or is missing.
        ProofError, SignatureError: the log does not hold together.
    """
    engine = keys.published.log.engine
    chain.chain(engine, everything=True)
    with database.reading(engine) as connection:
        rooted = rooting.roots(connection, tenant)
        wanted = {one.seq: one for one in rooted}
        events, last = 0, chain.head(connection, tenant)[0]
        for link in chain.links(connection, tenant):
            one = wanted.pop(link.seq, None)
            if one is not None and one.hash != link.hash:
                raise TrailBroken(f"link {link.seq} of {tenant} is not the one that the log commits to")
            events = link.seq
            if progress is not None and events % TOLD_EVERY == 0:
                progress("read events", events / last)
    if wanted:
        raise TrailBroken(f"the trail of {tenant} ends at link {events}, and the log knows {max(wanted)}")
    for one in rooted:
        rooting.checked(keys, one)
    newest = rooted[-1] if rooted else None
    return Checked(tenant, events, newest.seq if newest else 0, newest.leaf_index if newest else None)


def export(
    keys: SigningKeys, tenant: str, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[str]:
    """The trail of a tenant as lines of JSON: a head, each event, and the log's entries with their proofs.

    Events outside the time that is asked for are there as digests, so that the chain can be checked.

    Raises:
        TrailBroken: the trail does not hold together; what does not is not exported.
    """
    verify(keys, tenant)
    bounds = [None if one is None else one.isoformat() for one in (since, until)]
    yield _line({"trail": 1, "tenant": tenant, "since": bounds[0], "until": bounds[1]})
    with database.reading(keys.published.log.engine) as connection:
        for link in chain.links(connection, tenant):
            at = datetime.fromisoformat(link.event["at"])
            shown = (since is None or at >= since) and (until is None or at < until)
            of_event = chain.digest(tenant, link.seq, link.event).hex()
            yield _line({"seq": link.seq, **({"event": link.event} if shown else {"digest": of_event})})
        for one in rooting.roots(connection, tenant):
            data = keys.published.log.entry(one.leaf_index)
            told = {"root": one.seq, "hash": one.hash.hex(), "salt": one.salt.hex()}
            proof = rooting.checked(keys, one)
            yield _line({**told, "entry": base64.b64encode(data).decode(), "proof": proof})


@dataclass(frozen=True)
class Shown:
    """An event as it is listed; `seq` is None until it is chained."""

    id: int
    seq: int | None
    event: dict[str, Any]


def page(
    engine: Engine, tenant: str, *, limit: int, cursor: str | None, thing: str | None, cursors: Cursors
) -> tuple[list[Shown], str | None]:
    """Events of a tenant, newest first, and the cursor of the next page.

    Args:
        engine: bound to the tenant.
        tenant: whose.
        limit: events on a page.
        cursor: where the page starts.
        thing: the object of the events; None is any.
        cursors: of the service.

    Raises:
        InvalidInput: the cursor is not one of this list.
    """
    about = json.dumps([tenant, "audit-events", thing])
    query = select(_EVENTS, _LINKS.c.seq).outerjoin(_LINKS, _LINKS.c.event_id == _EVENTS.c.id)
    query = query.where(_EVENTS.c.tenant == tenant)
    if thing is not None:
        query = query.where(_EVENTS.c.object == thing)
    if cursor is not None:
        query = query.where(_EVENTS.c.id < int(cursors.read(cursor, about)[1]))
    with database.reading(engine) as connection:
        rows = connection.execute(query.order_by(_EVENTS.c.id.desc()).limit(limit + 1)).all()
    shown = [Shown(row.id, row.seq, chain.told(row)) for row in rows[:limit]]
    more = cursors.sign(("", str(shown[-1].id)), about) if len(rows) > limit else None
    return shown, more


def _line(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False) + "\n"
