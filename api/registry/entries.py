"""What the registry hands out: registrations, records, artists, public keys."""

from dataclasses import dataclass
from datetime import UTC, datetime

from api.keys.files import Purpose
from provenance.records.envelope import Envelope
from provenance.records.keylife import KeyLife
from provenance.records.keys import PublicKey
from provenance.records.lifecycle import Statement
from provenance.records.record import OwnershipRecord
from provenance.records.state import REVISIONS


@dataclass(frozen=True)
class Registration:
    """What a caller gets back for a registered record."""

    record_id: str
    envelope: Envelope
    leaf_index: int
    salt: bytes


@dataclass(frozen=True)
class StoredRecord:
    """A record as stored, unverified: see `Registry.verified`.

    Attributes:
        title: of the newest revision.
        envelope: the newest revision, signed.
        salt: opens that revision's commitment in the log.
        leaf_index: that revision's entry in the log.
        first_index: the registration's entry.
        created_at: when it was registered.
    """

    record_id: str
    title: str
    envelope: Envelope
    salt: bytes
    leaf_index: int
    first_index: int
    created_at: datetime


@dataclass(frozen=True)
class StoredEvent:
    """One event of a record as stored; the salt opens its commitment in the log."""

    type: str
    envelope: Envelope
    salt: bytes
    leaf_index: int
    created_at: datetime

    def content(self) -> OwnershipRecord | Statement:
        """What was signed, unverified."""
        if self.type in REVISIONS:
            return OwnershipRecord.from_payload(self.envelope.payload)
        return Statement.from_payload(self.envelope.payload)


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
    retired_at: datetime | None = None
    compromised_since: datetime | None = None
    log_size: int | None = None
    reason: str | None = None

    @property
    def life(self) -> KeyLife:
        """From when to when the key may be believed."""
        return KeyLife(
            self.key.keyid,
            not_before=utc(self.created_at),
            not_after=None if self.retired_at is None else utc(self.retired_at),
            revoked_at=None if self.revoked_at is None else utc(self.revoked_at),
            compromised_since=None if self.compromised_since is None else utc(self.compromised_since),
            log_size=self.log_size,
            reason=self.reason,
        )


def utc(moment: datetime) -> str:
    """A moment as records write it: RFC 3339 in UTC with `Z`, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
