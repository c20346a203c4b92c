"""The life of our signing keys: made on first use, rotated, revoked; every step signed and logged.

The database decides which key is in force, the key files follow. A rotation that is interrupted between the
two is finished by the next one who asks for the key.

The key of the log may be rotated, too: the log keeps the name that its first key gave it, and a checkpoint by
both keys shows the hand-over to those who know the old one.
"""

import secrets
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update

from api import database
from api.database.tables import DEFAULT_TENANT, Table
from api.errors import InvalidRequest, UnknownEntry
from api.keys.files import PURPOSES, KeyStore, Purpose
from api.keys.published import PublishedKeys
from api.log import store as log_store
from api.log.cosigning import WitnessAddress
from api.log.transparency import TransparencyLog
from core import clock
from core.errors import KeyFileError
from provenance.records.checkpoint import Checkpoint, NoteSigner, sign_checkpoint
from provenance.records.envelope import Envelope
from provenance.records.keyevents import REVOKE, KeyEvent, entry_of, sign_revocation, sign_rotation
from provenance.records.keys import ED25519, PublicKey, Signer
from provenance.records.log import SALT_BYTES, MerkleLog

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from provenance.credentials.identity import C2paIdentity
    from provenance.watermark import WatermarkKey

_KEYS = Table.metadata.tables["signing_keys"]
_EVENTS = Table.metadata.tables["key_events"]
_LEAVES = Table.metadata.tables["log_leaves"]


class SigningKeys:
    """The keys by which a registry signs and marks.

    Args:
        engine: the registry's database.
        store: the private halves.
        tenant: whose watermarks `watermark` makes and reads.
        log_origin: name of the log; None makes one from its first key.
        witnesses: the witnesses whose cosignatures are collected and trusted.
        tsa_roots: certificates of the time-stamp authorities that are believed.
        credentials_tsa: address of the one that stamps content credentials; None asks nobody.
    """

    def __init__(
        self,
        engine: Engine,
        store: KeyStore,
        *,
        tenant: str = DEFAULT_TENANT,
        log_origin: str | None = None,
        witnesses: Sequence[WitnessAddress] = (),
        tsa_roots: Sequence["Certificate"] = (),
        credentials_tsa: str | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._tenant = tenant
        self._log_origin = log_origin
        self._witnesses = tuple(witnesses)
        self._tsa_roots = tuple(tsa_roots)
        self._credentials_tsa = credentials_tsa

    def for_tenant(self, tenant: str) -> "SigningKeys":
        """The same keys, with the watermarks of another tenant."""
        keys = copy(self)
        keys._tenant = tenant
        return keys

    @property
    def log(self) -> TransparencyLog:
        """The transparency log under the key in force."""
        return TransparencyLog(self._engine, NoteSigner(self.origin(), self.signer("log")))

    @property
    def published(self) -> PublishedKeys:
        """The public halves."""
        for purpose in PURPOSES:
            self.signer(purpose)
        return PublishedKeys(self._engine, self.log, self._tsa_roots, self._witnesses)

    def credentials(self) -> "C2paIdentity":
        """Signs content credentials."""
        return replace(self._store.c2pa_identity(), tsa=self._credentials_tsa)

    def watermark(self) -> "WatermarkKey":
        """The secret of the tenant's watermarks."""
        return self._store.watermark_key(self._tenant)

    def next_watermark_epoch(self) -> "WatermarkKey":
        """Mark with fresh chips from now on (see `KeyStore.next_watermark_epoch`)."""
        return self._store.next_watermark_epoch(self._tenant)

    def origin(self) -> str:
        """The log's name in its checkpoints, whatever its key today."""
        if self._log_origin is not None:
            return self._log_origin
        self.signer("log")
        first = select(_KEYS.c.keyid).where(_KEYS.c.purpose == "log").order_by(_KEYS.c.created_at)
        with database.reading(self._engine) as connection:
            keyid: str = connection.execute(first.limit(1)).scalar_one()
        # No domain is ours to claim by default, and ".invalid" can never become another's (RFC 2606).
        return f"trackmark.invalid/log/{keyid[:16]}"

    def signer(self, purpose: Purpose) -> Signer:
        """The key in force, its public half entered where it is new.

        Raises:
            KeyFileError: the key at hand is not the one in force.
        """
        signer = self._store.signer(purpose)
        with database.reading(self._engine) as connection:
            row = _find(connection, signer.keyid, purpose)
        if row is None:
            with database.writing(self._engine) as connection:
                if purpose == "log" and (others := _known(connection, purpose)):
                    raise KeyFileError(
                        f"the log is signed by key {others[-1]}, not by {signer.keyid}; give that one, "
                        "or `trackmark key rotate log --to` the new one"
                    )
                _enter(connection, signer, purpose)
        elif row.retired_at is not None:
            # A rotation was interrupted after it was logged: the staged key is the one in force.
            current = self._current(purpose)
            self._store.promote(purpose, current)
            signer = self._store.signer(purpose)
            if signer.keyid != current:
                raise KeyFileError(
                    f"the {purpose} key {signer.keyid} was retired; set TRACKMARK_{purpose.upper()}_KEY to "
                    f"its successor {current}"
                )
        return signer

    def rotate(self, purpose: Purpose, reason: str, successor: Signer | None = None) -> PublicKey:
        """Hand over to a new key by a statement that both sign; the old private key on disk is erased.

        Args:
            purpose: what the key signs. Where it is the log, a checkpoint behind the statement is signed by
                both keys too.
            reason: in words.
            successor: the new key, if it comes from outside; by default one is made on disk.

        Raises:
            InvalidRequest: somebody else rotated it just now, or the successor was a key before.
            KeyFileError: the old key is given from outside and the successor is not.
        """
        old = self.signer(purpose)
        new = successor or self._store.staged(purpose)
        if purpose == "log" and new.algorithm != ED25519:
            raise InvalidRequest("the log signs with Ed25519; give a key of that kind")
        origin = self.origin() if purpose == "log" else ""
        with database.writing(self._engine) as connection:
            row = _find(connection, old.keyid, purpose)
            if row is None or row.retired_at is not None:
                raise InvalidRequest(f"the {purpose} key was rotated by somebody else just now")
            if _find(connection, new.keyid, purpose) is not None:
                raise InvalidRequest(f"key {new.keyid} signed here before; hand over to a new one")
            moment = clock.now()
            envelope = sign_rotation(old, new, purpose, issued_at=clock.utc_text(moment), reason=reason)
            size = _log(connection, envelope, moment)
            if purpose == "log":
                size += 1
                head = Checkpoint(origin, size, log_store.ask(connection, size, MerkleLog.root))
                note = sign_checkpoint(head, NoteSigner(origin, old), NoteSigner(origin, new))
                log_store.keep(connection, size, note)
            _enter(connection, new, purpose)
            _change(connection, old.keyid, purpose, retired_at=moment, log_size=size, reason=reason)
        if successor is None:
            self._store.promote(purpose, new.keyid)
        else:
            self._store.hand_over(purpose, new.keyid)
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
        if compromised_since is not None and compromised_since > clock.now():
            raise InvalidRequest("a key cannot have been compromised in the future")
        known = [p for p in self.published.all() if p.key.keyid == keyid]
        if not known:
            raise UnknownEntry(f"no signing key {keyid}")
        purpose = known[0].purpose
        if known[0].revoked_at is not None:
            raise InvalidRequest(f"key {keyid} was revoked at {clock.utc_text(known[0].revoked_at)}")
        if self.signer(purpose).keyid == keyid:
            self.rotate(purpose, reason)
        signer = self.signer(purpose)
        with database.writing(self._engine) as connection:
            moment = clock.now()
            size = None if compromised_since is None else _size_at(connection, compromised_since)
            event = KeyEvent(
                REVOKE,
                purpose,
                keyid,
                clock.utc_text(moment),
                reason,
                compromised_since=None if compromised_since is None else clock.utc_text(compromised_since),
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
        with database.reading(self._engine) as connection:
            found: Sequence[str] = connection.execute(alive).scalars().all()
        if len(found) != 1:
            raise InvalidRequest(f"{len(found)} keys are in force for {purpose}; restore the key folder")
        return found[0]


def _known(connection: Connection, purpose: Purpose) -> Sequence[str]:
    """Every key of a purpose, the oldest first."""
    query = select(_KEYS.c.keyid).where(_KEYS.c.purpose == purpose).order_by(_KEYS.c.created_at)
    found: Sequence[str] = connection.execute(query).scalars().all()
    return found


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
                created_at=clock.now(),
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
