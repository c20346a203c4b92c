"""`Idempotency-Key`: a request that is sent again is answered again, and done once.

The key belongs to a tenant and a route. The first request claims it; until that has been answered, the same
one is told to wait (409), and another one under the same key is refused (422) for as long as the key is
remembered. An answer that tells of success is kept and given again, marked `Idempotency-Replayed: true`. A
request that was refused did nothing, so its key is free; one that failed in the server may be tried again,
by itself only. Whatever must not happen twice even if the process dies before the answer is kept is bound
to `Once.event` in its own transaction.

Uploads that become jobs keep their key beside the job (`api.jobs.books`), in the transaction that enters it.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request

from api import database
from api.database.tables import Table
from api.errors import ConflictingEntry, IdempotencyConflict
from api.server.refusals import InProgress
from core import clock
from core.errors import InvalidInput

LEASE = timedelta(seconds=60)
"""How long a request holds its key without an answer; a process that died holds it no longer."""
REPLAYED = "Idempotency-Replayed"

_ANSWERS = Table.metadata.tables["kept_answers"]


@dataclass(frozen=True)
class Once:
    """A request that is to be done once.

    Attributes:
        id: of tenant, route and key, 64 hex digits.
        route: method and path.
        digest: of what was asked, 64 hex digits.
        seal: opens an answer that holds a secret; of the key and of the caller's own secret.
    """

    id: str
    tenant: str
    route: str
    digest: str
    seal: bytes

    @property
    def event(self) -> str:
        """Names what this request makes: another request under the same key makes something else."""
        return sha256(f"{self.id} {self.digest}".encode()).hexdigest()

    @property
    def made(self) -> str:
        """The id of what this request makes, where it is one of sixteen digits."""
        return self.event[:16]

    @classmethod
    def of(cls, key: str, tenant: str, route: str, asked: bytes, secret: str | None) -> "Once":
        """The request that a client names by `key`."""
        scope = json.dumps([tenant, route, key]).encode()
        derived = HKDF(SHA256(), 32, salt=None, info=b"trackmark kept answer" + scope).derive(
            (secret or "").encode()
        )
        return cls(
            sha256(scope).hexdigest(), tenant, route, sha256(asked).hexdigest(), urlsafe_b64encode(derived)
        )


@dataclass(frozen=True)
class Kept:
    """An answer that was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def checked_key(key: str) -> str:
    """The value of an `Idempotency-Key`.

    Raises:
        InvalidInput: it is none.
    """
    if not 1 <= len(key) <= 255 or not key.isprintable():
        raise InvalidInput("an Idempotency-Key has 1 to 255 printable characters")
    return key


class Answers:
    """The answers that are kept, of all tenants."""

    def __init__(self, engine: Engine, lifetime: timedelta) -> None:
        self._engine = engine
        self._lifetime = lifetime

    def claim(self, once: Once) -> Kept | None:
        """Begin a request, or find the answer that it had.

        Raises:
            InProgress: the same request is under way.
            IdempotencyConflict: the key was used with another request.
            ConflictingEntry: the answer holds a secret that was told to another API key.
        """
        try:
            return self._claim(once)
        except IntegrityError:  # it came twice at one moment, and the other was first
            return self._claim(once)

    def _claim(self, once: Once) -> Kept | None:
        now = clock.now()
        with database.writing(self._engine) as connection:
            connection.execute(delete(_ANSWERS).where(_ANSWERS.c.created_at < now - self._lifetime))
            row = connection.execute(select(_ANSWERS).where(_ANSWERS.c.id == once.id)).one_or_none()
            if row is None:
                values = {"id": once.id, "tenant": once.tenant, "route": once.route, "digest": once.digest}
                connection.execute(
                    insert(_ANSWERS).values(**values, claimed_until=now + LEASE, sealed=False, created_at=now)
                )
                return None
            if row.digest != once.digest:
                raise IdempotencyConflict("this Idempotency-Key was used with another request; use a new key")
            if row.status is None:
                self._take_over(connection, once, row.claimed_until, now)
                return None
        return Kept(row.status, row.headers, _opened(row.body, once) if row.sealed else row.body)

    def _take_over(self, connection: Connection, once: Once, until: datetime, now: datetime) -> None:
        """Go on with a request that nobody is at any more."""
        free = (_ANSWERS.c.id == once.id, _ANSWERS.c.status.is_(None), _ANSWERS.c.claimed_until <= now)
        taken = connection.execute(update(_ANSWERS).where(*free).values(claimed_until=now + LEASE))
        if taken.rowcount == 0:
            wait = max((until - now).total_seconds(), 1.0)
            raise InProgress("the same request is under way; ask again in a moment", min(wait, 2.0))

    def keep(self, once: Once, answer: Kept, *, sealed: bool) -> None:
        """Keep an answer; one that holds a secret so that only who was told it can read it again."""
        body = Fernet(once.seal).encrypt(answer.body) if sealed else answer.body
        with database.writing(self._engine) as connection:
            connection.execute(
                update(_ANSWERS)
                .where(_ANSWERS.c.id == once.id)
                .values(status=answer.status, headers=dict(answer.headers), body=body, sealed=sealed)
            )

    def release(self, once: Once, *, done_nothing: bool) -> None:
        """Let go of a request without an answer to keep; one that surely did nothing is forgotten."""
        mine = (_ANSWERS.c.id == once.id, _ANSWERS.c.status.is_(None))
        with database.writing(self._engine) as connection:
            if done_nothing:
                connection.execute(delete(_ANSWERS).where(*mine))
            else:
                connection.execute(update(_ANSWERS).where(*mine).values(claimed_until=clock.now()))

    def forget(self, tenant: str, route: str) -> None:
        """Erase a tenant's answers of the routes that begin with `route`: what they tell of is erased."""
        begins = _ANSWERS.c.route.startswith(route, autoescape=True)
        with database.writing(self._engine) as connection:
            connection.execute(delete(_ANSWERS).where(_ANSWERS.c.tenant == tenant, begins))


def _opened(body: bytes, once: Once) -> bytes:
    try:
        return Fernet(once.seal).decrypt(body)
    except InvalidToken:
        raise ConflictingEntry("the answer to this Idempotency-Key was told to another API key") from None


def claimed(request: Request) -> Once | None:
    """The key that a request has claimed; None where it named none."""
    once: Once | None = getattr(request.state, "once", None)
    return once


def made_by(request: Request) -> str | None:
    """The id of what a request makes that is to be done once; None where any id will do."""
    once = claimed(request)
    return None if once is None else once.made


def seal_answer(request: Request) -> None:
    """The answer holds a secret: if it is kept, then sealed."""
    request.state.confidential = True
