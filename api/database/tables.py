"""The database tables. Every row belongs to a tenant, or is public (the log's nodes, the public keys)."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

DEFAULT_TENANT = "default"


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets time zones, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; a naive time is a programming error."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """With its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(SQLModel):
    """Base of our tables, with a metadata of its own (never SQLModel's global one)."""

    metadata = MetaData(naming_convention=NAMING)


class ApiKey(Table, table=True):
    """A client's key; only the digest of its secret is kept."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(index=True, max_length=63)
    name: str = Field(max_length=200)
    prefix: str = Field(max_length=32)
    digest: str = Field(unique=True, max_length=64)
    scopes: list[str] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    replaced_by: str | None = Field(default=None, max_length=32)


class SigningKey(Table, table=True):
    """The public half of a key that has signed something; kept for as long as its signatures matter."""

    __tablename__ = "signing_keys"

    keyid: str = Field(primary_key=True, max_length=64)
    purpose: str = Field(primary_key=True, max_length=16)
    algorithm: str = Field(max_length=32)
    public_pem: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    compromised_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    log_size: int | None = Field(default=None, sa_type=BigInteger)
    reason: str | None = Field(default=None, sa_type=Text)


class KeyEventRow(Table, table=True):
    """A signed rotation or revocation of a signing key, as it was logged. Public."""

    __tablename__ = "key_events"

    leaf_index: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    envelope: str = Field(sa_type=Text)
    salt: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)


class WitnessedCheckpoint(Table, table=True):
    """A checkpoint with the cosignatures that were collected for it. Public."""

    __tablename__ = "witnessed_checkpoints"

    size: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    note: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)


class LogHead(Table, table=True):
    """The newest checkpoint that the log signed; one row, written with the entries it covers. Public."""

    __tablename__ = "log_head"

    id: int = Field(default=0, primary_key=True, sa_column_kwargs={"autoincrement": False})
    size: int = Field(sa_type=BigInteger)
    note: str = Field(sa_type=Text)


class LogSeen(Table, table=True):
    """A size at which others saw the log, after it was restored from before: no entry is made below it."""

    __tablename__ = "log_seen"

    size: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    told_by: str = Field(sa_type=Text)
    note: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)


class CredentialRoot(Table, table=True):
    """A root certificate under which content credentials were signed here. Public."""

    __tablename__ = "credential_roots"

    sha256: str = Field(primary_key=True, max_length=64)
    pem: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)


class WatermarkKeyName(Table, table=True):
    """The name of a tenant's watermark key, by which a lost or foreign one is told; nothing of the secret."""

    __tablename__ = "watermark_keys"

    tenant: str = Field(primary_key=True, max_length=63)
    epoch: int
    keyid: str = Field(max_length=64)


class Record(Table, table=True):
    """A signed ownership record; `envelope` and `salt` are the personal part, erased on request."""

    __tablename__ = "records"
    __table_args__ = (Index("ix_records_tenant_created_at", "tenant", "created_at", "record_id"),)

    record_id: str = Field(primary_key=True, max_length=16)
    tenant: str = Field(max_length=63)
    title: str = Field(sa_type=Text)
    envelope: str = Field(sa_type=Text)
    salt: bytes = Field(sa_type=LargeBinary)
    leaf_index: int = Field(sa_type=BigInteger, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    listed_as: int | None = Field(default=None, sa_type=BigInteger, index=True)


class RecordFile(Table, table=True):
    """A digest under which a record's audio is known: of the decoded samples or of a file."""

    __tablename__ = "record_files"

    record_id: str = Field(
        primary_key=True, max_length=16, foreign_key="records.record_id", ondelete="CASCADE"
    )
    sha256: str = Field(primary_key=True, max_length=64, index=True)
    tenant: str = Field(max_length=63, index=True)


class LogLeaf(Table, table=True):
    """An entry of the transparency log: a salted commitment, public, never changed or removed."""

    __tablename__ = "log_leaves"

    leaf_index: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    tenant: str = Field(index=True, max_length=63)
    entry: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)


class LogNode(Table, table=True):
    """A complete subtree's hash: the node at (level, n) covers 2^level leaves from n·2^level up."""

    __tablename__ = "log_nodes"

    level: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    position: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    hash: bytes = Field(sa_type=LargeBinary)


class Artist(Table, table=True):
    """An enrolled voice. Biometric data: sealed, and deleted for good when asked.

    A row without a key in `voice_keys` is of an earlier release and holds the plain voice print; whoever
    opens the registry seals it.
    """

    __tablename__ = "artists"
    __table_args__ = (UniqueConstraint("tenant", "name"),)

    id: str = Field(primary_key=True, max_length=32)
    tenant: str = Field(max_length=63)
    name: str = Field(max_length=200)
    voiceprint: bytes = Field(sa_type=LargeBinary)
    consent: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime)
    encoder: str | None = Field(default=None, max_length=100)


class VoiceKeyRow(Table, table=True):
    """The key of one artist's voice print, wrapped; without it the print is noise, in every copy of it."""

    __tablename__ = "voice_keys"

    artist_id: str = Field(primary_key=True, max_length=32, foreign_key="artists.id", ondelete="CASCADE")
    tenant: str = Field(max_length=63, index=True)
    keyid: str = Field(max_length=64)
    wrapped: bytes = Field(sa_type=LargeBinary)


class VoiceReadRow(Table, table=True):
    """Somebody opened voice prints, of one artist or of all who were enrolled then."""

    __tablename__ = "voice_reads"
    __table_args__ = (Index("ix_voice_reads_tenant_read_at", "tenant", "read_at"),)

    id: int | None = Field(default=None, primary_key=True)
    tenant: str = Field(max_length=63)
    artist_id: str | None = Field(default=None, max_length=32)
    voices: int
    who: str = Field(max_length=200)
    purpose: str = Field(sa_type=Text)
    read_at: datetime = Field(sa_type=UtcDateTime)


class ConsentRow(Table, table=True):
    """What an artist allows others to do with the voice: only ever revoked; erased with the artist."""

    __tablename__ = "artist_consents"

    id: str = Field(primary_key=True, max_length=32)
    artist_id: str = Field(max_length=32, index=True, foreign_key="artists.id", ondelete="CASCADE")
    tenant: str = Field(max_length=63)
    scopes: list[str] = Field(sa_type=JSON)
    territories: list[str] = Field(sa_type=JSON)
    valid_from: date
    valid_until: date | None = None
    licence: str | None = Field(default=None, sa_type=Text)
    evidence_sha256: str | None = Field(default=None, max_length=64)
    created_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_reason: str | None = Field(default=None, sa_type=Text)


class Job(Table, table=True):
    """An audit or tagging as the client sees it, and the lease of the worker that holds it."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_tenant_kind_created_at", "tenant", "kind", "created_at", "id"),
        Index("ix_jobs_state_tenant", "state", "tenant", "created_at", "id"),
        Index("ix_jobs_tenant_kind_state", "tenant", "kind", "state", "created_at", "id"),
        Index("ix_jobs_listed_as", "listed_as", "state"),
    )

    id: str = Field(primary_key=True, max_length=36)
    tenant: str = Field(max_length=63)
    kind: str = Field(max_length=16)
    state: str = Field(max_length=16)
    stage: str | None = Field(default=None, max_length=64)
    progress: float = 0.0
    attempts: int = 0
    file_name: str = Field(sa_type=Text)
    sha256: str = Field(max_length=64)
    size_bytes: int = Field(sa_type=BigInteger)
    request: dict[str, Any] = Field(sa_type=JSON)
    result: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    error: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    audio_deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    priority: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    queued_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancel_requested_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    worker: str | None = Field(default=None, max_length=100)
    fence: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    listed_as: str | None = Field(default=None, max_length=16)
    tagged_deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    trace: str | None = Field(default=None, max_length=55)


class TenantTurn(Table, table=True):
    """When a tenant's job was last taken from the queue, counted in jobs taken."""

    __tablename__ = "tenant_turns"

    tenant: str = Field(primary_key=True, max_length=63)
    turn: int = Field(sa_type=BigInteger)


class IdempotentRequest(Table, table=True):
    """A request that named an `Idempotency-Key`, and the job it made."""

    __tablename__ = "idempotent_requests"

    tenant: str = Field(primary_key=True, max_length=63)
    route: str = Field(primary_key=True, max_length=64)
    key: str = Field(primary_key=True, max_length=255)
    digest: str = Field(max_length=64)
    job_id: str = Field(max_length=36)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


class KeptAnswer(Table, table=True):
    """A request with an `Idempotency-Key` and, once it was answered, the answer; kept for a day."""

    __tablename__ = "kept_answers"

    id: str = Field(primary_key=True, max_length=64)
    tenant: str = Field(max_length=63)
    route: str = Field(sa_type=Text)
    digest: str = Field(max_length=64)
    claimed_until: datetime = Field(sa_type=UtcDateTime)
    status: int | None = None
    headers: dict[str, str] | None = Field(default=None, sa_type=JSON)
    body: bytes | None = Field(default=None, sa_type=LargeBinary)
    sealed: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


class RecordEvent(Table, table=True):
    """A signed event after the registration: a later revision, a dispute or a revocation, in log order."""

    __tablename__ = "record_events"

    leaf_index: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    record_id: str = Field(index=True, max_length=16, foreign_key="records.record_id", ondelete="CASCADE")
    tenant: str = Field(max_length=63)
    type: str = Field(max_length=16)
    envelope: str = Field(sa_type=Text)
    salt: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)
    once: str | None = Field(default=None, max_length=64, unique=True, index=True)


class Manifest(Table, table=True):
    """A C2PA manifest store that was written for a record, kept for files that have lost theirs."""

    __tablename__ = "manifests"

    manifest_id: str = Field(primary_key=True, max_length=200)
    record_id: str = Field(index=True, max_length=16, foreign_key="records.record_id", ondelete="CASCADE")
    tenant: str = Field(max_length=63)
    store: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=UtcDateTime)
