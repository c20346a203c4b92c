"""The public halves of our signing keys, their lives, and the log's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.x509 import Certificate
from sqlalchemy import Engine, Row, select

from api import database
from api.database.tables import Table
from api.keys.files import Purpose
from api.log.cosigning import WitnessAddress
from api.log.transparency import TransparencyLog
from core import clock
from provenance.records.authorities import to_pem
from provenance.records.checkpoint import NoteKey
from provenance.records.envelope import Envelope
from provenance.records.keyevents import ROTATE, KeyEvent, LoggedEvent
from provenance.records.keylife import KeyLife
from provenance.records.keys import PublicKey
from provenance.records.trust import TrustedKeys

_KEYS = Table.metadata.tables["signing_keys"]
_EVENTS = Table.metadata.tables["key_events"]


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


@dataclass(frozen=True)
class PublishedKeys:
    """What verifiers are given.

    Attributes:
        engine: the registry's database.
        log: the transparency log.
        tsa_roots: certificates of the time-stamp authorities that are believed.
        witnesses: the witnesses whose cosignatures are collected and trusted.
    """

    engine: Engine
    log: TransparencyLog
    tsa_roots: Sequence[Certificate] = ()
    witnesses: Sequence[WitnessAddress] = ()

    def all(self) -> list[PublishedKey]:
        """Every key that ever signed here, oldest first, so that old signatures stay verifiable."""
        with database.reading(self.engine) as connection:
            rows = connection.execute(select(_KEYS).order_by(_KEYS.c.created_at, _KEYS.c.keyid)).all()
        return [_published(row) for row in rows]

    def trusted(self) -> TrustedKeys:
        """What an offline verifier must be given (`keys.json`).

        Retired and revoked keys are in it with their dates: what they signed before stays valid.
        """
        published = self.all()
        return TrustedKeys(
            record=tuple(p.key for p in published if p.purpose == "record"),
            report=tuple(p.key for p in published if p.purpose == "report"),
            log=(*self._log_keys(published), *(witness.key for witness in self.witnesses)),
            lives=tuple(p.life for p in published if p.life.ended),
            tsa=tuple(self.tsa_roots),
        )

    def events(self, purpose: Purpose | None = None) -> list[LoggedEvent]:
        """Every rotation and revocation with its proof, for whoever trusts an older key.

        Args:
            purpose: of the keys; None for all.
        """
        with database.reading(self.engine) as connection:
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
        return [to_pem(root) for root in self.tsa_roots]

    def _log_keys(self, published: Sequence[PublishedKey]) -> list[NoteKey]:
        """The log's keys under its name, the one in force first."""
        former = (NoteKey(self.log.origin, p.key.raw) for p in published if p.purpose == "log")
        return [self.log.key, *(key for key in former if key != self.log.key)]


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


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else clock.utc_text(moment)
