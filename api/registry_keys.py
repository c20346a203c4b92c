"""The life of our signing keys: made on first use, rotated, revoked; every step signed and logged.

The database decides which key is in force, the key files follow. A rotation that is interrupted between the
two is finished by the next one who asks for the key.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from api import db, log_store
from api.entries import PublishedKey, utc
from api.errors import InvalidRequest, UnknownEntry
from api.keystore import PURPOSES, KeyStore, Purpose
from api.tables import DEFAULT_TENANT, Table
from provenance.records.envelope import Envelope
from provenance.records.keyevents import REVOKE, KeyEvent, entry_of, sign_revocation, sign_rotation
from provenance.records.keys import PublicKey, Signer
from provenance.records.log import SALT_BYTES

_KEYS = Table.metadata.tables["signing_keys"]
_EVENTS = Table.metadata.tables["key_events"]
_LEAVES = Table.metadata.tables["log_leaves"]


@dataclass(frozen=True)
class StoredEvent:
    """A logged rotation or revocation."""

    leaf_index: int
    envelope: Envelope
    salt: bytes


class SigningKeys:
    """The signing keys of a registry, by purpose.

    Args:
        engine: the registry's database.
        store: the private halves.
    """

    def __init__(self, engine: Engine, store: KeyStore) -> None:
        self._engine = engine
        self._store = store

    def signer(self, purpose: Purpose) -> Signer:
        """The key in force, its public half entered where it is new."""
        signer = self._store.signer(purpose)
        with db.reading(self._engine) as connection:
            row = _find(connection, signer.keyid, purpose)
        if row is None:
            with db.writing(self._engine) as connection:
                _enter(connection, signer, purpose)
        elif row.retired_at is not None:
            # A rotation was interrupted after it was logged: the staged key is the one in force.
            self._store.promote(purpose, self._current(purpose))
            signer = self._store.signer(purpose)
        return signer

    def published(self) -> list[PublishedKey]:
        """Every key that ever signed here, oldest first."""
        for purpose in PURPOSES:
            self.signer(purpose)
        with db.reading(self._engine) as connection:
            rows = connection.execute(select(_KEYS).order_by(_KEYS.c.created_at, _KEYS.c.keyid)).all()
        return [_published(row) for row in rows]

    def events(self) -> list[StoredEvent]:
        """Every rotation and revocation, in the order of the log."""
        with db.reading(self._engine) as connection:
            rows = connection.execute(select(_EVENTS).order_by(_EVENTS.c.leaf_index)).all()
        return [
            StoredEvent(row.leaf_index, Envelope.from_json(row.envelope.encode()), bytes(row.salt))
            for row in rows
        ]

    def rotate(self, purpose: Purpose, reason: str) -> PublicKey:
        """Hand over to a new key by a statement that both sign; the old private key is erased.

        Raises:
            InvalidRequest: the log's key, which names the log: a log with another key is another log.
        """
        if purpose == "log":
            raise InvalidRequest("the key of a log is its name; start a new log instead of rotating it")
        old, new = self.signer(purpose), self._store.staged(purpose)
        with db.writing(self._engine) as connection:
            row = _find(connection, old.keyid, purpose)
            if row is None or row.retired_at is not None:
                raise InvalidRequest(f"the {purpose} key was rotated by somebody else just now")
            moment = db.now()
            envelope = sign_rotation(old, new, purpose, issued_at=utc(moment), reason=reason)
            leaf_index = _log(connection, envelope, moment)
            _enter(connection, new, purpose)
            _change(connection, old.keyid, purpose, retired_at=moment, log_size=leaf_index, reason=reason)
        self._store.promote(purpose, new.keyid)
        return new.public_key

    def revoke(self, keyid: str, reason: str, compromised_since: datetime | None = None) -> None:
        """Declare a key void, signed by the one in force; a key that is in force is rotated first.

        Args:
            keyid: the key.
            reason: in words.
            compromised_since: earliest moment at which somebody else may have had it; None where nobody had.

        Raises:
            UnknownEntry: no such record or report key.
            InvalidRequest: it was revoked before, or the moment is in the future.
        """
        if compromised_since is not None and compromised_since > db.now():
            raise InvalidRequest("a key cannot have been compromised in the future")
        known = [p for p in self.published() if p.key.keyid == keyid and p.purpose != "log"]
        if not known:
            raise UnknownEntry(f"no record or report key {keyid}")
        purpose = known[0].purpose
        if known[0].revoked_at is not None:
            raise InvalidRequest(f"key {keyid} was revoked at {utc(known[0].revoked_at)}")
        if self.signer(purpose).keyid == keyid:
            self.rotate(purpose, reason)
        signer = self.signer(purpose)
        with db.writing(self._engine) as connection:
            moment = db.now()
            size = None if compromised_since is None else _size_at(connection, compromised_since)
            event = KeyEvent(
                REVOKE,
                purpose,
                keyid,
                utc(moment),
                reason,
                compromised_since=None if compromised_since is None else utc(compromised_since),
                log_size=size,
            )
            leaf_index = _log(connection, sign_revocation(event, signer), moment)
            row = _find(connection, keyid, purpose)
            if size is None:
                size = leaf_index if row is None or row.log_size is None else min(row.log_size, leaf_index)
            _change(
                connection,
                keyid,
                purpose,
                revoked_at=moment,
                compromised_since=compromised_since,
                log_size=size,
                reason=reason,
            )

    def _current(self, purpose: Purpose) -> str:
        alive = select(_KEYS.c.keyid).where(
            _KEYS.c.purpose == purpose, _KEYS.c.retired_at.is_(None), _KEYS.c.revoked_at.is_(None)
        )
        with db.reading(self._engine) as connection:
            found: Sequence[str] = connection.execute(alive).scalars().all()
        if len(found) != 1:
            raise InvalidRequest(f"{len(found)} keys are in force for {purpose}; restore the key folder")
        return found[0]


def _find(connection: Connection, keyid: str, purpose: Purpose) -> Row[Any] | None:
    return connection.execute(
        select(_KEYS).where(_KEYS.c.keyid == keyid, _KEYS.c.purpose == purpose)
    ).one_or_none()


def _enter(connection: Connection, signer: Signer, purpose: Purpose) -> None:
    if _find(connection, signer.keyid, purpose) is None:
        connection.execute(
            insert(_KEYS).values(
                keyid=signer.keyid,
                purpose=purpose,
                algorithm=signer.algorithm,
                public_pem=signer.public_key.pem.decode(),
                created_at=db.now(),
            )
        )


def _change(connection: Connection, keyid: str, purpose: Purpose, **values: Any) -> None:
    connection.execute(
        update(_KEYS).where(_KEYS.c.keyid == keyid, _KEYS.c.purpose == purpose).values(**values)
    )


def _log(connection: Connection, envelope: Envelope, moment: datetime) -> int:
    """Enter a key event in the log; it names nobody, so its salt is published with it."""
    salt = secrets.token_bytes(SALT_BYTES)
    leaf_index = log_store.append(connection, entry_of(envelope, salt), DEFAULT_TENANT)
    values = {"leaf_index": leaf_index, "envelope": envelope.to_json().decode(), "salt": salt}
    connection.execute(insert(_EVENTS).values(**values, created_at=moment))
    return leaf_index


def _size_at(connection: Connection, moment: datetime) -> int:
    """How many entries the log had at a moment, by our own clock."""
    later = select(func.min(_LEAVES.c.leaf_index)).where(_LEAVES.c.created_at >= moment)
    first = connection.execute(later).scalar_one()
    if first is not None:
        return int(first)
    return log_store.size_of(connection)


def _published(row: Row[Any]) -> PublishedKey:
    return PublishedKey(
        row.purpose,
        PublicKey.from_pem(row.public_pem.encode()),
        row.created_at,
        row.revoked_at,
        row.retired_at,
        row.compromised_since,
        row.log_size,
        row.reason,
    )
