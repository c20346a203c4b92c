"""A payload's entry in the log, and when its keys signed: what every check of a signature leans on.

Records, reports, statements about records and key events are all judged by these two questions.
"""

from dataclasses import dataclass, replace

from core.counted import counted
from core.errors import ProofError, SignatureError
from provenance.records.checkpoint import TlogProof, VerifiedCheckpoint, verify_tlog_proof
from provenance.records.keylife import BEFORE_COMPROMISE, UNDATED, VALID, Seen
from provenance.records.log import LogEntry, commit
from provenance.records.note import PLAIN
from provenance.records.trust import TrustedKeys


@dataclass(frozen=True)
class LoggedAt:
    """Where a log entry stands, and the checkpoint that vouches for it."""

    entry: LogEntry
    index: int
    verified: VerifiedCheckpoint


def verify_logged(
    payload: bytes, keyids: tuple[str, ...], keys: TrustedKeys, text: str, salt: bytes | None, witnesses: int
) -> LoggedAt:
    """Check that a payload signed by these keys is the one that a log entry commits to.

    Raises:
        SignatureError: the checkpoint is not signed as needed, or by a log key outside its life.
        ProofError: the entry is not in the log, or is of another payload or signer.
    """
    proof = TlogProof.from_text(text)
    if proof.extra is None:
        raise ProofError("the proof file does not carry the log entry in its extra line")
    if salt is None:
        raise ProofError("the salt is missing; without it the log entry cannot be tied to the payload")
    verified = verify_tlog_proof(text, proof.extra, keys.log, witnesses=witnesses, roots=keys.tsa)
    judge_log(verified, keys)
    entry = LogEntry.from_bytes(proof.extra)
    if entry.commitment != commit(salt, payload):
        raise ProofError("the log entry commits to another payload (or this is not its salt)")
    if entry.keyid not in keyids:
        raise ProofError("the log entry names a key that did not sign this payload")
    return LoggedAt(entry, proof.index, verified)


def in_their_life(
    keyids: tuple[str, ...], keys: TrustedKeys, logged: LoggedAt | None
) -> tuple[tuple[str, ...], str]:
    """The keys among `keyids` whose signature falls into their life, and the best status among them.

    Raises:
        SignatureError: none does.
    """
    good: dict[str, str] = {}
    problem = SignatureError("no key was given")
    for keyid in keyids:
        try:
            good[keyid] = keys.judge(keyid, _seen(logged))
        except SignatureError as error:
            problem = error
    if not good:
        raise problem
    best = min(good.values(), key=(VALID, BEFORE_COMPROMISE, UNDATED).index)
    return tuple(good), best


def _seen(logged: LoggedAt | None) -> Seen:
    if logged is None:
        return Seen()
    return replace(_independent(logged.verified), index=logged.index)


def _independent(verified: VerifiedCheckpoint) -> Seen:
    return Seen(verified.earliest_s)


def judge_log(verified: VerifiedCheckpoint, keys: TrustedKeys) -> None:
    """Refuse checkpoints that no log key signed during its life; its own order of entries is no evidence.

    What a retired key vouches for has an end: the log of its last day, and no longer one.

    Raises:
        SignatureError: no key did.
    """
    problem = SignatureError("no key of the log signed the checkpoint")
    for key in verified.note.signers:
        if key.kind != PLAIN or key.name != verified.checkpoint.origin:
            continue
        try:
            last = keys.last_size(key.keyid)
            if last is not None and verified.checkpoint.size > last:
                raise SignatureError(
                    f"log key {key.keyid[:16]} ended when the log had {counted(last, 'entry', 'entries')}; "
                    f"this checkpoint has {verified.checkpoint.size}"
                )
            keys.judge(key.keyid, _independent(verified))
        except SignatureError as error:
            problem = error
        else:
            return
    raise problem
