"""How a record stands after everything that happened to it: statements checked, events added up in log order.

A dispute or a revocation is proven like a revision: a signature, an entry of the log, a checkpoint. The log's
order, not the dates inside, says what came before what.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import ProofError
from provenance.records import lifecycle
from provenance.records.envelope import Envelope, accepted_keys, verify
from provenance.records.keylife import VALID
from provenance.records.lifecycle import RecordState, Statement
from provenance.records.logged import LoggedAt, in_their_life, verify_logged
from provenance.records.trust import TrustedKeys
from provenance.records.verify import VerifiedRecord

REVISIONS = frozenset({"register", "amend", "transfer"})


@dataclass(frozen=True)
class VerifiedStatement:
    """A dispute or revocation whose signature, and log entry if a proof was given, were checked."""

    statement: Statement
    payload: bytes
    keyids: tuple[str, ...]
    logged: LoggedAt | None
    key_status: str = VALID


def verify_statement(
    envelope: Envelope | bytes,
    keys: TrustedKeys,
    tlog_proof: str | None = None,
    salt: bytes | None = None,
    *,
    witnesses: int = 0,
) -> VerifiedStatement:
    """Check a signed statement about a record; arguments and errors as in `verify_record`."""
    parsed = Envelope.from_json(envelope) if isinstance(envelope, bytes) else envelope
    payload = verify(parsed, keys.record, payload_type=lifecycle.PAYLOAD_TYPE)
    statement = Statement.from_payload(payload)
    signed = tuple(key.keyid for key in accepted_keys(parsed, keys.record))
    logged = None
    if tlog_proof is not None:
        logged = verify_logged(payload, signed, keys, tlog_proof, salt, witnesses)
        if (logged.entry.type, logged.entry.record_id) != (statement.type, statement.record_id):
            raise ProofError("the log entry is of another event or record")
    keyids, status = in_their_life(signed, keys, logged)
    return VerifiedStatement(statement, payload, keyids, logged, status)


def standing(events: Iterable[VerifiedRecord | VerifiedStatement]) -> RecordState:
    """Add up the verified events of one record, in any order and each as often as it likes.

    Args:
        events: every event, each with its place in the log.

    Raises:
        ProofError: an event has no place in the log, is logged as another kind of event, or the events do
            not follow from each other (see `lifecycle.fold`).
        RecordError: there is no event at all.
    """
    placed: dict[int, VerifiedRecord | VerifiedStatement] = {}
    for event in events:
        if event.logged is None:
            raise ProofError("an event without a log proof has no place among the others")
        if isinstance(event, VerifiedRecord) and (event.logged.entry.type == "register") != (
            event.record.revision == 1
        ):
            raise ProofError("the log holds this revision as another kind of event")
        other = placed.setdefault(event.logged.index, event)
        if other.payload != event.payload:
            raise ProofError(f"the log shows two different events as entry {event.logged.index}: a fork")
    if len({event.logged.verified.checkpoint.origin for event in placed.values() if event.logged}) > 1:
        raise ProofError("the events lie in different logs, whose order nobody proves")
    contents = [placed[index] for index in sorted(placed)]
    return lifecycle.fold(
        event.record if isinstance(event, VerifiedRecord) else event.statement for event in contents
    )
