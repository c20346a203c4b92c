"""API keys: who is asking, for which tenant, and what they may do.

A key is `tmk_<8 hex>_<43 base64url>`: a visible prefix to find it by and 32 random bytes. Only the SHA-256 of
the whole is stored; with 256 bits of entropy a slow hash would add nothing.
"""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, bindparam, delete, insert, or_, select, update

from api import database
from api.actor import HERE, Actor
from api.database.engine import LOG_LOCK
from api.database.tables import DEFAULT_TENANT, Table
from api.errors import ConflictingEntry, UnknownEntry
from api.keys.files import KeyStore
from api.server.refusals import Forbidden, TenantSuspended, Unauthorized
from core import clock
from core.characters import one_line
from core.errors import InvalidInput

PREFIX = "tmk"
_GOVERNING = LOG_LOCK + 3
LAST_USED_RESOLUTION = timedelta(minutes=1)  # at most one write a minute for each key

_KEYS = Table.metadata.tables["api_keys"]
_TENANTS = Table.metadata.tables["tenants"]
_NO_KEY = "the API key is unknown, expired or revoked"
_EVERY = select(_KEYS, _TENANTS.c.suspended_at).outerjoin(_TENANTS, _TENANTS.c.tenant == _KEYS.c.tenant)
_BY_ID = _EVERY.where(_KEYS.c.id == bindparam("id"))
_BY_DIGEST = _EVERY.where(_KEYS.c.digest == bindparam("digest"))  # every request asks this


class Scope(StrEnum):
    """What a key may do; `admin` includes every other scope and the management of keys."""

    AUDITS_READ = "audits:read"
    AUDITS_WRITE = "audits:write"
    TRACKS_WRITE = "tracks:write"
    RECORDS_READ = "records:read"
    RECORDS_WRITE = "records:write"
    ARTISTS_WRITE = "artists:write"
    POLICIES_WRITE = "policies:write"
    TRAIL_READ = "trail:read"
    METRICS_READ = "metrics:read"
    ADMIN = "admin"


EVERYDAY = frozenset(Scope) - {Scope.ADMIN}


@dataclass(frozen=True)
class Caller:
    """Who makes a request.

    Attributes:
        tenant: whose data they see.
        scopes: what they may do.
        key_id: the key they use, or None of a person or when anonymous.
        name: of the key, or of the person.
        member_id: the member of the tenant who is signed in, or None.
    """

    tenant: str
    scopes: frozenset[Scope]
    key_id: str | None
    name: str | None = None
    member_id: str | None = None

    @property
    def by(self) -> str | None:
        """Who asks, as a job keeps it: the id of a key, or the name of a person."""
        return self.name if self.key_id is None else self.key_id

    @property
    def actor(self) -> Actor:
        """Whom a step is entered for."""
        return HERE if self.name is None else Actor(self.name, self.key_id)

    def require(self, *scopes: Scope) -> None:
        """Raise `Forbidden` unless the caller has one of `scopes`."""
        if self.scopes.isdisjoint({*scopes, Scope.ADMIN}):
            wanted = " or ".join(scope.value for scope in scopes)
            raise Forbidden(f"this needs the scope {wanted}; ask an admin for a key that has it")


@dataclass(frozen=True)
class KeyInfo:
    """A key without its secret.

    Attributes:
        replaced_by: the key that took its place when it was rotated.
    """

    id: str
    tenant: str
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None = None


@dataclass(frozen=True)
class NewKey:
    """A fresh key; the only moment at which its secret is known."""

    info: KeyInfo
    secret: str


class ApiKeys:
    """The keys of all tenants."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self,
        name: str,
        scopes: frozenset[Scope],
        *,
        tenant: str = DEFAULT_TENANT,
        expires_at: datetime | None = None,
        key_id: str | None = None,
    ) -> NewKey:
        """Make a key.

        Args:
            name: for people.
            scopes: what it may do.
            tenant: whose data it sees.
            expires_at: when it ends by itself.
            key_id: its id. A key that has it gets a new secret: its own was told to nobody, because the
                process died before it answered.

        Raises:
            InvalidInput: no scope, an expiry in the past, or a name that cannot be seen.
        """
        secret = _new_secret()
        return NewKey(self._insert(secret, name, scopes, tenant, expires_at, key_id), secret)

    def authenticate(self, secret: str) -> Caller:
        """The caller behind a key.

        Raises:
            Unauthorized: the key is unknown, expired or revoked (which of them is not told).
            TenantSuspended: the key is good, but its tenant is suspended.
        """
        digest = _digest(secret)
        with database.asking(self._engine) as connection:
            row = connection.execute(_BY_DIGEST, {"digest": digest}).one_or_none()
        if row is None or not hmac.compare_digest(row.digest, digest):
            raise Unauthorized(_NO_KEY)
        return self._caller(row)

    def by_id(self, key_id: str) -> Caller:
        """The caller behind a key whose own token was sent; errors as of `authenticate`."""
        with database.asking(self._engine) as connection:
            row = connection.execute(_BY_ID, {"id": key_id}).one_or_none()
        if row is None:
            raise Unauthorized(_NO_KEY)
        return self._caller(row)

    def _caller(self, row: Row[Any]) -> Caller:
        now = clock.now()
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
            raise Unauthorized(_NO_KEY)
        if row.suspended_at is not None:
            raise TenantSuspended("the tenant of this key is suspended; ask the operators of the service")
        if row.last_used_at is None or now - row.last_used_at > LAST_USED_RESOLUTION:
            with database.writing(self._engine) as connection:
                connection.execute(update(_KEYS).where(_KEYS.c.id == row.id).values(last_used_at=now))
        return Caller(row.tenant, frozenset(map(Scope, row.scopes)), row.id, row.name)

    def keys(self, tenant: str) -> list[KeyInfo]:
        """A tenant's keys, oldest first, the revoked ones included."""
        query = select(_KEYS).where(_KEYS.c.tenant == tenant).order_by(_KEYS.c.created_at, _KEYS.c.id)
        with database.reading(self._engine) as connection:
            return [_info(row) for row in connection.execute(query)]

    def every(self) -> list[KeyInfo]:
        """The keys of all tenants, tenant by tenant, oldest first."""
        query = select(_KEYS).order_by(_KEYS.c.tenant, _KEYS.c.created_at, _KEYS.c.id)
        with database.reading(self._engine) as connection:
            return [_info(row) for row in connection.execute(query)]

    def find(self, key_id: str) -> KeyInfo:
        """A key of any tenant.

        Raises:
            UnknownEntry: there is none.
        """
        with database.reading(self._engine) as connection:
            row = connection.execute(select(_KEYS).where(_KEYS.c.id == key_id)).one_or_none()
        if row is None:
            raise UnknownEntry(f"no key {key_id}")
        return _info(row)

    def revoke(self, key_id: str, tenant: str, *, by_operator: bool = False) -> None:
        """Refuse a key from now on.

        Args:
            key_id: which.
            tenant: whose it is.
            by_operator: who revokes can make another admin key for the tenant, so its last one may go. The
                last one of the operators themselves stays in any case.

        Raises:
            UnknownEntry: the tenant has no such key in force.
            ConflictingEntry: it is the last admin key.
        """
        with database.writing(self._engine) as connection:
            database.hold(connection, _GOVERNING)  # of two admins who revoke each other, one stays
            found = self._in_force(connection, key_id, tenant)
            admins = [one for one in self._admins(connection, tenant) if one != key_id]
            needed = not by_operator or tenant == DEFAULT_TENANT
            if needed and Scope.ADMIN in found.scopes and not admins:
                raise ConflictingEntry("this is the last admin key; make or rotate to another one first")
            connection.execute(update(_KEYS).where(_KEYS.c.id == key_id).values(revoked_at=clock.now()))

    def rotate(self, key_id: str, tenant: str, overlap: timedelta, new_id: str | None = None) -> NewKey:
        """Make a key that takes another's place; the other works for `overlap` from now on, no longer.

        Args:
            key_id: which.
            tenant: whose it is.
            overlap: for how long both work.
            new_id: the id of the one that is made, with the meaning that it has for `create`.

        Raises:
            UnknownEntry: the tenant has no such key in force.
            ConflictingEntry: it was rotated before. What is left of its overlap is no end for another key.
        """
        secret, now = _new_secret(), clock.now()
        own = new_id or secrets.token_hex(8)
        with database.writing(self._engine) as connection:
            database.hold(connection, _GOVERNING)
            untold = delete(_KEYS).where(_KEYS.c.id == own, _KEYS.c.last_used_at.is_(None))
            row = connection.execute(untold.returning(*_KEYS.c)).one_or_none()
            again = row is not None  # the one that it replaces may have ended since
            found = _info(row) if row is not None else self._in_force(connection, key_id, tenant)
            if found.replaced_by is not None:
                raise ConflictingEntry(f"key {key_id} was rotated before; rotate {found.replaced_by}")
            info = replace(found, id=own, prefix=secret[:12], created_at=now, last_used_at=None)
            _enter(connection, info, secret)
            if again:
                return NewKey(info, secret)
            ends = min(now + overlap, found.expires_at or now + overlap)
            connection.execute(
                update(_KEYS).where(_KEYS.c.id == key_id).values(expires_at=ends, replaced_by=own)
            )
        return NewKey(info, secret)

    @staticmethod
    def _in_force(connection: Connection, key_id: str, tenant: str) -> KeyInfo:
        row = connection.execute(select(_KEYS).where(_KEYS.c.id == key_id, *_alive(tenant))).one_or_none()
        if row is None:
            raise UnknownEntry(f"no active key {key_id}")
        return _info(row)

    @staticmethod
    def _admins(connection: Connection, tenant: str) -> list[str]:
        found = connection.execute(select(_KEYS.c.id, _KEYS.c.scopes).where(*_alive(tenant)))
        return [row.id for row in found if Scope.ADMIN in row.scopes]

    def first_admin(self, home: Path) -> tuple[str, Path]:
        """The key that `trackmark serve` makes on its first start, and the file (0600) that holds it.

        Repeatable: an existing file is kept, and registered again where the database was replaced.
        """
        store = KeyStore(home)
        secret = store.secret("admin-api-key", _new_secret)
        with database.reading(self._engine) as connection:
            known = connection.execute(select(_KEYS.c.id).where(_KEYS.c.digest == _digest(secret))).first()
        if known is None:
            self._insert(secret, "first admin", frozenset({Scope.ADMIN}), DEFAULT_TENANT, None)
        return secret, store.folder / "admin-api-key"

    def _insert(
        self,
        secret: str,
        name: str,
        scopes: frozenset[Scope],
        tenant: str,
        expires_at: datetime | None,
        key_id: str | None = None,
    ) -> KeyInfo:
        if not scopes:
            raise InvalidInput("a key needs at least one scope")
        if not one_line(name) or not name.strip():
            raise InvalidInput("the name of a key must be one line of visible text")
        now = clock.now()
        if expires_at is not None and expires_at <= now:
            raise InvalidInput("expires_at lies in the past")
        info = KeyInfo(
            key_id or secrets.token_hex(8),
            tenant,
            name,
            secret[:12],
            tuple(sorted(scopes)),
            now,
            expires_at,
            None,
            None,
        )
        with database.writing(self._engine) as connection:
            taken = connection.execute(select(_KEYS.c.id).where(_KEYS.c.digest == _digest(secret))).first()
            if taken is not None:
                raise ConflictingEntry("this key exists already")
            untold = (_KEYS.c.id == info.id, _KEYS.c.last_used_at.is_(None))
            connection.execute(delete(_KEYS).where(*untold))
            _enter(connection, info, secret)
        return info


def _enter(connection: Connection, info: KeyInfo, secret: str) -> None:
    scopes = [scope.value for scope in info.scopes]
    connection.execute(insert(_KEYS).values(**{**vars(info), "scopes": scopes, "digest": _digest(secret)}))


def _alive(tenant: str) -> tuple[ColumnElement[bool], ...]:
    """Of the tenant, neither revoked nor expired."""
    expires = _KEYS.c.expires_at
    return (
        _KEYS.c.tenant == tenant,
        _KEYS.c.revoked_at.is_(None),
        or_(expires.is_(None), expires > clock.now()),
    )


def _new_secret() -> str:
    return f"{PREFIX}_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _info(row: Row[tuple[object, ...]]) -> KeyInfo:
    return KeyInfo(
        id=row.id,
        tenant=row.tenant,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(map(Scope, row.scopes)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        replaced_by=row.replaced_by,
    )
