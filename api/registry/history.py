"""The history of a record: its events as stored, and what they add up to once each was checked.

Checking reads the database only: five statements for a record, whatever its events, and no private key. What
was read is compared with what verified before: where every byte of it, keys and their lives included, is the
same, so is the answer, and no signature is computed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, Connection, bindparam, literal, select, union_all

from api.database.tables import Table
from api.errors import UnknownEntry
from api.keys.published import PublishedKeys
from api.log import checkpoints, tree
from api.registry.summary import summary
from core import clock
from core.errors import ProofError
from provenance.records.checkpoint import Checkpoint, NoteSigner, TlogProof, checkpoint_of, sign_checkpoint
from provenance.records.envelope import Envelope
from provenance.records.keys import Ed25519Signer
from provenance.records.lifecycle import RecordState, Statement
from provenance.records.log import MerkleLog
from provenance.records.note import PLAIN
from provenance.records.record import OwnershipRecord
from provenance.records.stamping import Stamps, own_lines
from provenance.records.state import REVISIONS, VerifiedStatement, standing, verify_statement
from provenance.records.timestamp import StampedTime
from provenance.records.trust import TrustedKeys
from provenance.records.verify import VerifiedRecord, verify_record

_RECORDS = Table.metadata.tables["records"]
_EVENTS = Table.metadata.tables["record_events"]
_LEAVES = Table.metadata.tables["log_leaves"]
_HEAD = Table.metadata.tables["log_head"]
REMEMBERED = 1024
"""Records whose verification is remembered; some kilobytes each."""


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
        statements: disputes and revocations, in log order.
        log_signed: whether the log's own key signed every checkpoint that the events were checked against.
    """

    state: RecordState
    events: tuple[StoredEvent, ...]
    registered: VerifiedRecord
    current: VerifiedRecord
    statements: tuple[VerifiedStatement, ...] = ()
    log_signed: bool = True

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
        do not count. `log_signed` is False where the log has signed no checkpoint that holds the events yet:
        their place in it is then only what the database says. `statements` are the disputes and revocations,
        each with who is named as saying it, the reason, the time and the key that signed it.
        """
        logged = self.registered.logged
        stamps = Stamps((), ()) if logged is None else logged.verified.stamps
        return {
            **summary(self.current),
            "status": self.state.status,
            "revision": self.state.record.revision,
            "open_disputes": self.state.open_disputes,
            "first_index": self.events[0].leaf_index,
            "log_signed": self.log_signed,
            "logged_at": clock.utc_text(self.events[0].created_at),
            "witnessed_at": earliest_independent_time(self.registered),
            "time_stamps": [_told(one) for one in stamps.times],
            "untrusted_time_stamps": list(stamps.strangers),
            "statements": [_stated(one) for one in self.statements],
        }


def entity_tag(events: Sequence[StoredEvent]) -> str:
    """A name of the state that events lead to: the revision and, behind a dot, how many statements there are.

    `2` is revision 2 that nobody said anything about, `2.1` the same after a dispute.
    """
    revisions = sum(event.type in REVISIONS for event in events)
    statements = len(events) - revisions
    return f"{revisions}.{statements}" if statements else str(revisions)


def earliest_independent_time(verified: VerifiedRecord) -> int | None:
    """By when somebody who is neither the signer nor the log had seen an event (POSIX seconds), if anybody.

    The proof file leads to the earliest checkpoint that somebody else vouched for.
    """
    return None if verified.logged is None else verified.logged.verified.earliest_s


def _told(stamp: StampedTime) -> dict[str, str]:
    stamped_at = clock.utc_text(datetime.fromtimestamp(stamp.time_s, UTC))
    return {"authority": stamp.authority, "stamped_at": stamped_at, "root": stamp.root}


def _stated(verified: VerifiedStatement) -> dict[str, str]:
    said = verified.statement
    return {
        "type": said.type,
        "issuer": said.issuer,
        "reason": said.reason,
        "issued_at": said.issued_at,
        "keyid": verified.keyids[0],
    }


def verified_history(
    connection: Connection, published: PublishedKeys, record_id: str, tenant: str, witnesses: int = 0
) -> VerifiedHistory:
    """Check every event's signature and place in the log, and add them up.

    Args:
        connection: an open transaction.
        published: whom to trust.
        record_id: whose events.
        tenant: whose record.
        witnesses: how many trusted witnesses must have co-signed each event.

    Raises:
        UnknownEntry: the tenant has no such record.
        VerificationError: somebody changed the database.
    """
    stored = stored_events(connection, record_id, tenant)
    evidence = _evidence(connection, stored, published.trusted_on(connection), witnesses)
    return _verified(evidence) if evidence.log_signed else _verify(evidence)


@dataclass(frozen=True)
class Placed:
    """An event with the path that leads from its entry to a checkpoint."""

    event: StoredEvent
    entry: bytes
    path: tuple[bytes, ...]
    note: str

    def proof(self) -> str:
        """The proof file, as `TransparencyLog.proof_file` gives it."""
        return TlogProof(self.event.leaf_index, self.path, self.note, self.entry).to_text()


@dataclass(frozen=True)
class Evidence:
    """Everything that decides whether a record verifies: compared whole, so that nothing else can differ."""

    events: tuple[Placed, ...]
    keys: TrustedKeys
    witnesses: int
    log_signed: bool


def _verify(evidence: Evidence) -> VerifiedHistory:
    keys, witnesses = evidence.keys, evidence.witnesses
    revisions: list[VerifiedRecord] = []
    statements: list[VerifiedStatement] = []
    for placed in evidence.events:
        event, proof = placed.event, placed.proof()
        found: VerifiedRecord | VerifiedStatement
        if event.type in REVISIONS:
            found = verify_record(event.envelope, keys, proof, event.salt, witnesses=witnesses)
            revisions.append(found)
        else:
            found = verify_statement(event.envelope, keys, proof, event.salt, witnesses=witnesses)
            statements.append(found)
        if found.logged is None or found.logged.entry.type != event.type:
            raise ProofError("the log holds this event as one of another kind")
    state = standing([*revisions, *statements])
    events = tuple(placed.event for placed in evidence.events)
    return VerifiedHistory(state, events, revisions[0], revisions[-1], tuple(statements), evidence.log_signed)


_verified = lru_cache(maxsize=REMEMBERED)(_verify)


@dataclass(frozen=True)
class Stored:
    """An event with the bytes of its entry in the log, and the newest checkpoint that the log signed."""

    event: StoredEvent
    entry: bytes | None
    head: str | None


def stored_events(connection: Connection, record_id: str, tenant: str) -> list[Stored]:
    """All events of a record in log order, the registration first, with one statement."""
    rows = connection.execute(_events_of(), {"record_id": record_id, "tenant": tenant}).all()
    if not any(row.type == "register" for row in rows):
        raise UnknownEntry(f"no record {record_id}")
    return [
        Stored(
            StoredEvent(
                row.type,
                Envelope.from_json(row.envelope.encode()),
                bytes(row.salt),
                row.leaf_index,
                row.created_at,
            ),
            None if row.entry is None else bytes(row.entry),
            row.head,
        )
        for row in sorted(rows, key=lambda row: (row.type != "register", row.leaf_index))
    ]


@cache  # to build it takes longer than to run it
def _events_of() -> CompoundSelect[Any]:
    """The events of the record `record_id` of `tenant`."""
    head = select(_HEAD.c.note).scalar_subquery().label("head")
    return union_all(
        *(
            select(
                kind,
                table.c.envelope,
                table.c.salt,
                table.c.leaf_index,
                table.c.created_at,
                _LEAVES.c.entry,
                head,
            )
            .outerjoin(_LEAVES, _LEAVES.c.leaf_index == table.c.leaf_index)
            .where(table.c.record_id == bindparam("record_id"), table.c.tenant == bindparam("tenant"))
            for kind, table in ((literal("register").label("type"), _RECORDS), (_EVENTS.c.type, _EVENTS))
        )
    )


def _evidence(
    connection: Connection, stored: Sequence[Stored], given: TrustedKeys, witnesses: int
) -> Evidence:
    """The events, each with its path to the checkpoint that dates it, and the keys for them."""
    keys = given
    notes = checkpoints.dated(connection, [one.event.leaf_index for one in stored], witnesses)
    rest = [one.event.leaf_index for one in stored if one.event.leaf_index not in notes]
    if rest:
        newest = stored[0].head
        if newest is None or _size_of(newest) <= max(rest):
            newest, keys = _read_head(connection, keys)
        notes |= dict.fromkeys(rest, _own_lines_of(newest))
    sizes = {index: _size_of(note) for index, note in notes.items()}
    paths = tree.inclusion_proofs(connection, list(sizes.items()))
    placed: list[Placed] = []
    for one in stored:
        index = one.event.leaf_index
        if one.entry is None or index >= sizes[index]:
            raise ProofError(f"the log has no entry {index}")
        placed.append(Placed(one.event, one.entry, paths[index, sizes[index]], notes[index]))
    return Evidence(tuple(placed), keys, witnesses, log_signed=keys is given)


@lru_cache(maxsize=256)
def _size_of(note: str) -> int:
    return checkpoint_of(note).size


_own_lines_of = lru_cache(maxsize=16)(own_lines)


def _read_head(connection: Connection, keys: TrustedKeys) -> tuple[str, TrustedKeys]:
    """A checkpoint of the log as it lies here, for entries of which the log itself has signed none yet.

    Earlier releases kept none; until the log's key is at hand again, what is read is checked against the tree
    as it is stored. The key that signs it lives as long as this reading.
    """
    reader = NoteSigner(next(key.name for key in keys.log if key.kind == PLAIN), Ed25519Signer.generate())
    size = tree.size_of(connection)
    root = tree.ask(connection, size, MerkleLog.root)
    note = sign_checkpoint(Checkpoint(reader.name, size, root), reader)
    return note, replace(keys, log=(*keys.log, reader.key))
