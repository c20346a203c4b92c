"""The endpoints of a tenant and what was sent to them."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, and_, delete, insert, or_, select, update

from api import database
from api.database.tables import Table
from api.errors import ConflictingEntry, UnknownEntry
from api.keys.sealing import SealBroken, WrappingKey
from api.lists.cursors import Cursors
from api.webhooks.address import Addresses
from api.webhooks.signing import Scheme, new_secret, told_of
from core import clock
from core.errors import KeyFileError

_ENDPOINTS = Table.metadata.tables["webhook_endpoints"]
_DELIVERIES = Table.metadata.tables["webhook_deliveries"]
MOST = 20
"""Endpoints that a tenant may have."""
MOST_FORMER = 5
"""Secrets that may sign beside the newest: each adds to a header of every message."""
State = Literal["pending", "delivered", "failed"]


@dataclass(frozen=True)
class Endpoint:
    """An address that events are sent to, without its secret.

    Attributes:
        disabled_reason: why nothing is sent any more.
    """

    id: str
    tenant: str
    url: str
    description: str | None
    events: Sequence[str]
    scheme: Scheme
    created_at: datetime
    last_delivered_at: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None


@dataclass(frozen=True)
class Delivery:
    """A message to one endpoint.

    Attributes:
        status: HTTP status of the last attempt's answer.
        problem: what went wrong at the last attempt.
        next_at: when the next attempt is due.
    """

    id: str
    endpoint_id: str
    event: str
    body: str
    state: State
    attempts: int
    created_at: datetime
    next_at: datetime | None
    status: int | None
    problem: str | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Endpoints:
    """The endpoints of one tenant.

    Attributes:
        key: finds the key that seals secrets, or raises `KeyFileError`.
        addresses: which are allowed.
    """

    engine: Engine
    tenant: str
    key: Callable[[], WrappingKey]
    addresses: Addresses

    def create(
        self,
        url: str,
        events: Sequence[str],
        *,
        description: str | None = None,
        scheme: Scheme = "hmac",
        endpoint_id: str | None = None,
    ) -> tuple[Endpoint, str]:
        """Make an endpoint; returns it with what its owner needs to check messages.

        Args:
            url: where to.
            events: which.
            description: for people.
            scheme: how messages are signed.
            endpoint_id: its id. One that has it is replaced: its secret was told to nobody, because the
                process died before it answered.

        Raises:
            InvalidInput: the address can never be allowed.
            ConflictingEntry: the tenant has as many as it may.
            KeyFileError: the secrets are sealed by another machine's key.
        """
        self.addresses.check(url)
        key, secret = self.key(), new_secret(scheme)
        own = endpoint_id or secrets.token_hex(8)
        sealed, wrapped = key.seal(json.dumps({"current": secret}).encode(), self._about(own))
        row = {
            "id": own,
            "tenant": self.tenant,
            "url": url,
            "description": description,
            "events": sorted(set(events)),
            "scheme": scheme,
            "keyid": key.keyid,
            "sealed": sealed,
            "wrapped": wrapped,
            "created_at": clock.now(),
        }
        with database.writing(self.engine) as connection:
            connection.execute(
                delete(_ENDPOINTS).where(_ENDPOINTS.c.id == own, _ENDPOINTS.c.tenant == self.tenant)
            )
            mine = select(_ENDPOINTS.c.id).where(_ENDPOINTS.c.tenant == self.tenant)
            if len(connection.execute(mine).all()) >= MOST:
                raise ConflictingEntry(f"a tenant has at most {MOST} endpoints; delete one first")
            connection.execute(insert(_ENDPOINTS).values(**row))
            return self._one(connection, own), told_of(secret)

    def all(self) -> list[Endpoint]:
        """Every endpoint of the tenant, the disabled ones too, oldest first."""
        query = select(_ENDPOINTS).where(_ENDPOINTS.c.tenant == self.tenant)
        with database.reading(self.engine) as connection:
            rows = connection.execute(query.order_by(_ENDPOINTS.c.created_at, _ENDPOINTS.c.id))
            return [_endpoint(row) for row in rows]

    def get(self, endpoint_id: str) -> Endpoint:
        """An endpoint of the tenant; raises `UnknownEntry`."""
        with database.reading(self.engine) as connection:
            return self._one(connection, endpoint_id)

    def remove(self, endpoint_id: str) -> None:
        """Forget an endpoint with everything that was sent to it; raises `UnknownEntry`."""
        with database.writing(self.engine) as connection:
            self._one(connection, endpoint_id)
            connection.execute(delete(_ENDPOINTS).where(_ENDPOINTS.c.id == endpoint_id))
        database.forget_traces(self.engine)

    def enable(self, endpoint_id: str) -> Endpoint:
        """Send to an endpoint again, what still waits for it too; raises `UnknownEntry`."""
        return self._change(endpoint_id, disabled_at=None, disabled_reason=None)

    def disable(self, endpoint_id: str) -> Endpoint:
        """Send nothing to an endpoint until it is enabled; raises `UnknownEntry`."""
        self.get(endpoint_id)
        return self._change(endpoint_id, disabled_at=clock.now(), disabled_reason="by its owner")

    def rotate(self, endpoint_id: str, overlap: timedelta, asked: str | None = None) -> tuple[Endpoint, str]:
        """Sign with a new secret, and with the one before for `overlap` besides; returns what to check with.

        What was promised at an earlier rotation stays: of two admins who rotate one after the other, the
        second ends nothing that the first has let go on.

        Args:
            endpoint_id: which.
            overlap: for how long both sign.
            asked: names the request. One that asks once more is told the secret that it made: a second one
                would end the one that receivers know.

        Raises:
            UnknownEntry: the tenant has no such endpoint.
            ConflictingEntry: as many secrets sign as can at once.
            KeyFileError: this machine cannot open its secrets.
        """
        key = self.key()
        with database.writing(self.engine) as connection:
            mine = self._mine(endpoint_id).with_for_update()
            row = connection.execute(mine).one_or_none()
            if row is None:
                raise UnknownEntry(f"no webhook {endpoint_id}")
            before = _opened(row, key)
            if asked is not None and before.get("asked") == asked:
                return _endpoint(row), told_of(before["current"])
            secret = new_secret(row.scheme)
            now = clock.now()
            former = [[before["current"], (now + overlap).isoformat()], *_signing(before, now)]
            if len(former) > MOST_FORMER:
                raise ConflictingEntry(f"{MOST_FORMER} former secrets sign still; wait until one has ended")
            kept = {"current": secret, "former": former}
            if asked is not None:
                kept["asked"] = asked
            sealed, wrapped = key.seal(json.dumps(kept).encode(), self._about(endpoint_id))
            connection.execute(
                update(_ENDPOINTS)
                .where(_ENDPOINTS.c.id == endpoint_id)
                .values(sealed=sealed, wrapped=wrapped, keyid=key.keyid)
            )
            return _endpoint(row), told_of(secret)

    def deliveries(
        self, endpoint_id: str, *, state: State | None, limit: int, cursor: str | None, cursors: Cursors
    ) -> tuple[list[Delivery], str | None]:
        """What is or was sent to an endpoint, newest first, and the cursor of the next page.

        Raises:
            UnknownEntry: the tenant has no such endpoint.
            InvalidInput: the cursor is not one of this list.
        """
        about = json.dumps([self.tenant, "deliveries", endpoint_id, state])
        at, own = _DELIVERIES.c.created_at, _DELIVERIES.c.id
        query = select(_DELIVERIES).where(
            _DELIVERIES.c.endpoint_id == endpoint_id, _DELIVERIES.c.tenant == self.tenant
        )
        if state is not None:
            query = query.where(_DELIVERIES.c.state == state)
        if cursor is not None:
            key, last = cursors.read(cursor, about)
            moment = datetime.fromisoformat(key)
            query = query.where(or_(at < moment, and_(at == moment, own < last)))
        with database.reading(self.engine) as connection:
            self._one(connection, endpoint_id)
            rows = connection.execute(query.order_by(at.desc(), own.desc()).limit(limit + 1)).all()
        shown = [_delivery(row) for row in rows[:limit]]
        more = cursors.at(shown[-1].created_at, shown[-1].id, about) if len(rows) > limit else None
        return shown, more

    def replay(self, endpoint_id: str, delivery_id: str) -> Delivery:
        """Send a message again, under its id, as if it had never been tried.

        Raises:
            UnknownEntry: the endpoint has no such message, or the tenant no such endpoint.
            ConflictingEntry: the endpoint is disabled.
        """
        mine = and_(
            _DELIVERIES.c.id == delivery_id,
            _DELIVERIES.c.endpoint_id == endpoint_id,
            _DELIVERIES.c.tenant == self.tenant,
        )
        with database.writing(self.engine) as connection:
            endpoint = self._one(connection, endpoint_id)
            row = connection.execute(select(_DELIVERIES).where(mine)).one_or_none()
            if row is None:
                raise UnknownEntry(f"no delivery {delivery_id}")
            if endpoint.disabled_at is not None:
                raise ConflictingEntry("the endpoint is disabled; enable it first")
            again = {"state": "pending", "attempts": 0, "next_at": clock.now(), "ended_at": None}
            connection.execute(update(_DELIVERIES).where(mine).values(**again))
            return _delivery(connection.execute(select(_DELIVERIES).where(mine)).one())

    def _mine(self, endpoint_id: str) -> Any:
        return select(_ENDPOINTS).where(_ENDPOINTS.c.id == endpoint_id, _ENDPOINTS.c.tenant == self.tenant)

    def _one(self, connection: Connection, endpoint_id: str) -> Endpoint:
        row = connection.execute(self._mine(endpoint_id)).one_or_none()
        if row is None:
            raise UnknownEntry(f"no webhook {endpoint_id}")
        return _endpoint(row)

    def _change(self, endpoint_id: str, **values: object) -> Endpoint:
        with database.writing(self.engine) as connection:
            self._one(connection, endpoint_id)
            connection.execute(update(_ENDPOINTS).where(_ENDPOINTS.c.id == endpoint_id).values(**values))
            return self._one(connection, endpoint_id)

    def _about(self, endpoint_id: str) -> bytes:
        return about(self.tenant, endpoint_id)


def about(tenant: str, endpoint_id: str) -> bytes:
    """What binds sealed secrets to their endpoint."""
    return f"webhook/{tenant}/{endpoint_id}".encode()


def secrets_of(row: Row[Any], key: WrappingKey, now: datetime) -> list[str]:
    """The secrets by which a message to an endpoint is signed, the newest first; raises `KeyFileError`."""
    kept = _opened(row, key)
    return [str(kept["current"]), *(str(secret) for secret, _ in _signing(kept, now))]


def _signing(kept: Mapping[str, Any], now: datetime) -> list[Any]:
    """The former secrets that sign still, each with its end, the newest first."""
    return [one for one in kept.get("former", ()) if datetime.fromisoformat(one[1]) > now]


def _opened(row: Row[Any], key: WrappingKey) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(key.open(row.sealed, row.wrapped, about(row.tenant, row.id)))
    except SealBroken as error:
        raise KeyFileError("keys/webhooks.key does not open the secret of this webhook") from error
    return kept


def _endpoint(row: Row[Any]) -> Endpoint:
    return Endpoint(**{name: row._mapping[name] for name in Endpoint.__dataclass_fields__})


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(**{name: row._mapping[name] for name in Delivery.__dataclass_fields__})
