"""A witness co-signs a log's checkpoint only if it extends the one that it saw last (C2SP tlog-witness).

A log that shows two histories to two people needs the signature of a witness under both, and gets it under
one. The witness keeps a size and a root for each log, and the keys that the log has handed over to.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from core.counted import counted
from core.errors import KeyFileError, ProofError, RecordError, SignatureError, VerificationError
from provenance.records import envelope
from provenance.records.checkpoint import Checkpoint, TlogProof, checkpoint_of, verify_checkpoint
from provenance.records.keyevents import ROTATE, KeyEvent, LoggedEvent, follow
from provenance.records.logged import judge_log
from provenance.records.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from provenance.records.note import PLAIN, NoteKey, NoteSigner, cosign_note, verify_note
from provenance.records.trust import TrustedKeys

MAX_REQUEST_BYTES = 64 * 1024
MAX_PROOF = 63


class MalformedRequest(VerificationError):
    """The request does not have the form that it should have (HTTP 400)."""


class UnknownLog(VerificationError):
    """The witness does not watch this log (HTTP 404)."""


class Conflict(VerificationError):
    """The log is not at the size that the request starts from (HTTP 409); `size` is where it is."""

    def __init__(self, message: str, size: int) -> None:
        super().__init__(message)
        self.size = size


@dataclass(frozen=True)
class AddCheckpoint:
    """A request to co-sign: the size to start from, the consistency proof, the new checkpoint."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: str

    def to_text(self) -> str:
        """The body of `POST /add-checkpoint`."""
        lines = [f"old {self.old_size}", *(base64.b64encode(node).decode() for node in self.proof)]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def from_text(cls, text: str) -> "AddCheckpoint":
        """Parse a body without trusting it; raises `MalformedRequest`."""
        head, separator, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        first = re.fullmatch(r"old (0|[1-9][0-9]{0,18})", lines[0])
        if not separator or first is None or len(lines) > MAX_PROOF + 1:
            raise MalformedRequest("a request is `old <size>`, at most 63 hashes, a blank line, a checkpoint")
        try:
            proof = tuple(base64.b64decode(line, validate=True) for line in lines[1:])
        except ValueError as error:
            raise MalformedRequest("the consistency proof is not base64") from error
        if any(len(node) != HASH_BYTES for node in proof):
            raise MalformedRequest("a hash does not have 32 bytes")
        return cls(int(first[1]), proof, checkpoint)


class WitnessState(Protocol):
    """What a witness remembers, durably."""

    def latest(self, origin: str) -> Checkpoint | None:
        """The checkpoint of a log that was co-signed last; None before the first."""
        ...

    def advance(self, old: Checkpoint | None, new: Checkpoint) -> bool:
        """Replace `old` by `new` on disk at once; False where the state is no longer `old`."""
        ...

    def keys(self, origin: str) -> TrustedKeys | None:
        """The keys of a log after its last hand-over; None before the first."""
        ...

    def keep_keys(self, origin: str, keys: TrustedKeys) -> None:
        """Keep the keys of a log after a hand-over, on disk at once."""
        ...


class Witness:
    """Co-signs the checkpoints of the logs that it watches.

    Args:
        signer: the witness's name and key.
        logs: the logs' keys; those that they hand over to are followed. A checkpoint of another log is
            refused.
        state: what it saw last.
        clock: POSIX time in seconds.
    """

    def __init__(
        self, signer: NoteSigner, logs: Iterable[NoteKey], state: WitnessState, clock: Callable[[], float]
    ) -> None:
        self.signer = signer
        self._logs: dict[str, list[NoteKey]] = {}
        for key in logs:
            if key.kind == PLAIN:
                self._logs.setdefault(key.name, []).append(key)
        self._state = state
        self._clock = clock

    def add_checkpoint(self, request: AddCheckpoint) -> str:
        """Co-sign a checkpoint that extends the last one.

        The state is on disk before the signature leaves, so that no crash can make the witness forget what
        it vouched for.

        Returns:
            The signature line.

        Raises:
            UnknownLog: nobody asked this witness to watch that log.
            SignatureError: the log did not sign the checkpoint (HTTP 403).
            Conflict: the witness is at another size.
            ProofError: the checkpoint does not extend the last one (HTTP 422).
        """
        origin = request.checkpoint.split("\n", 1)[0]
        keys = self._keys(origin)
        try:
            verified = verify_checkpoint(request.checkpoint, keys.log)
        except ProofError as error:
            raise MalformedRequest(str(error)) from error
        judge_log(verified, keys)
        new = verified.checkpoint
        if request.old_size > new.size:
            raise MalformedRequest(
                f"a log does not shrink from {request.old_size} to {counted(new.size, 'entry', 'entries')}"
            )
        old = self._state.latest(origin)
        known = old or Checkpoint(origin, 0, EMPTY_ROOT)
        if request.old_size != known.size:
            raise Conflict(
                f"the last checkpoint seen here has {counted(known.size, 'entry', 'entries')}", known.size
            )
        if new.size == known.size and new.root_hash != known.root_hash:
            raise Conflict(
                f"another root was seen for {counted(known.size, 'entry', 'entries')}: the log was forked",
                known.size,
            )
        verify_consistency(known.size, new.size, known.root_hash, new.root_hash, request.proof)
        if not self._state.advance(old, new):
            newest = self._state.latest(origin)
            raise Conflict("another checkpoint came in between", newest.size if newest else 0)
        signed = cosign_note(request.checkpoint, self.signer, int(self._clock()))
        return signed[len(request.checkpoint) :]

    def add_handover(self, text: str) -> NoteKey:
        """Follow a log to its next key.

        The statement must be signed by the old key and the new one, and stand in the log as the last entry of
        the checkpoint that this witness co-signed last: so nobody can hand over a log that shows another
        history than the one seen here. From then on the old key's longer checkpoints are refused.

        Args:
            text: JSON of a `LoggedEvent`, as the log publishes it.

        Returns:
            The key that signs from now on.

        Raises:
            MalformedRequest: not the hand-over of a log (HTTP 400).
            UnknownLog: nobody asked this witness to watch that log.
            Conflict: the checkpoint behind the hand-over is not the last one that was co-signed here.
            SignatureError: a key did not sign what it must sign (HTTP 403).
            ProofError: the statement is not in the log (HTTP 422).
        """
        event, said, head = _handover(text)
        keys = self._keys(head.origin)
        seen = self._state.latest(head.origin)
        if seen != head:
            size = seen.size if seen else 0
            raise Conflict(
                f"the checkpoint of {counted(head.size, 'entry', 'entries')} is not the last one seen here",
                size,
            )
        successor = said.new_key()
        old = [key.as_public_key() for key in keys.log if key.keyid == said.keyid]
        for needed in (old, [successor]):
            envelope.verify(event.envelope, needed)
        new = NoteKey(head.origin, successor.raw)
        after = follow(keys, [event])
        if new not in after.log:
            raise SignatureError("the hand-over leads to no key of the log")
        self._state.keep_keys(head.origin, after)
        return new

    def _keys(self, origin: str) -> TrustedKeys:
        """The keys of a log that the witness was told of, and those that they handed over to."""
        told = self._logs.get(origin)
        if told is None:
            raise UnknownLog(f"this witness does not watch the log {origin[:200]!r}")
        followed = self._state.keys(origin) or TrustedKeys()
        return replace(followed, log=tuple(dict.fromkeys((*told, *followed.log))))


def _handover(text: str) -> tuple[LoggedEvent, KeyEvent, Checkpoint]:
    """A hand-over, what it says, and the checkpoint right behind it; none of it verified."""
    try:
        event = LoggedEvent.from_json(json.loads(text))
        said = KeyEvent.from_payload(event.envelope.payload)
        proof = TlogProof.from_text(event.tlog_proof)
        head = checkpoint_of(proof.checkpoint)
        if (said.type, said.purpose) != (ROTATE, "log"):
            raise RecordError("it is another event")
        said.new_key()
    except (ValueError, KeyFileError, RecordError, VerificationError) as error:
        raise MalformedRequest(f"not the hand-over of a log: {error}") from error
    if head.size != proof.index + 1:
        raise MalformedRequest("the proof must lead to the checkpoint right behind the hand-over")
    return event, said, head


def add_cosignature(note: str, line: str, witness: NoteKey) -> str:
    """A checkpoint with a witness's answer added, after checking that answer.

    Raises:
        SignatureError: the answer is not one line by this witness over this checkpoint.
    """
    if line.count("\n") != 1 or not line.endswith("\n"):
        raise SignatureError(f"the answer of {witness.name} is not one signature line")
    joined = note + line
    if witness.name not in verify_note(joined, [witness]).times:
        raise SignatureError(f"the answer of {witness.name} is not its cosignature")
    return joined
