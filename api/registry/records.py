"""Entering new records: signed one by one, written together with whoever registers at the same moment."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, insert

from api import database
from api.database.group_commit import GroupCommit
from api.database.tables import Table
from api.log import store as log_store
from provenance.records import envelope as envelopes
from provenance.records.envelope import Envelope
from provenance.records.keys import Signer
from provenance.records.log import SALT_BYTES, LogEntry, commit
from provenance.records.record import PAYLOAD_TYPE, OwnershipRecord

if TYPE_CHECKING:
    from provenance.fingerprint import Fingerprint

_RECORDS = Table.metadata.tables["records"]
_FILES = Table.metadata.tables["record_files"]


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


def desk(engine: Engine) -> GroupCommit[NewRecord, int]:
    """Registers records that come from many threads; answers with leaf indices. Keep one for each engine."""
    return GroupCommit(engine, lambda connection, new: _enter(engine, connection, new))


def _enter(engine: Engine, connection: Connection, new: Sequence[NewRecord]) -> range:
    """Record, log entry, tree hashes and fingerprint of each, all or nothing."""
    from provenance.fingerprint import SqlIndex

    indices = log_store.append_all(connection, [(one.entry, one.tenant) for one in new])
    moment = database.now()
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
    for one in new:
        SqlIndex(engine, one.tenant).add_on(connection, one.record.record_id, one.fingerprint)
    return indices
