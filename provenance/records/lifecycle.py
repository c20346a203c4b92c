"""The life of a record: revisions chained by hash, and what a sequence of events adds up to.

A record is never changed. `amend` and `transfer` add a revision that names its predecessor's hash; disputes
and revocation are signed events about it. The current state is a fold over all of them in log order, so that
anybody who has them gets the same answer.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import ProofError, RecordError
from provenance.records import canonical, fields, shape_checks
from provenance.records.record import OwnershipRecord

PAYLOAD_TYPE = "application/vnd.trackmark.record-event+json"
STATEMENTS = ("dispute.open", "dispute.close", "revoke")


@dataclass(frozen=True)
class Statement:
    """A signed event that does not change the record's content: a dispute opened or closed, a revocation.

    `about` is the SHA-256 of the payload of the revision that it speaks of.
    """

    type: str
    record_id: str
    about: str
    issued_at: str
    issuer: str
    reason: str
    v: int = 1

    def __post_init__(self) -> None:
        shape_checks.whole(self.v, "event v", 1, 1)
        shape_checks.one_of(self.type, "event type", STATEMENTS)
        shape_checks.hex_digits(self.record_id, "event record_id", 16)
        shape_checks.hex_digits(self.about, "event about", 64)
        shape_checks.time(self.issued_at, "event issued_at")
        shape_checks.text(self.issuer, "event issuer")
        shape_checks.text(self.reason, "event reason")

    def to_payload(self) -> bytes:
        """The canonical bytes that are signed, as `PAYLOAD_TYPE`."""
        return canonical.encode(fields.to_json(self), RecordError)

    @classmethod
    def from_payload(cls, payload: bytes) -> "Statement":
        """Read what `to_payload` wrote; raises `RecordError`."""
        statement = fields.from_json(cls, canonical.decode(payload, RecordError), "event")
        if statement.to_payload() != payload:
            raise RecordError("an event must carry its version")
        return statement


@dataclass(frozen=True)
class RecordState:
    """What all events so far add up to.

    `status` is `revoked`, else `disputed` while a dispute is open, else the claim status of the newest
    revision.
    """

    record: OwnershipRecord
    history: tuple[str, ...]
    open_disputes: int = 0
    revoked: bool = False

    @property
    def status(self) -> str:
        """`asserted`, `evidenced`, `disputed` or `revoked`."""
        if self.revoked:
            return "revoked"
        return "disputed" if self.open_disputes else self.record.claim_status


def amend(record: OwnershipRecord, *, issued_at: str, **changes: object) -> OwnershipRecord:
    """Make the next revision of a record with some fields replaced.

    Raises:
        RecordError: the id, the revision or the chain would be changed, or a rule of the schema is broken.
    """
    fixed = {"record_id", "revision", "supersedes", "schema"} & set(changes)
    if fixed:
        raise RecordError(f"a revision cannot change {', '.join(sorted(fixed))}")
    try:
        return dataclasses.replace(
            record,
            issued_at=issued_at,
            revision=record.revision + 1,
            supersedes=record.digest(),
            **changes,  # type: ignore[arg-type]  # names and types are checked by the record itself
        )
    except TypeError as error:
        raise RecordError(str(error)) from error


def fold(events: Iterable[OwnershipRecord | Statement]) -> RecordState:
    """Add up the verified events of one record in log order.

    Args:
        events: revisions and statements whose signatures were checked; the first is revision 1.

    Raises:
        ProofError: a revision does not follow from the one before (a fork or a gap), an event is of another
            record or speaks of an unknown revision, a dispute is closed that was never opened, or anything
            follows a revocation.
        RecordError: there is no event at all.
    """
    state: RecordState | None = None
    for event in events:
        if isinstance(event, OwnershipRecord):
            state = _revise(state, event)
        elif state is None:
            raise ProofError("the first event of a record is its registration")
        else:
            state = _apply(state, event)
    if state is None:
        raise RecordError("a record without any event has no state")
    return state


def _revise(state: RecordState | None, record: OwnershipRecord) -> RecordState:
    if state is None:
        if record.revision != 1:
            raise ProofError(f"the record starts with revision {record.revision}: earlier ones are missing")
        return RecordState(record, (record.digest(),))
    if state.revoked:
        raise ProofError("a revoked record cannot be revised")
    if record.record_id != state.record.record_id:
        raise ProofError("the events are of different records")
    if record.revision != state.record.revision + 1 or record.supersedes != state.history[-1]:
        raise ProofError(f"revision {record.revision} does not follow from revision {state.record.revision}")
    return dataclasses.replace(state, record=record, history=(*state.history, record.digest()))


def _apply(state: RecordState, event: Statement) -> RecordState:
    if event.record_id != state.record.record_id or event.about not in state.history:
        raise ProofError("the event speaks of another record or of an unknown revision")
    if state.revoked:
        raise ProofError("nothing can follow a revocation")
    if event.type == "revoke":
        return dataclasses.replace(state, revoked=True)
    if event.type == "dispute.open":
        return dataclasses.replace(state, open_disputes=state.open_disputes + 1)
    if state.open_disputes == 0:
        raise ProofError("a dispute is closed that was never opened")
    return dataclasses.replace(state, open_disputes=state.open_disputes - 1)
