"""Who is signed in: a random secret in the browser, its digest here, and when it ends. No token is kept.

A session ends at sign-out, after a pause, after a whole day's work, and the moment its member is suspended,
removed or given another role, or its tenant is suspended: each of these deletes its row.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import Connection, Engine, bindparam, delete, insert, or_, select, update

from api import database
from api.database.tables import Table
from api.errors import UnknownEntry
from api.identity.account import Account
from api.members.members import GOVERNING, INVITED, Member, mailbox_of, member_of
from api.outbox.trail import Acting, Event, enter
from core import clock
from core.characters import invisible

PREFIX = "tms_"
SEEN_RESOLUTION = timedelta(minutes=1)  # at most one write a minute for each session

_MEMBERS = Table.metadata.tables["members"]
_SESSIONS = Table.metadata.tables["member_sessions"]
_TENANTS = Table.metadata.tables["tenants"]
_BY_DIGEST = (  # every request of a signed-in person asks this
    select(_MEMBERS, _SESSIONS.c.began_at, _SESSIONS.c.seen_at)
    .join(_MEMBERS, _MEMBERS.c.id == _SESSIONS.c.member_id)
    .outerjoin(_TENANTS, _TENANTS.c.tenant == _MEMBERS.c.tenant)
    .where(
        _SESSIONS.c.digest == bindparam("digest"),
        _MEMBERS.c.suspended_at.is_(None),
        _TENANTS.c.suspended_at.is_(None),
    )
)


class Sessions:
    """Everybody who is signed in.

    Args:
        engine: of the database.
        idle: after what pause a session ends.
        total: how long it lasts at most.
    """

    def __init__(self, engine: Engine, idle: timedelta, total: timedelta) -> None:
        self._engine = engine
        self._idle = idle
        self._total = total

    def admit(self, account: Account) -> list[Member]:
        """Whom somebody may act as: the memberships of their account, and invitations of their address.

        An invitation is taken up by the first account that comes with its address, and belongs to it then.
        Nobody becomes a member in any other way.

        Returns:
            Those that are not suspended, in tenants that are not, the one used last first.
        """
        now = clock.now()
        own = (_MEMBERS.c.issuer == account.issuer, _MEMBERS.c.subject == account.subject)
        with database.writing(self._engine) as connection:
            database.hold(connection, GOVERNING)
            if account.email is not None:
                taken = select(_MEMBERS.c.tenant).where(*own)
                invited = (
                    _MEMBERS.c.mailbox == mailbox_of(account.email),
                    _MEMBERS.c.subject.is_(None),
                    _MEMBERS.c.suspended_at.is_(None),
                    _MEMBERS.c.invited_at > now - INVITED,
                    _MEMBERS.c.tenant.not_in(taken),
                )
                found = [member_of(row) for row in connection.execute(select(_MEMBERS).where(*invited))]
                becomes = {"issuer": account.issuer, "subject": account.subject, "joined_at": now}
                for one in found:
                    here = update(_MEMBERS).where(_MEMBERS.c.id == one.id)
                    connection.execute(here.values(**becomes, name=_name(account)))
                    _tell(connection, one, "member.joined")
            connection.execute(update(_MEMBERS).where(*own).values(name=_name(account)))
            suspended = select(_TENANTS.c.tenant).where(_TENANTS.c.suspended_at.is_not(None))
            query = select(_MEMBERS).where(
                *own, _MEMBERS.c.suspended_at.is_(None), _MEMBERS.c.tenant.not_in(suspended)
            )
            members = [member_of(row) for row in connection.execute(query)]
        return sorted(members, key=lambda one: one.signed_in_at or clock.at(0), reverse=True)

    def begin(self, member: Member) -> str:
        """Sign a member in; returns the secret that their browser holds."""
        secret, now = PREFIX + secrets.token_urlsafe(32), clock.now()
        with database.writing(self._engine) as connection:
            over = or_(_SESSIONS.c.began_at <= now - self._total, _SESSIONS.c.seen_at <= now - self._idle)
            connection.execute(delete(_SESSIONS).where(over))
            told = {"tenant": member.tenant, "member_id": member.id, "began_at": now, "seen_at": now}
            connection.execute(insert(_SESSIONS).values(digest=_digest(secret), **told))
            here = update(_MEMBERS).where(_MEMBERS.c.id == member.id)
            connection.execute(here.values(signed_in_at=now))
            _tell(connection, member, "member.signed-in")
        return secret

    def member(self, secret: str) -> Member:
        """Who is signed in.

        Raises:
            UnknownEntry: nobody by this secret, or no longer.
        """
        now, digest = clock.now(), _digest(secret)
        with database.asking(self._engine) as connection:
            row = connection.execute(_BY_DIGEST, {"digest": digest}).one_or_none()
        if row is None or row.began_at <= now - self._total or row.seen_at <= now - self._idle:
            raise UnknownEntry("the session has ended; sign in again")
        if now - row.seen_at > SEEN_RESOLUTION:
            with database.writing(self._engine) as connection:
                here = update(_SESSIONS).where(_SESSIONS.c.digest == digest)
                connection.execute(here.values(seen_at=now))
        return member_of(row)

    def others(self, member: Member) -> Sequence[Member]:
        """What else the account behind a member may act as, as `admit` tells it."""
        own = (_MEMBERS.c.issuer, _MEMBERS.c.subject)
        with database.reading(self._engine) as connection:
            row = connection.execute(select(*own).where(_MEMBERS.c.id == member.id)).one_or_none()
        if row is None or row.subject is None:
            return []
        account = Account(row.issuer, row.subject, None, member.name)
        return [one for one in self.admit(account) if one.id != member.id]

    def end(self, secret: str) -> None:
        """Sign out."""
        digest = _digest(secret)
        with database.writing(self._engine) as connection:
            row = connection.execute(_BY_DIGEST, {"digest": digest}).one_or_none()
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.digest == digest))
            if row is not None:
                _tell(connection, member_of(row), "member.signed-out")


def _tell(connection: Connection, member: Member, action: str) -> None:
    """Write down what a person did who has no request of a known caller yet, or no longer."""
    thing = f"/v1/members/{member.id}"
    enter(connection, [Event(member.tenant, "done", action, thing, Acting(member.actor))])


def _name(account: Account) -> str | None:
    """A name that can stand in a line."""
    kept = "".join(one for one in account.name or "" if not invisible(one) and one not in "<>").strip()
    return kept[:200] or None


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
