"""The life of a record in the registry: revisions, disputes and revocation, each signed and logged.

Events are appended under the database's write lock: what a new event builds on is what the log holds, so
two people who amend at once give one revision and one refusal, never a fork.
"""

import dataclasses
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from api import database
from api.database.tables import Table
from api.errors import ConflictingEntry, UnknownEntry
from api.keys.signing import SigningKeys
from api.log import store as log_store
from api.registry.summary import summary
from core import clock
from core.errors import ProofError
from provenance.exchange.amendment import patched
from provenance.exchange.transfer import party_for, transfer
from provenance.records import envelope as envelopes
from provenance.records import lifecycle
from provenance.records.envelope import Envelope
from provenance.records.lifecycle import RecordState, Statement
from provenance.records.log import SALT_BYTES, LogEntry, commit
from provenance.records.record import PAYLOAD_TYPE, OwnershipRecord
from provenance.records.stamping import Stamps
from provenance.records.state import REVISIONS, VerifiedStatement, standing, verify_statement
from provenance.records.timestamp import StampedTime
from provenance.records.verify import VerifiedRecord, verify_record

_RECORDS = Table.metadata.tables["records"]
_EVENTS = Table.metadata.tables["record_events"]
_FILES = Table.metadata.tables["record_files"]


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
class VerifiedHistory:
    """All events of a record, each checked for signature and log entry, and what they add up to.

    Attributes:
        state: the fold of all events.
        events: as stored, in log order.
        registered: the first revision; its place in the log dates the claim.
        current: the newest revision.
    """

    state: RecordState
    events: tuple[StoredEvent, ...]
    registered: VerifiedRecord
    current: VerifiedRecord

    @property
    def newest(self) -> StoredEvent:
        """The event that holds the newest revision."""
        return [event for event in self.events if event.type in REVISIONS][-1]

    def today(self) -> dict[str, Any]:
        """What the record says today (see `summary`), flattened for reports, pages and answers.

        Adds its `status`, `revision`, `open_disputes`, the place of its registration in the log
        (`first_index`), when the log wrote that down by its own clock (`logged_at`), and by when somebody
        independent had seen it, if anybody did (`witnessed_at`; POSIX seconds). `time_stamps` tells which
        authorities stamped it, each `{"authority", "stamped_at", "root"}`, `untrusted_time_stamps` why others
        do not count.
        """
        logged = self.registered.logged
        stamps = Stamps((), ()) if logged is None else logged.verified.stamps
        return {
            **summary(self.current),
            "status": self.state.status,
            "revision": self.state.record.revision,
            "open_disputes": self.state.open_disputes,
            "first_index": self.events[0].leaf_index,
            "logged_at": self.events[0].created_at.isoformat(),
            "witnessed_at": earliest_independent_time(self.registered),
            "time_stamps": [_told(one) for one in stamps.times],
            "untrusted_time_stamps": list(stamps.strangers),
        }


def earliest_independent_time(verified: VerifiedRecord) -> int | None:
    """By when somebody who is neither the signer nor the log had seen an event (POSIX seconds), if anybody.

    The proof file leads to the earliest checkpoint that somebody else vouched for.
    """
    return None if verified.logged is None else verified.logged.verified.earliest_s


def _told(stamp: StampedTime) -> dict[str, str]:
    stamped_at = clock.utc_text(datetime.fromtimestamp(stamp.time_s, UTC))
    return {"authority": stamp.authority, "stamped_at": stamped_at, "root": stamp.root}


@dataclass(frozen=True)
class RecordEvents:
    """The events of one tenant's records.

    Attributes:
        engine: the registry's database.
        keys: sign what is added, and verify what stands.
        tenant: whose records.
        witnesses: how many trusted witnesses must have co-signed what is read.
    """

    engine: Engine
    keys: SigningKeys
    tenant: str
    witnesses: int = 0

    def of(self, record_id: str) -> tuple[StoredEvent, ...]:
        """All events in log order, the registration first.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        with database.reading(self.engine) as connection:
            return self._events(connection, record_id)

    def verified(self, record_id: str) -> VerifiedHistory:
        """Check every event's signature and place in the log, and add them up.

        Raises:
            UnknownEntry: the tenant has no such record.
            VerificationError: somebody changed the database.
        """
        events = self.of(record_id)
        published = self.keys.published
        keys, log = published.trusted(), published.log
        revisions: list[VerifiedRecord] = []
        statements: list[VerifiedStatement] = []
        for event in events:
            proof = log.proof_file(event.leaf_index, witnesses=self.witnesses)
            if event.type in REVISIONS:
                found = verify_record(event.envelope, keys, proof, event.salt, witnesses=self.witnesses)
                revisions.append(found)
            else:
                stated = verify_statement(event.envelope, keys, proof, event.salt, witnesses=self.witnesses)
                statements.append(stated)
            logged = revisions[-1].logged if event.type in REVISIONS else statements[-1].logged
            if logged is None or logged.entry.type != event.type:
                raise ProofError("the log holds this event as one of another kind")
        state = standing([*revisions, *statements])
        return VerifiedHistory(state, events, revisions[0], revisions[-1])

    def amend(self, record_id: str, patch: Mapping[str, Any]) -> StoredEvent:
        """Add a revision by a JSON Merge Patch.

        Raises:
            UnknownEntry: the tenant has no such record.
            RecordError: the patch breaks a rule of the record.
            ConflictingEntry: the record is revoked.
        """
        return self._revise(
            record_id,
            "amend",
            lambda state: patched(state.record, patch, issued_at=clock.now_text()),
        )

    def transfer(
        self,
        record_id: str,
        *,
        to: str,
        right: str = "master",
        giver: str | None = None,
        share_ppm: int | None = None,
        effective: str | None = None,
        source_doc_sha256: str | None = None,
        kind: str = "org",
    ) -> StoredEvent:
        """Add a revision in which `to` holds shares that another party held; errors as in `amend`."""

        def make(state: RecordState) -> OwnershipRecord:
            return transfer(
                state.record,
                right=right,
                to=party_for(state.record, to, kind),
                giver=giver,
                share_ppm=share_ppm,
                effective=effective,
                source_doc_sha256=source_doc_sha256,
                issued_at=clock.now_text(),
            )

        return self._revise(record_id, "transfer", make)

    def dispute(self, record_id: str, *, issuer: str, reason: str) -> StoredEvent:
        """Open a dispute about the newest revision; errors as in `amend`."""
        return self._state(record_id, "dispute.open", issuer, reason)

    def close_dispute(self, record_id: str, *, issuer: str, reason: str) -> StoredEvent:
        """Close a dispute; `ConflictingEntry` where none is open."""
        return self._state(record_id, "dispute.close", issuer, reason)

    def revoke(self, record_id: str, *, issuer: str, reason: str) -> StoredEvent:
        """Withdraw the record for good; nothing can follow."""
        return self._state(record_id, "revoke", issuer, reason)

    def _revise(
        self, record_id: str, kind: str, make: Callable[[RecordState], OwnershipRecord]
    ) -> StoredEvent:
        keyid = self.keys.signer("record").keyid

        def signed_by_today(state: RecordState) -> OwnershipRecord:
            record = make(state)
            if record.issuer.keyid is None:
                return record
            # The key may have been rotated since the last revision: a revision names the key that signs it.
            return dataclasses.replace(record, issuer=dataclasses.replace(record.issuer, keyid=keyid))

        return self._append(record_id, kind, signed_by_today)

    def _state(self, record_id: str, kind: str, issuer: str, reason: str) -> StoredEvent:
        def make(state: RecordState) -> Statement:
            return Statement(kind, record_id, state.history[-1], clock.now_text(), issuer, reason)

        return self._append(record_id, kind, make)

    def _append(
        self, record_id: str, kind: str, make: Callable[[RecordState], OwnershipRecord | Statement]
    ) -> StoredEvent:
        signer = self.keys.signer("record")
        with database.writing(self.engine) as connection:
            contents = [event.content() for event in self._events(connection, record_id)]
            state = lifecycle.fold(contents)
            if state.revoked:
                raise ConflictingEntry(f"record {record_id} is revoked; nothing can follow")
            content = make(state)
            try:
                after = lifecycle.fold([*contents, content])
            except ProofError as error:
                raise ConflictingEntry(str(error)) from error
            payload = content.to_payload()
            kind_of_payload = PAYLOAD_TYPE if isinstance(content, OwnershipRecord) else lifecycle.PAYLOAD_TYPE
            envelope = envelopes.sign(payload, kind_of_payload, [signer])
            salt = secrets.token_bytes(SALT_BYTES)
            entry = LogEntry(kind, record_id, after.record.revision, commit(salt, payload), signer.keyid)
            leaf_index = log_store.append(connection, entry, self.tenant)
            event = StoredEvent(kind, envelope, salt, leaf_index, clock.now())
            connection.execute(
                insert(_EVENTS).values(
                    leaf_index=leaf_index,
                    record_id=record_id,
                    tenant=self.tenant,
                    type=kind,
                    envelope=envelope.to_json().decode(),
                    salt=salt,
                    created_at=event.created_at,
                )
            )
            if isinstance(content, OwnershipRecord):
                self._keep_findable(connection, content)
        return event

    def _keep_findable(self, connection: Connection, record: OwnershipRecord) -> None:
        """Lists show the title of today, and files that a revision names lead to the record."""
        mine = (_RECORDS.c.record_id == record.record_id, _RECORDS.c.tenant == self.tenant)
        connection.execute(update(_RECORDS).where(*mine).values(title=record.asset.title))
        known = select(_FILES.c.sha256).where(_FILES.c.record_id == record.record_id)
        new = set(record.asset.sha256_files) - set(connection.execute(known).scalars())
        rows = [
            {"record_id": record.record_id, "sha256": digest, "tenant": self.tenant} for digest in sorted(new)
        ]
        if rows:
            connection.execute(insert(_FILES), rows)

    def _events(self, connection: Connection, record_id: str) -> tuple[StoredEvent, ...]:
        tenant = self.tenant
        first = connection.execute(
            select(_RECORDS).where(_RECORDS.c.record_id == record_id, _RECORDS.c.tenant == tenant)
        ).one_or_none()
        if first is None:
            raise UnknownEntry(f"no record {record_id}")
        later = connection.execute(
            select(_EVENTS)
            .where(_EVENTS.c.record_id == record_id, _EVENTS.c.tenant == tenant)
            .order_by(_EVENTS.c.leaf_index)
        ).all()
        rows = [("register", first), *((row.type, row) for row in later)]
        return tuple(
            StoredEvent(
                kind,
                Envelope.from_json(row.envelope.encode()),
                bytes(row.salt),
                row.leaf_index,
                row.created_at,
            )
            for kind, row in rows
        )
