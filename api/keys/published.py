"""What is public of our keys, read from the database alone: whoever verifies opens no private key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.x509 import Certificate
from sqlalchemy import Connection, Engine, Row, select

from api import database
from api.database.tables import Table
from api.keys.files import Purpose
from api.log.cosigning import WitnessAddress
from api.log.transparency import TransparencyLog
from core import clock
from provenance.records.authorities import to_pem
from provenance.records.envelope import Envelope
from provenance.records.keyevents import ROTATE, KeyEvent, LoggedEvent
from provenance.records.keylife import KeyLife
from provenance.records.keys import PublicKey
from provenance.records.trust import TrustedKeys

_KEYS = Table.metadata.tables["signing_keys"]
_ROOTS = Table.metadata.tables["credential_roots"]
_EVENTS = Table.metadata.tables["key_events"]
_ALL_KEYS = select(_KEYS).order_by(_KEYS.c.created_at, _KEYS.c.keyid)


@dataclass(frozen=True)
class PublishedKey:
    """A public key of ours and what it signs."""

    purpose: Purpose
    key: PublicKey
    created_at: datetime
    revoked_at: datetime | None
    retired_at: datetime | None = None
    compromised_since: datetime | None = None
    log_size: int | None = None
    reason: str | None = None

    @property
    def in_force(self) -> bool:
        """Whether it signs today."""
        return self.retired_at is None and self.revoked_at is None

    @property
    def life(self) -> KeyLife:
        """From when to when the key may be believed."""
        return KeyLife(
            self.key.keyid,
            not_before=clock.utc_text(self.created_at),
            not_after=_text(self.retired_at),
            revoked_at=_text(self.revoked_at),
            compromised_since=_text(self.compromised_since),
            log_size=self.log_size,
            reason=self.reason,
        )


@dataclass(frozen=True)
class StoredKeyEvent:
    """A logged rotation or revocation."""

    leaf_index: int
    envelope: Envelope
    salt: bytes

    @property
    def purpose(self) -> str:
        """What the key signed."""
        return KeyEvent.from_payload(self.envelope.payload).purpose

    @property
    def hands_over_log(self) -> bool:
        """Whether it is the hand-over of the log's key, which is proven under a checkpoint by both keys."""
        return self.purpose == "log" and KeyEvent.from_payload(self.envelope.payload).type == ROTATE


class PublishedKeys:
    """What verifiers are given.

    Args:
        engine: the registry's database.
        log_origin: name of the log; None makes one from its first key.
        tsa_roots: certificates of the time-stamp authorities that are believed.
        witnesses: the witnesses whose cosignatures are collected and trusted.
    """

    def __init__(
        self,
        engine: Engine,
        log_origin: str | None = None,
        tsa_roots: Sequence[Certificate] = (),
        witnesses: Sequence[WitnessAddress] = (),
    ) -> None:
        self.log = TransparencyLog(engine, log_origin)
        self.witnesses = tuple(witnesses)
        self._engine = engine
        self._tsa_roots = tuple(tsa_roots)
        self._trusted: tuple[tuple[Row[Any], ...], TrustedKeys] = (), self._of(())

    def all(self) -> list[PublishedKey]:
        """Every key that ever signed here, oldest first, so that old signatures stay verifiable."""
        with database.reading(self._engine) as connection:
            return self.all_on(connection)

    def all_on(self, connection: Connection) -> list[PublishedKey]:
        """The same, as an open transaction sees it."""
        return [_published(row) for row in _rows(connection)]

    def trusted(self) -> TrustedKeys:
        """What an offline verifier must be given (`keys.json`).

        Retired and revoked keys are in it with their dates: what they signed before stays valid.
        """
        with database.reading(self._engine) as connection:
            return self.trusted_on(connection)

    def trusted_on(self, connection: Connection) -> TrustedKeys:
        """The same, as an open transaction sees it, with one statement."""
        rows = tuple(_rows(connection))
        if rows != self._trusted[0]:
            self._trusted = rows, self._of(rows)
        return self._trusted[1]

    def _of(self, rows: Sequence[Row[Any]]) -> TrustedKeys:
        published = [_published(row) for row in rows]
        log = self.log.named(
            [(row.keyid, row.public_pem, row.retired_at is not None) for row in rows if row.purpose == "log"]
        )
        return TrustedKeys(
            record=tuple(p.key for p in published if p.purpose == "record"),
            report=tuple(p.key for p in published if p.purpose == "report"),
            log=(*log, *(witness.key for witness in self.witnesses)),
            lives=tuple(life for life in (p.life for p in published) if life.ended),
            tsa=self._tsa_roots,
        )

    def events(self, purpose: Purpose | None = None) -> list[LoggedEvent]:
        """Every rotation and revocation with its proof, for whoever trusts an older key.

        Args:
            purpose: of the keys; None for all.
        """
        with database.reading(self._engine) as connection:
            rows = connection.execute(select(_EVENTS).order_by(_EVENTS.c.leaf_index)).all()
        stored = (
            StoredKeyEvent(row.leaf_index, Envelope.from_json(row.envelope.encode()), bytes(row.salt))
            for row in rows
        )
        return [
            LoggedEvent(e.envelope, self.log.proof_file(e.leaf_index, handover=e.hands_over_log), e.salt)
            for e in stored
            if purpose in (None, e.purpose)
        ]

    def tsa_anchors(self) -> list[str]:
        """Root certificates of the time-stamp authorities that are believed, in PEM."""
        return [to_pem(root) for root in self._tsa_roots]

    def credential_anchors(self) -> list[str]:
        """Root certificates under which content credentials were signed here, in PEM, the newest first."""
        query = select(_ROOTS.c.pem).order_by(_ROOTS.c.created_at.desc(), _ROOTS.c.sha256)
        with database.reading(self._engine) as connection:
            return list(connection.execute(query).scalars())


def _rows(connection: Connection) -> Sequence[Row[Any]]:
    return connection.execute(_ALL_KEYS).all()


@lru_cache(maxsize=256)
def _public_key(pem: str) -> PublicKey:
    return PublicKey.from_pem(pem.encode())


def _published(row: Row[Any]) -> PublishedKey:
    return PublishedKey(
        row.purpose,
        _public_key(row.public_pem),
        row.created_at,
        row.revoked_at,
        row.retired_at,
        row.compromised_since,
        row.log_size,
        row.reason,
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else clock.utc_text(moment)
