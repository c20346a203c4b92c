"""The records of a tenant: entered, listed, found, read.

New ones are signed one by one and written together with whoever registers at the same moment.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, Select, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from api import database
from api.database.group_commit import GroupCommit
from api.database.tables import Table
from api.errors import ConflictingEntry, UnknownEntry
from api.keys.signing import SigningKeys
from api.lists.cursors import Cursors
from api.lists.query import Wanted, look_up
from api.log import leaves
from api.outbox.outbox import tell
from api.registry import finding
from api.registry.events import RecordEvents
from api.registry.finding import Findable, terms
from api.registry.history import VerifiedHistory
from core import clock
from core.errors import InvalidInput
from provenance.records import envelope as envelopes
from provenance.records.envelope import Envelope
from provenance.records.keys import Signer
from provenance.records.log import SALT_BYTES, LogEntry, commit
from provenance.records.record import PAYLOAD_TYPE, OwnershipRecord

if TYPE_CHECKING:
    from provenance.fingerprint import Fingerprint

_RECORDS = Table.metadata.tables["records"]
_EVENTS = Table.metadata.tables["record_events"]
_FILES = Table.metadata.tables["record_files"]


@dataclass(frozen=True)
class Registration:
    """What a caller gets back for a registered record."""

    record_id: str
    envelope: Envelope
    leaf_index: int
    salt: bytes


@dataclass(frozen=True)
class StoredRecord:
    """A record as stored, unverified: see `Records.verified`.

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
class RecordsFound:
    """Some records in the order of their list, and where the next page starts."""

    records: tuple[StoredRecord, ...]
    next: str | None


@dataclass(frozen=True)
class NewRecord:
    """A signed record on its way into the log."""

    record: OwnershipRecord
    tenant: str
    envelope: Envelope
    salt: bytes
    entry: LogEntry
    fingerprint: "Fingerprint"


def sign_new(record: OwnershipRecord, tenant: str, signer: Signer, fingerprint: "Fingerprint") -> NewRecord:
    """Sign a first revision and commit to it under a fresh salt."""
    payload = record.to_payload()
    salt = secrets.token_bytes(SALT_BYTES)
    entry = LogEntry("register", record.record_id, record.revision, commit(salt, payload), signer.keyid)
    envelope = envelopes.sign(payload, PAYLOAD_TYPE, [signer])
    return NewRecord(record, tenant, envelope, salt, entry, fingerprint)


def desk(
    engine: Engine, begin: Callable[[], AbstractContextManager[Connection]]
) -> GroupCommit[NewRecord, int]:
    """Registers records that come from many threads; answers with leaf indices. Keep one for each engine."""
    return GroupCommit(begin, lambda connection, new: _enter(engine, connection, new))


def _enter(engine: Engine, connection: Connection, new: Sequence[NewRecord]) -> range:
    """Record, log entry, tree hashes and fingerprint of each, all or nothing."""
    from provenance.fingerprint import SqlIndex

    indices = leaves.append_all(connection, [(one.entry, one.tenant) for one in new])
    moment = clock.now()
    connection.execute(
        insert(_RECORDS),
        [
            {
                "record_id": one.record.record_id,
                "tenant": one.tenant,
                "title": one.record.asset.title,
                "envelope": one.envelope.to_json().decode(),
                "salt": one.salt,
                "leaf_index": index,
                "created_at": moment,
            }
            for index, one in zip(indices, new, strict=True)
        ],
    )
    connection.execute(
        insert(_FILES),
        [
            {"record_id": one.record.record_id, "sha256": digest, "tenant": one.tenant}
            for one in new
            for digest in sorted({one.record.asset.sha256_pcm, *one.record.asset.sha256_files})
        ],
    )
    finding.enter(
        connection,
        [
            Findable(
                one.record.record_id, one.tenant, moment, index, terms(one.record, one.record.claim_status)
            )
            for index, one in zip(indices, new, strict=True)
        ],
    )
    for index, one in zip(indices, new, strict=True):
        record_id = one.record.record_id
        said = {"record_id": record_id, "leaf_index": index, "url": f"/v1/records/{record_id}"}
        tell(connection, one.tenant, "record.registered", said)
    for one in new:
        SqlIndex(engine, one.tenant).add_on(connection, one.record.record_id, one.fingerprint)
    return indices


def _select_stored() -> Select[Any]:
    """The records of `tenant`, each with its newest revision."""
    newest = (
        select(func.max(_EVENTS.c.leaf_index))
        .where(_EVENTS.c.record_id == _RECORDS.c.record_id, _EVENTS.c.type.in_(("amend", "transfer")))
        .correlate(_RECORDS)
        .scalar_subquery()
    )
    return (
        select(
            _RECORDS.c.record_id,
            _RECORDS.c.title,
            _RECORDS.c.created_at,
            _RECORDS.c.leaf_index.label("first_index"),
            func.coalesce(_EVENTS.c.leaf_index, _RECORDS.c.leaf_index).label("leaf_index"),
            func.coalesce(_EVENTS.c.envelope, _RECORDS.c.envelope).label("envelope"),
            func.coalesce(_EVENTS.c.salt, _RECORDS.c.salt).label("salt"),
        )
        .select_from(_RECORDS)
        .outerjoin(_EVENTS, _EVENTS.c.leaf_index == newest)
        .where(_RECORDS.c.tenant == bindparam("tenant"))
    )


_STORED = _select_stored()  # to build it takes longer than to run it
_ONE = _STORED.where(_RECORDS.c.record_id == bindparam("record_id"))
_SHOWN = _STORED.where(_RECORDS.c.record_id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True)
class Records:
    """The records of one tenant.

    Attributes:
        engine: the registry's database.
        keys: sign new records.
        events: verify what stands.
        desk: enters new ones, together with those of all tenants.
        tenant: whose records.
    """

    engine: Engine
    keys: SigningKeys
    events: RecordEvents
    desk: GroupCommit[NewRecord, int]
    tenant: str

    def register(self, record: OwnershipRecord, fingerprint: "Fingerprint") -> Registration:
        """Sign a record and enter it: record, log entry, tree hashes and fingerprint, all or nothing.

        Repeatable, since a crash may come between the entry and its use: where this tenant's registration
        of the same record stands under that id, it is returned.

        Raises:
            ConflictingEntry: the record id is taken, by other content or by another tenant.
            InvalidInput: the record is a later revision.
        """
        if record.revision != 1:
            raise InvalidInput("register takes first revisions only")
        standing = self._standing(record)
        if standing is not None:
            return standing
        new = sign_new(record, self.tenant, self.keys.signer("record"), fingerprint)
        try:
            leaf_index = self.desk.submit(new)
        except IntegrityError as error:
            standing = self._standing(record)
            if standing is not None:
                return standing
            raise ConflictingEntry(f"record {record.record_id} exists already; draw a new id") from error
        return Registration(record.record_id, new.envelope, leaf_index, new.salt)

    def _standing(self, record: OwnershipRecord) -> Registration | None:
        """What this tenant registered under the record's id before.

        Raises:
            ConflictingEntry: it says something else.
        """
        query = select(_RECORDS).where(
            _RECORDS.c.record_id == record.record_id, _RECORDS.c.tenant == self.tenant
        )
        with database.reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        envelope = Envelope.from_json(row.envelope.encode())
        if envelope.payload != record.to_payload():
            raise ConflictingEntry(f"record {record.record_id} exists already and says something else")
        return Registration(record.record_id, envelope, row.leaf_index, bytes(row.salt))

    def add_file(self, record_id: str, sha256: str) -> None:
        """Note that a file, such as the tagged one with its credentials, carries a record's audio.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        self._known(record_id)
        with database.writing(self.engine) as connection:
            known = select(_FILES.c.sha256).where(_FILES.c.record_id == record_id, _FILES.c.sha256 == sha256)
            if connection.execute(known).first() is None:
                connection.execute(
                    insert(_FILES).values(record_id=record_id, sha256=sha256, tenant=self.tenant)
                )
                finding.add_digest(connection, record_id, sha256)

    def get(self, record_id: str) -> StoredRecord | None:
        """A record of this tenant."""
        with database.asking(self.engine) as connection:
            row = connection.execute(_ONE, {"record_id": record_id, "tenant": self.tenant}).one_or_none()
        return None if row is None else _stored(row)

    def count(self) -> int:
        """How many records this tenant has."""
        query = select(func.count()).select_from(_RECORDS).where(_RECORDS.c.tenant == self.tenant)
        with database.reading(self.engine) as connection:
            return connection.execute(query).scalar_one()

    def page(self, *, limit: int = 50, before: int | None = None) -> list[StoredRecord]:
        """This tenant's records, newest first; `before` is the `first_index` of the last page's end."""
        query = _STORED if before is None else _STORED.where(_RECORDS.c.leaf_index < before)
        query = query.order_by(_RECORDS.c.leaf_index.desc()).limit(limit)
        with database.reading(self.engine) as connection:
            rows = connection.execute(query, {"tenant": self.tenant}).all()
        return [_stored(row) for row in rows]

    def listed(self, wanted: Wanted, cursors: Cursors) -> RecordsFound:
        """A page of this tenant's records as they stand today, newest first unless asked otherwise.

        Raises:
            InvalidInput: the cursor is not one of this list, or a search says nothing.
        """
        with database.reading(self.engine) as connection:
            found = look_up(connection, finding.SHELF, wanted, self.tenant, cursors)
            rows = connection.execute(_SHOWN, {"ids": found.ids, "tenant": self.tenant})
            stored = {row.record_id: _stored(row) for row in rows}
        return RecordsFound(tuple(stored[one] for one in found.ids if one in stored), found.next)

    def find_by_sha256(self, sha256: str) -> list[StoredRecord]:
        """This tenant's records of the audio that has this digest (of a file, or of decoded samples)."""
        query = (
            _STORED.join(_FILES, _FILES.c.record_id == _RECORDS.c.record_id)
            .where(_FILES.c.sha256 == sha256, _FILES.c.tenant == self.tenant)
            .order_by(_RECORDS.c.leaf_index)
        )
        with database.reading(self.engine) as connection:
            return [_stored(row) for row in connection.execute(query, {"tenant": self.tenant})]

    def stating(self, isrc: str | None, *, but: str | None = None) -> tuple[str, ...]:
        """Records that state an ISRC, without one of them: an ISRC is the number of one recording."""
        if isrc is None:
            return ()
        with database.reading(self.engine) as connection:
            return tuple(one for one in finding.stating(connection, self.tenant, isrc) if one != but)

    def verified(self, record_id: str) -> VerifiedHistory:
        """Everything about a record, every event's signature and log entry checked.

        Raises:
            UnknownEntry: the tenant has no such record.
            VerificationError: the stored record does not verify: somebody changed the database.
        """
        return self.events.verified(record_id)

    def proof(self, record_id: str) -> str:
        """The proof file of a record's newest revision: see `TransparencyLog.proof_file`.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        return self.keys.published.log.proof_file(self._known(record_id).leaf_index)

    def _known(self, record_id: str) -> StoredRecord:
        stored = self.get(record_id)
        if stored is None:
            raise UnknownEntry(f"no record {record_id}")
        return stored


def stored_of(history: VerifiedHistory) -> StoredRecord:
    """A record as it was stored when it verified."""
    record, first, newest = history.state.record, history.events[0], history.newest
    return StoredRecord(
        record_id=record.record_id,
        title=record.asset.title,
        envelope=newest.envelope,
        salt=newest.salt,
        leaf_index=newest.leaf_index,
        first_index=first.leaf_index,
        created_at=first.created_at,
    )


def _stored(row: Row[Any]) -> StoredRecord:
    return StoredRecord(
        record_id=row.record_id,
        title=row.title,
        envelope=Envelope.from_json(row.envelope.encode()),
        salt=bytes(row.salt),
        leaf_index=row.leaf_index,
        first_index=row.first_index,
        created_at=row.created_at,
    )
