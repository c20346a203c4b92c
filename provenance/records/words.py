"""What the files of a folder add up to, in plain words: how each record stands, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from core import clock
from core.counted import counted
from core.errors import ProofError, RecordError
from provenance.records.keylife import BEFORE_COMPROMISE, UNDATED, VALID
from provenance.records.lifecycle import RecordState
from provenance.records.logged import LoggedAt
from provenance.records.report import KINDS
from provenance.records.state import VerifiedStatement, standing
from provenance.records.verify import VerifiedRecord, VerifiedReport

Verified: TypeAlias = VerifiedRecord | VerifiedStatement | VerifiedReport
KEY_NOTES = {
    VALID: "",
    BEFORE_COMPROMISE: "; its key was stolen later, this was seen before",
    UNDATED: "; its key was retired since, and nothing but its own date tells that this is older",
}
UNSEEN = "what was logged later, or left out of this folder, cannot be seen from it; ask the log"


@dataclass(frozen=True)
class Check:
    """One step in plain words: of which file, whether it holds (None: nothing to check), what that means.

    `stands` is False where everything may verify and the claim is contested all the same: a record that is
    disputed or was revoked.
    """

    file: str
    passed: bool | None
    text: str
    stands: bool = True


def conclude(checks: Sequence[Check]) -> tuple[bool, str]:
    """Whether the files may be relied on, and the verdict in one line."""
    failed = sum(check.passed is False for check in checks)
    held = sum(check.passed is True for check in checks)
    contested = [check.file for check in checks if not check.stands]
    count = f"{held} of {held + failed} checks hold"
    if failed:
        return False, f"NOT VERIFIED: {count}"
    if contested:
        return False, f"CONTESTED: {count}, but {', '.join(contested)} is disputed or revoked"
    return True, f"VERIFIED: {count}"


def check_heads(verified: Sequence[Verified]) -> list[Check]:
    """A log that shows two trees of one size shows two histories."""
    roots: dict[tuple[str, int], bytes] = {}
    for item in verified:
        if item.logged is not None:
            head = item.logged.verified.checkpoint
            if roots.setdefault((head.origin, head.size), head.root_hash) != head.root_hash:
                forked = f"two checkpoints of size {head.size} disagree: a fork, the log shows two histories"
                return [Check(f"log {head.origin}", False, forked)]
    return []


def check_life(record_id: str, events: Sequence[VerifiedRecord | VerifiedStatement]) -> Check:
    """What all events of a record add up to; with gaps, whether those that are here follow each other."""
    name = f"record {record_id}"
    revisions = {item.record.revision: item for item in events if isinstance(item, VerifiedRecord)}
    # The same payload may lie there twice, signed by different keys; that is one revision.
    if len({item.payload for item in events if isinstance(item, VerifiedRecord)}) != len(revisions):
        return Check(name, False, "two different records claim the same revision: a fork")
    if 1 not in revisions or any(item.logged is None for item in events):
        return _check_part(name, revisions, events)
    try:
        state = standing(events)
    except (ProofError, RecordError) as error:
        return Check(name, False, str(error))
    return Check(
        name, True, _describe_state(state, events), stands=state.status not in ("disputed", "revoked")
    )


def _check_part(
    name: str,
    revisions: dict[int, VerifiedRecord],
    events: Sequence[VerifiedRecord | VerifiedStatement],
) -> Check:
    """Part of a record's life. What contests the record is believed without a proof; nothing else is."""
    for number, item in sorted(revisions.items()):
        before = revisions.get(number - 1)
        if before is not None and item.record.supersedes != before.record.digest():
            return Check(name, False, f"revision {number} does not follow from revision {number - 1}")
    statements = [item for item in events if isinstance(item, VerifiedStatement)]
    opened = [item.statement.type for item in statements]
    closed = [item.statement.type for item in statements if item.logged is not None]
    if "revoke" in opened:
        return Check(name, None, "a signed revocation lies here: do not rely on the record", stands=False)
    if opened.count("dispute.open") > closed.count("dispute.close"):
        return Check(name, None, "a signed dispute lies here and is not settled", stands=False)
    told = ", ".join(map(str, sorted(revisions))) or "none"
    gap = "the registration is not here" if 1 not in revisions else "not every event has a log proof"
    passed = True if len(revisions) > 1 else None
    return Check(name, passed, f"revisions {told} form one chain; {gap}, so how the record stands is unknown")


def _describe_state(state: RecordState, events: Sequence[VerifiedRecord | VerifiedStatement]) -> str:
    record = state.record
    text = f"revision {record.revision} of {record.asset.title!r} is the newest, every event is in the log; "
    told = [
        f"{item.statement.issuer} on {item.statement.issued_at}: {item.statement.reason}"
        for item in sorted(events, key=lambda item: item.logged.index if item.logged else 0)
        if isinstance(item, VerifiedStatement) and item.statement.type != "dispute.close"
    ]
    if state.revoked:
        return f"{text}REVOKED by {told[-1]}"
    if state.open_disputes:
        return f"{text}DISPUTED ({state.open_disputes} of {len(told)} disputes open): {'; '.join(told)}"
    return f"{text}the claim stands as {state.status}"


def record_id_of(item: VerifiedRecord | VerifiedStatement) -> str:
    """Of which record it is."""
    return item.record.record_id if isinstance(item, VerifiedRecord) else item.statement.record_id


def describe(signed: Verified) -> str:
    """What was signed, and by which keys."""
    keys = ", ".join(keyid[:16] for keyid in signed.keyids)
    if isinstance(signed, VerifiedReport):
        return f"a {KINDS[signed.payload_type]}, unchanged since it was signed by key {keys}"
    if isinstance(signed, VerifiedStatement):
        said = signed.statement
        return (
            f"{said.type} about record {said.record_id}, stated by {said.issuer}: {said.reason}; "
            f"unchanged since it was signed by key {keys}"
        )
    record = signed.record
    owners = ", ".join(party.name for party in record.parties)
    return (
        f"record {record.record_id} revision {record.revision} on {record.asset.title!r}, parties {owners}, "
        f"claimed by {record.issuer.name} (status: {record.claim_status}), "
        f"unchanged since it was signed by key {keys}"
    )


def describe_log(logged: LoggedAt) -> str:
    """Where it stands in the log, and who else has seen that."""
    head = logged.verified.checkpoint
    text = f"entry {logged.index} of the log {head.origin} at size {head.size}, as its signed checkpoint says"
    stamps, earliest = logged.verified.stamps, logged.verified.earliest_witness_s
    told = []
    if earliest is not None:
        seen = counted(len(logged.verified.note.times), "witness", "witnesses")
        told.append(f"{seen} saw it, the first at {_when(earliest)}")
    told += [
        f"{one.authority} stamped it no later than {_when(one.time_s)}, trusted by the root {one.root}"
        for one in stamps.times
    ]
    if not told:
        told.append("no witness co-signed it, so the log's own word stands for the time")
    told += [f"a time stamp is not trusted: {reason}" for reason in stamps.strangers]
    return "; ".join((text, *told))


def _when(time_s: int) -> str:
    return clock.utc_text(clock.at(time_s))
