"""What the registry hands out: registrations, records, artists, public keys."""

from dataclasses import dataclass
from datetime import datetime

from api.keystore import Purpose
from provenance.records.envelope import Envelope
from provenance.records.keys import PublicKey
from provenance.records.record import OwnershipRecord


@dataclass(frozen=True)
class Registration:
    """What a caller gets back for a registered record."""

    record_id: str
    envelope: Envelope
    leaf_index: int
    salt: bytes


@dataclass(frozen=True)
class StoredRecord:
    """A record as stored; the salt is what opens its commitment in the log."""

    record_id: str
    title: str
    envelope: Envelope
    salt: bytes
    leaf_index: int
    created_at: datetime

    def ownership(self) -> OwnershipRecord:
        """The statement itself, unverified: see `Registry.verified`."""
        return OwnershipRecord.from_payload(self.envelope.payload)


@dataclass(frozen=True)
class EnrolledArtist:
    """A voice that audits compare against."""

    id: str
    name: str
    voiceprint: bytes
    consent: str | None
    created_at: datetime


@dataclass(frozen=True)
class PublishedKey:
    """A public key of ours and what it signs."""

    purpose: Purpose
    key: PublicKey
    created_at: datetime
    revoked_at: datetime | None
