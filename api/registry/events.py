"""The life of a record in the registry: revisions, disputes and revocation, each signed and logged.

Events are appended under the database's write lock: what a new event builds on is what the log holds, so
two people who amend at once give one revision and one refusal, never a fork.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from api import database
from api.database.tables import Table
from api.errors import ConflictingEntry, PreconditionFailed
from api.keys.signing import SigningKeys
from api.log import leaves
from api.outbox.outbox import tell
from api.registry import finding, publications
from api.registry.history import StoredEvent, VerifiedHistory, entity_tag, stored_events, verified_history
from api.registry.summary import owners
from core import clock
from core.errors import InvalidInput, ProofError
from provenance.exchange.amendment import patched
from provenance.exchange.transfer import party_for, transfer
from provenance.records import envelope as envelopes
from provenance.records import lifecycle
from provenance.records.lifecycle import RecordState, Statement
from provenance.records.log import SALT_BYTES, LogEntry, commit
from provenance.records.record import PAYLOAD_TYPE, OwnershipRecord

_RECORDS = Table.metadata.tables["records"]
_EVENTS = Table.metadata.tables["record_events"]
_LEAVES = Table.metadata.tables["log_leaves"]
_HEAD = Table.metadata.tables["log_head"]
_FILES = Table.metadata.tables["record_files"]


@dataclass(frozen=True)
class RecordEvents:
    """The events of one tenant's records.

    Attributes:
        engine: the registry's database.
        keys: sign what is added, and verify what stands.
        tenant: whose records.
        witnesses: how many trusted witnesses must have co-signed what is read.
        once: names the request that asks for an event; the event that the same request made before is the
            answer, and no second one is made.
        expected: states (`history.entity_tag`) of which the record must be in one, or None for any.
    """

    engine: Engine
    keys: SigningKeys
    tenant: str
    witnesses: int = 0
    once: str | None = None
    expected: frozenset[str] | None = None

    def of(self, record_id: str) -> tuple[StoredEvent, ...]:
        """All events in log order, the registration first.

        Raises:
            UnknownEntry: the tenant has no such record.
        """
        with database.reading(self.engine) as connection:
            return tuple(one.event for one in stored_events(connection, record_id, self.tenant))

    def verified(self, record_id: str) -> VerifiedHistory:
        """Check every event's signature and place in the log, and add them up.

        Raises:
            UnknownEntry: the tenant has no such record.
            VerificationError: somebody changed the database.
        """
        with database.reading(self.engine) as connection:
            return verified_history(connection, self.keys.published, record_id, self.tenant, self.witnesses)

    def amend(self, record_id: str, patch: Mapping[str, Any]) -> StoredEvent:
        """Add a revision by a JSON Merge Patch.

        Raises:
            UnknownEntry: the tenant has no such record.
            RecordError: the patch breaks a rule of the record.
            ConflictingEntry: the record is revoked.
            PreconditionFailed: it is in none of the `expected` states.
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
        """Withdraw the record for good, in the name of an owner or of its issuer; nothing can follow.

        Raises:
            InvalidInput: `issuer` neither owns it by the newest revision nor issued it.
        """
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
            return replace(record, issuer=replace(record.issuer, keyid=keyid))

        return self._append(record_id, kind, signed_by_today)

    def _state(self, record_id: str, kind: str, issuer: str, reason: str) -> StoredEvent:
        def make(state: RecordState) -> Statement:
            holders = {str(owner["name"]).casefold() for owner in owners(state.record)}
            holders.add(state.record.issuer.name.casefold())
            if kind == "revoke" and issuer.strip().casefold() not in holders:
                raise InvalidInput(
                    f"{issuer!r} neither owns nor issued record {record_id}: only its owners and its issuer "
                    "withdraw it; whoever contests it opens a dispute"
                )
            return Statement(kind, record_id, state.history[-1], clock.now_text(), issuer, reason)

        return self._append(record_id, kind, make)

    def _append(
        self, record_id: str, kind: str, make: Callable[[RecordState], OwnershipRecord | Statement]
    ) -> StoredEvent:
        signer = self.keys.signer("record")
        with self.keys.appending() as connection:
            stored = [one.event for one in stored_events(connection, record_id, self.tenant)]
            made = self._made_before(connection, stored)
            if made is not None:
                return made
            if self.expected is not None and entity_tag(stored) not in self.expected:
                raise PreconditionFailed(
                    f"record {record_id} is at {entity_tag(stored)!r} now; read it again before changing it"
                )
            contents = [event.content() for event in stored]
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
            leaf_index = leaves.append(connection, entry, self.tenant)
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
                    once=self.once,
                )
            )
            if isinstance(content, OwnershipRecord):
                self._keep_findable(connection, content)
            if owners(after.record) != owners(state.record):
                publications.withdraw_on(connection, record_id)
            said = {"record_id": record_id, "type": kind, "leaf_index": leaf_index}
            tell(connection, self.tenant, "record.event", {**said, "url": f"/v1/records/{record_id}/events"})
            finding.renewed(connection, record_id, self.tenant, after, leaf_index)
        return event

    def _made_before(self, connection: Connection, stored: Sequence[StoredEvent]) -> StoredEvent | None:
        """The event that this very request made, if it was here before."""
        if self.once is None:
            return None
        mine = select(_EVENTS.c.leaf_index).where(_EVENTS.c.once == self.once)
        found = connection.execute(mine).scalar_one_or_none()
        return next((event for event in stored if event.leaf_index == found), None)

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
