"""Tenants as operators see them: entered, suspended, and let in again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from api import database
from api.actor import Actor
from api.database.engine import LOG_LOCK
from api.database.tables import DEFAULT_TENANT, Table
from api.errors import ConflictingEntry, UnknownEntry
from api.outbox import trail
from core import clock

_LOCK = LOG_LOCK + 6
_TENANTS = Table.metadata.tables["tenants"]
_KEYS = Table.metadata.tables["api_keys"]
_JOBS = Table.metadata.tables["jobs"]
_SESSIONS = Table.metadata.tables["member_sessions"]


@dataclass(frozen=True)
class Tenant:
    """A tenant.

    Attributes:
        tenant: its id, as keys name it.
        name: for people.
        created_at: when an operator entered it; None of one that only has keys.
        suspended_at: since when it is answered nothing; None while it is not suspended.
    """

    tenant: str
    name: str
    created_at: datetime | None = None
    suspended_at: datetime | None = None
    suspended_by: str | None = None
    suspended_reason: str | None = None


class Tenants:
    """All tenants of a service.

    Args:
        engine: of the database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enter(self, tenant: str, name: str, by: Actor) -> Tenant:
        """Enter a tenant.

        Raises:
            ConflictingEntry: it was entered before.
        """
        with database.writing(self._engine) as connection:
            database.hold(connection, _LOCK)
            if _row(connection, tenant) is not None:
                raise ConflictingEntry(f"there is a tenant {tenant} already")
            _insert(connection, tenant, name, by)
            trail.done(connection, DEFAULT_TENANT, "tenant.created", f"/v1/tenants/{tenant}")
            return _told(connection, tenant)

    def get(self, tenant: str) -> Tenant:
        """A tenant that was entered or has keys; raises `UnknownEntry`."""
        with database.reading(self._engine) as connection:
            return _told(connection, tenant)

    def listed(self) -> list[Tenant]:
        """Every tenant that was entered or has keys."""
        with database.reading(self._engine) as connection:
            rows = {row.tenant: _tenant(row) for row in connection.execute(select(_TENANTS))}
            keyed = connection.execute(select(_KEYS.c.tenant).distinct()).scalars()
            return [*rows.values(), *(Tenant(one, one) for one in keyed if one not in rows)]

    def suspend(self, tenant: str, reason: str, by: Actor) -> Tenant:
        """Answer a tenant nothing from now on, and let its jobs wait; what runs goes on to its end.

        Its members are signed out.

        Raises:
            UnknownEntry: there is none.
            ConflictingEntry: it is suspended already, or that of the operators.
        """
        if tenant == DEFAULT_TENANT:
            raise ConflictingEntry("the operators' own tenant cannot be suspended")
        values = {"suspended_at": clock.now(), "suspended_by": by.name[:200], "suspended_reason": reason}
        with database.writing(self._engine) as connection:
            database.hold(connection, _LOCK)
            found = _told(connection, tenant)
            if found.suspended_at is not None:
                raise ConflictingEntry(f"the tenant {tenant} is suspended already")
            if found.created_at is None:
                _insert(connection, tenant, tenant, by)
            connection.execute(update(_TENANTS).where(_TENANTS.c.tenant == tenant).values(**values))
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.tenant == tenant))
            for whose in (DEFAULT_TENANT, tenant):
                trail.done(connection, whose, "tenant.suspended", f"/v1/tenants/{tenant}")
            return _told(connection, tenant)

    def resume(self, tenant: str) -> Tenant:
        """Let a tenant in again; its jobs wait anew from now on.

        Raises:
            UnknownEntry: there is none.
            ConflictingEntry: it is not suspended.
        """
        nothing = dict.fromkeys(("suspended_at", "suspended_by", "suspended_reason"))
        with database.writing(self._engine) as connection:
            database.hold(connection, _LOCK)
            if _told(connection, tenant).suspended_at is None:
                raise ConflictingEntry(f"the tenant {tenant} is not suspended")
            connection.execute(update(_TENANTS).where(_TENANTS.c.tenant == tenant).values(**nothing))
            waiting = (_JOBS.c.tenant == tenant, _JOBS.c.state == "queued")
            connection.execute(update(_JOBS).where(*waiting).values(queued_at=database.time_of(connection)))
            for whose in (DEFAULT_TENANT, tenant):
                trail.done(connection, whose, "tenant.resumed", f"/v1/tenants/{tenant}")
            return _told(connection, tenant)


def _row(connection: Connection, tenant: str) -> Row[Any] | None:
    return connection.execute(select(_TENANTS).where(_TENANTS.c.tenant == tenant)).one_or_none()


def _told(connection: Connection, tenant: str) -> Tenant:
    row = _row(connection, tenant)
    if row is not None:
        return _tenant(row)
    keyed = select(_KEYS.c.id).where(_KEYS.c.tenant == tenant).limit(1)
    if connection.execute(keyed).first() is None:
        raise UnknownEntry(f"no tenant {tenant}")
    return Tenant(tenant, tenant)


def _insert(connection: Connection, tenant: str, name: str, by: Actor) -> None:
    told = {"created_at": clock.now(), "who": by.name[:200], "key_id": by.key_id}
    connection.execute(insert(_TENANTS).values(tenant=tenant, name=name, **told))


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(**{name: row._mapping[name] for name in Tenant.__dataclass_fields__})
