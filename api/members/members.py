"""Members of tenants: invited by e-mail address, given a role, suspended, removed; never the last admin."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, exists, insert, or_, select, update

from api import database
from api.actor import Actor
from api.database.engine import LOG_LOCK
from api.database.tables import Table
from api.errors import ConflictingEntry, PreconditionFailed, UnknownEntry
from api.members.role import Role
from api.outbox import trail
from core import clock

INVITED = timedelta(days=30)
"""How long an invitation can be taken up: addresses change hands."""
GOVERNING = LOG_LOCK + 8

_MEMBERS = Table.metadata.tables["members"]
_SESSIONS = Table.metadata.tables["member_sessions"]
_KEYS = Table.metadata.tables["api_keys"]


@dataclass(frozen=True)
class Member:
    """Somebody of a tenant.

    Attributes:
        email: as the invitation has it.
        name: as their provider tells it; None until they come.
        invited_by: who invited them.
        joined_at: when they took the invitation up; None until then.
        signed_in_at: when they signed in last.
        suspended_at: since when they are refused; None while they are not.
    """

    id: str
    tenant: str
    email: str
    name: str | None
    role: Role
    invited_at: datetime
    invited_by: str
    joined_at: datetime | None
    signed_in_at: datetime | None
    suspended_at: datetime | None
    suspended_by: str | None
    suspended_reason: str | None

    @property
    def shown(self) -> str:
        """As steps are entered for them: the name is the provider's word, the address tells them apart."""
        return self.email if self.name is None else f"{self.name[: 197 - len(self.email)]} <{self.email}>"

    @property
    def actor(self) -> Actor:
        """Whom a step is entered for."""
        return Actor(self.shown)

    @property
    def tag(self) -> str:
        """Names what they may do: another one follows each change of that."""
        told = [self.role.value, *(str(at and at.isoformat()) for at in (self.joined_at, self.suspended_at))]
        return sha256(" ".join(told).encode()).hexdigest()[:16]

    def expired(self, now: datetime) -> bool:
        """Whether the invitation was not taken up in time."""
        return self.joined_at is None and self.invited_at + INVITED <= now


class Members:
    """The members of one tenant.

    Args:
        engine: of the database.
        tenant: whose.
        expected: the tags of which a member that is changed must have one, else `PreconditionFailed`; None
            for any.
    """

    def __init__(self, engine: Engine, tenant: str, expected: frozenset[str] | None = None) -> None:
        self._engine = database.for_tenant(engine, tenant)
        self._tenant = tenant
        self._expected = expected

    def listed(self) -> list[Member]:
        """Everybody, invitations too, oldest first."""
        query = select(_MEMBERS).where(_MEMBERS.c.tenant == self._tenant)
        with database.reading(self._engine) as connection:
            rows = connection.execute(query.order_by(_MEMBERS.c.invited_at, _MEMBERS.c.id))
            return [member_of(row) for row in rows]

    def get(self, member_id: str) -> Member:
        """A member; raises `UnknownEntry`."""
        with database.reading(self._engine) as connection:
            return self._found(connection, member_id)

    def invite(self, email: str, role: Role, by: Actor, *, member_id: str | None = None) -> Member:
        """Invite whoever signs in with this address, once the provider has verified that it is theirs.

        Args:
            email: their address.
            role: what they may do.
            by: who invites.
            member_id: the id that the member gets.

        Raises:
            ConflictingEntry: the address is invited already, or a member's.
        """
        now, mailbox = clock.now(), mailbox_of(email)
        with database.writing(self._engine) as connection:
            database.hold(connection, GOVERNING)
            same = (_MEMBERS.c.tenant == self._tenant, _MEMBERS.c.mailbox == mailbox)
            lapsed = (_MEMBERS.c.joined_at.is_(None), _MEMBERS.c.invited_at <= now - INVITED)
            connection.execute(delete(_MEMBERS).where(*same, *lapsed))
            row = connection.execute(select(_MEMBERS).where(*same)).one_or_none()
            if row is not None and row.id == member_id:  # the process died before it answered
                return member_of(row)
            if row is not None:
                raise ConflictingEntry(f"{email} is a member or invited already")
            made = member_id or secrets.token_hex(8)
            told = {"email": email, "mailbox": mailbox, "role": role.value, "invited_at": now}
            whose = {"who": by.name[:200], "key_id": by.key_id}
            connection.execute(insert(_MEMBERS).values(id=made, tenant=self._tenant, **told, **whose))
            self._tell(connection, "member.invited", made)
            return self._found(connection, made)

    def change_role(self, member_id: str, role: Role) -> Member:
        """Give a member another role; they have to sign in again.

        Raises:
            UnknownEntry: there is no such member.
            ConflictingEntry: they have this role, or are the last admin.
        """
        with database.writing(self._engine) as connection:
            found = self._governed(connection, member_id)
            if found.role is role:
                raise ConflictingEntry(f"{found.email} is {role.value} already")
            self._spare_the_last_admin(connection, found)
            self._set(connection, found, role=role.value)
            self._tell(connection, f"member.role-{role.value}", member_id)
            return self._found(connection, member_id)

    def suspend(self, member_id: str, reason: str, by: Actor) -> Member:
        """Refuse a member from now on, also in the middle of a session.

        Raises:
            UnknownEntry: there is no such member.
            ConflictingEntry: they are suspended already, or are the last admin.
        """
        with database.writing(self._engine) as connection:
            found = self._governed(connection, member_id)
            if found.suspended_at is not None:
                raise ConflictingEntry(f"{found.email} is suspended already")
            self._spare_the_last_admin(connection, found)
            told = {"suspended_by": by.name[:200], "suspended_reason": reason}
            self._set(connection, found, suspended_at=clock.now(), **told)
            self._tell(connection, "member.suspended", member_id)
            return self._found(connection, member_id)

    def resume(self, member_id: str) -> Member:
        """Let a member in again; they have to sign in.

        Raises:
            UnknownEntry: there is no such member.
            ConflictingEntry: they are not suspended.
        """
        with database.writing(self._engine) as connection:
            found = self._governed(connection, member_id)
            if found.suspended_at is None:
                raise ConflictingEntry(f"{found.email} is not suspended")
            self._set(connection, found, suspended_at=None, suspended_by=None, suspended_reason=None)
            self._tell(connection, "member.resumed", member_id)
            return self._found(connection, member_id)

    def remove(self, member_id: str) -> None:
        """Forget a member or an invitation; what they did stays under their name.

        Raises:
            UnknownEntry: there is no such member.
            ConflictingEntry: they are the last admin.
        """
        with database.writing(self._engine) as connection:
            found = self._governed(connection, member_id)
            self._spare_the_last_admin(connection, found)
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.member_id == member_id))
            connection.execute(delete(_MEMBERS).where(_MEMBERS.c.id == member_id))
            self._tell(connection, "member.removed", member_id)

    def _governed(self, connection: Connection, member_id: str) -> Member:
        """The member, while nobody else changes who may do what: of two admins, one stays."""
        database.hold(connection, GOVERNING)
        found = self._found(connection, member_id)
        if self._expected is not None and found.tag not in self._expected:
            raise PreconditionFailed("somebody else has changed this member since; look at them first")
        return found

    def _found(self, connection: Connection, member_id: str) -> Member:
        of = (_MEMBERS.c.id == member_id, _MEMBERS.c.tenant == self._tenant)
        row = connection.execute(select(_MEMBERS).where(*of)).one_or_none()
        if row is None:
            raise UnknownEntry(f"no member {member_id}")
        return member_of(row)

    def _spare_the_last_admin(self, connection: Connection, found: Member) -> None:
        """Refuse to take from the tenant the last one, member or key, who may govern it.

        Whoever was only invited, or is suspended, governs nothing.
        """
        if found.role is not Role.ADMIN or found.joined_at is None or found.suspended_at is not None:
            return
        others = exists().where(
            _MEMBERS.c.tenant == self._tenant,
            _MEMBERS.c.id != found.id,
            _MEMBERS.c.role == Role.ADMIN.value,
            _MEMBERS.c.joined_at.is_not(None),
            _MEMBERS.c.suspended_at.is_(None),
        )
        if connection.execute(select(others)).scalar_one():
            return
        ends = _KEYS.c.expires_at
        alive = (_KEYS.c.revoked_at.is_(None), or_(ends.is_(None), ends > clock.now()))
        keys = connection.execute(select(_KEYS.c.scopes).where(_KEYS.c.tenant == self._tenant, *alive))
        if not any("admin" in scopes for scopes in keys.scalars()):
            raise ConflictingEntry(f"{found.email} is the last admin; make somebody else an admin first")

    @staticmethod
    def _set(connection: Connection, found: Member, **values: Any) -> None:
        """Change a member and end their sessions, which began as what they were."""
        connection.execute(update(_MEMBERS).where(_MEMBERS.c.id == found.id).values(**values))
        connection.execute(delete(_SESSIONS).where(_SESSIONS.c.member_id == found.id))

    def _tell(self, connection: Connection, action: str, member_id: str) -> None:
        trail.done(connection, self._tenant, action, f"/v1/members/{member_id}")


def tenant_of(engine: Engine, member_id: str) -> str:
    """Whose member somebody is; raises `UnknownEntry`."""
    with database.asking(engine) as connection:
        query = select(_MEMBERS.c.tenant).where(_MEMBERS.c.id == member_id)
        found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise UnknownEntry(f"no member {member_id}")
    return str(found)


def every_tenant(engine: Engine) -> list[str]:
    """Every tenant that has members."""
    with database.asking(engine) as connection:
        return sorted(connection.execute(select(_MEMBERS.c.tenant).distinct()).scalars())


def mailbox_of(email: str) -> str:
    """An address as addresses are compared: no provider that matters tells its letters' case apart."""
    return email.strip().casefold()


def member_of(row: Row[Any]) -> Member:
    """A row of members."""
    told = {name: row._mapping[name] for name in Member.__dataclass_fields__ if name != "invited_by"}
    return Member(**{**told, "role": Role(row.role)}, invited_by=row.who)
