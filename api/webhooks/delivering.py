"""Sends what waits in the outbox, from every process that works on jobs, until it arrives.

The table of deliveries is the queue, under leases as that of jobs: who took a message and died holds it no
longer than `LEASE`. So a message may come twice, under the same id, by which receivers tell. To one endpoint
one message is under way at a time, so that a slow one keeps no other waiting.
"""

import asyncio
import logging
import random
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Connection, Engine, Row, and_, delete, exists, or_, select, true, update

from api import database, telemetry
from api.database.engine import LOG_LOCK
from api.database.tables import Table
from api.database.tenancy import suspended
from api.keys.sealing import WrappingKey
from api.webhooks import signing
from api.webhooks.address import Addresses, Destination, Refused
from api.webhooks.endpoints import secrets_of
from core.errors import KeyFileError

log = logging.getLogger(__name__)

TOTAL_S = 20.0
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=30)
WAITS_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds to the next attempt after each that failed; ten attempts in three days and a bit."""
JITTER = 0.2
POLL_S = 1.0
STOP_S = 1.0
FORGET_S = 3600.0
THREADS = 4
_TAKING = LOG_LOCK + 6

_ENDPOINTS = Table.metadata.tables["webhook_endpoints"]
_DELIVERIES = Table.metadata.tables["webhook_deliveries"]
Send = Callable[[Destination, Mapping[str, str], bytes], int]


def post(to: Destination, headers: Mapping[str, str], body: bytes) -> int:
    """Send a message; returns the answer's status, of which nothing more is read.

    Raises:
        httpx.HTTPError, TimeoutError, OSError: there was no answer.
    """

    async def once() -> int:
        async with asyncio.timeout(TOTAL_S), httpx.AsyncClient(trust_env=False, timeout=TOTAL_S) as client:
            request = client.stream(
                "POST",
                to.url,
                content=body,
                headers={**headers, "Host": to.host},
                extensions={"sni_hostname": to.name},
                follow_redirects=False,
            )
            async with request as answer:
                return answer.status_code

    return asyncio.run(once())


@dataclass(frozen=True)
class _Taken:
    delivery: Row[Any]
    endpoint: Row[Any]


class Deliverer:
    """Sends messages.

    Args:
        engine: of the database.
        key: opens the secrets; None while this machine does not have it, and then it sends nothing.
        addresses: which are allowed.
        send: sends one message.
        now: the database's time.
        jitter: a factor by which a wait is changed.
    """

    def __init__(
        self,
        engine: Engine,
        key: Callable[[], WrappingKey | None],
        addresses: Addresses,
        *,
        send: Send = post,
        now: Callable[[Connection], datetime] = database.time_of,
        jitter: Callable[[], float] = lambda: random.uniform(1 - JITTER, 1 + JITTER),  # no secret
    ) -> None:
        self._engine = engine
        self._key = key
        self._addresses = addresses
        self._send = send
        self._now = now
        self._jitter = jitter
        self._stopping = threading.Event()
        self._lookout = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Send from now on, on threads of its own."""
        work = [(self._send_next, 0.0)] * THREADS + [(self.forget, FORGET_S)]
        for number, (do, rest) in enumerate(work):
            thread = threading.Thread(
                target=self._loop, args=(do, rest), name=f"webhooks {number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Take no more messages; one under way whose answer does not come soon is sent again by others."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(STOP_S)

    def run_dry(self) -> None:
        """Send everything that is due."""
        while not self._stopping.is_set() and self.once():
            pass

    def once(self) -> bool:
        """Send one message that is due; returns whether there was any."""
        found = self._look()
        if found is None:
            return False
        self._deliver(*found)
        return True

    def _send_next(self) -> None:
        """Wait for a message that is due, and send it. While none is, one thread alone asks the database."""
        with self._lookout:
            while (found := self._look()) is None:
                if self._stopping.wait(POLL_S):
                    return
        self._deliver(*found)

    def _look(self) -> tuple[_Taken, WrappingKey] | None:
        key = self._key()
        taken = None if key is None else self._take(key)
        return None if taken is None or key is None else (taken, key)

    def _deliver(self, taken: _Taken, key: WrappingKey) -> None:
        one = taken.delivery
        facts = {"trackmark.tenant": one.tenant, "trackmark.webhook_id": one.id}
        with telemetry.span(f"webhook {one.event}", facts, telemetry.behind(one.trace)) as tell:
            status, problem = self._attempt(taken, key)
            tell("http.response.status_code", status or 0)
        with database.writing(self._engine) as connection:
            self._enter(connection, taken, status, problem)

    def forget(self) -> None:
        """Delete messages that ended a month ago, or were due then and nobody may or can send."""
        with database.writing(self._engine) as connection:
            last = self._now(connection) - KEPT
            left = and_(_DELIVERIES.c.state == "pending", _DELIVERIES.c.next_at < last)
            connection.execute(delete(_DELIVERIES).where(or_(_DELIVERIES.c.ended_at < last, left)))

    def _loop(self, do: Callable[[], object], rest: float) -> None:
        while not self._stopping.is_set():
            try:
                do()
            except Exception as error:
                told = str(error).partition("\n")[0] if database.away(error) else None
                log.error("webhooks: %s", told or "failed", exc_info=told is None)
                self._stopping.wait(POLL_S)
            self._stopping.wait(rest)

    def _take(self, key: WrappingKey) -> _Taken | None:
        with database.reading(self._engine) as connection:  # most looks end here, without a lock
            if connection.execute(_due(self._now(connection), key)).first() is None:
                return None
        with database.writing(self._engine) as connection:
            database.hold(connection, _TAKING)  # of two who look at one endpoint, one takes
            now = self._now(connection)
            row = connection.execute(_due(now, key)).first()
            if row is None:
                return None
            values = {"leased_until": now + LEASE, "fence": row.fence + 1, "attempts": row.attempts + 1}
            taken = update(_DELIVERIES).where(_DELIVERIES.c.id == row.id).values(**values)
            delivery = connection.execute(taken.returning(*_DELIVERIES.c)).one()
            endpoint = connection.execute(select(_ENDPOINTS).where(_ENDPOINTS.c.id == row.endpoint_id)).one()
        return _Taken(delivery, endpoint)

    def _attempt(self, taken: _Taken, key: WrappingKey) -> tuple[int | None, str | None]:
        """Status of the answer, and what went wrong."""
        body = taken.delivery.body.encode()
        try:
            with database.reading(self._engine) as connection:
                now = self._now(connection)
            signed = signing.headers(
                taken.delivery.id, int(now.timestamp()), body, secrets_of(taken.endpoint, key, now)
            )
            to = self._addresses.pinned(taken.endpoint.url)
            headers = {"Content-Type": "application/json", "User-Agent": "Trackmark-Webhooks", **signed}
            trace = telemetry.traceparent()
            if trace is not None:
                headers["traceparent"] = trace
            status = self._send(to, headers, body)
        except (Refused, KeyFileError) as error:
            return None, str(error)
        except socket.gaierror:
            return None, "no answer: the name of its host leads to no address"
        except (httpx.HTTPError, OSError) as error:  # its words may tell of our network
            return None, f"no answer ({type(error).__name__})"
        except Exception:
            log.exception("message %s could not be sent", taken.delivery.id)
            return None, "it could not be sent; the server's log has the details"
        if 200 <= status < 300:
            return status, None
        return status, "redirects are not followed" if 300 <= status < 400 else f"answered {status}"

    def _enter(self, connection: Connection, taken: _Taken, status: int | None, problem: str | None) -> None:
        now, one = self._now(connection), taken.delivery
        held = and_(_DELIVERIES.c.id == one.id, _DELIVERIES.c.fence == one.fence)
        values: dict[str, Any] = {"leased_until": None, "status": status, "problem": problem}
        gone = status == 410
        if problem is None:
            values |= {"state": "delivered", "next_at": None, "ended_at": now}
        elif gone or one.attempts > len(WAITS_S):
            values |= {"state": "failed", "next_at": None, "ended_at": now}
        else:
            wait = WAITS_S[one.attempts - 1] * self._jitter()
            values["next_at"] = now + timedelta(seconds=wait)
        if connection.execute(update(_DELIVERIES).where(held).values(**values)).rowcount == 0:
            return  # it is somebody else's by now, or was erased
        here = update(_ENDPOINTS).where(_ENDPOINTS.c.id == one.endpoint_id)
        if problem is None:
            connection.execute(here.values(last_delivered_at=now))
        elif values.get("state") == "failed":
            silent = or_(
                _ENDPOINTS.c.last_delivered_at.is_(None), _ENDPOINTS.c.last_delivered_at < one.created_at
            )
            why = "it answered 410 Gone" if gone else "nothing has arrived for days"
            dead = here.where(_ENDPOINTS.c.disabled_at.is_(None), true() if gone else silent)
            connection.execute(dead.values(disabled_at=now, disabled_reason=why))


def _due(now: datetime, key: WrappingKey) -> Any:
    """The message that has been due for longest, at an endpoint that none is under way to."""
    other = _DELIVERIES.alias()
    busy = exists().where(other.c.endpoint_id == _DELIVERIES.c.endpoint_id, other.c.leased_until >= now)
    return (
        select(_DELIVERIES)
        .join(_ENDPOINTS, _ENDPOINTS.c.id == _DELIVERIES.c.endpoint_id)
        .where(
            _DELIVERIES.c.state == "pending",
            _DELIVERIES.c.next_at <= now,
            _ENDPOINTS.c.disabled_at.is_(None),
            _ENDPOINTS.c.keyid == key.keyid,
            _ENDPOINTS.c.tenant.not_in(suspended()),  # theirs wait until it is let in again
            ~busy,
        )
        .order_by(_DELIVERIES.c.next_at, _DELIVERIES.c.id)
        .limit(1)
    )
