"""Rotation and revocation of keys: signed statements in the log, and the key list that follows from them.

A rotation is signed by the old key and the new one: the old says whom it hands over to, the new that it
accepts. A revocation is signed by another key of the same purpose, since a thief can sign with the
revoked one. Whoever trusted the first key arrives at today's list without asking anybody.

A log may hand over too, and keeps its name. The checkpoint right behind that event is signed by both keys, so
that whoever knows the old one alone can see the event in the log.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from core.errors import ProofError, RecordError, SignatureError
from provenance.records import canonical, fields, shape_checks
from provenance.records.checkpoint import TlogProof
from provenance.records.envelope import Envelope, accepted_keys, sign, verify
from provenance.records.keylife import KeyLife
from provenance.records.keys import ED25519, PublicKey, Signer
from provenance.records.log import LogEntry, commit
from provenance.records.logged import LoggedAt, in_their_life, verify_logged
from provenance.records.note import PLAIN, NoteKey
from provenance.records.trust import TrustedKeys

PAYLOAD_TYPE = "application/vnd.trackmark.key-event+json"
ROTATE, REVOKE = "key.rotate", "key.revoke"
PURPOSES = ("record", "report", "log")


@dataclass(frozen=True)
class KeyEvent:
    """What happened to a key.

    Attributes:
        type: `key.rotate` or `key.revoke`.
        purpose: `record`, `report` or `log`: what the key signs.
        keyid: the key that ends.
        issued_at: when, by the issuer's clock.
        successor: public key that takes over, in PEM; with `key.rotate` only.
        compromised_since: earliest moment at which somebody else may have had it; with `key.revoke` only.
        log_size: entries of the log at `compromised_since`, by the log's own clock.
        reason: in words.
    """

    type: str
    purpose: str
    keyid: str
    issued_at: str
    reason: str
    successor: str | None = None
    compromised_since: str | None = None
    log_size: int | None = None
    v: int = 1

    def __post_init__(self) -> None:
        shape_checks.whole(self.v, "key event v", 1, 1)
        shape_checks.one_of(self.type, "key event type", (ROTATE, REVOKE))
        shape_checks.one_of(self.purpose, "key event purpose", PURPOSES)
        shape_checks.hex_digits(self.keyid, "key event keyid", 64)
        shape_checks.time(self.issued_at, "key event issued_at")
        shape_checks.text(self.reason, "key event reason")
        if (self.successor is not None) != (self.type == ROTATE):
            raise RecordError("a rotation names the key that takes over, and nothing else does")
        if self.type == ROTATE and (self.compromised_since, self.log_size) != (None, None):
            raise RecordError("a stolen key is revoked; a rotation says nothing of that")
        if self.compromised_since is not None:
            shape_checks.time(self.compromised_since, "key event compromised_since")
        if self.log_size is not None:
            shape_checks.whole(self.log_size, "key event log_size", 0, 1 << 62)

    def to_payload(self) -> bytes:
        """The canonical bytes that are signed, as `PAYLOAD_TYPE`."""
        return canonical.encode(fields.to_json(self), RecordError)

    @classmethod
    def from_payload(cls, payload: bytes) -> "KeyEvent":
        """Read what `to_payload` wrote; raises `RecordError`."""
        event = fields.from_json(cls, canonical.decode(payload, RecordError), "key event")
        if event.to_payload() != payload:
            raise RecordError("a key event must carry its version")
        return event

    def new_key(self) -> PublicKey:
        """The key that takes over; raises `KeyFileError` where it is no key, `RecordError` without one."""
        if self.successor is None:
            raise RecordError("a revocation names no successor")
        return PublicKey.from_pem(self.successor.encode())


@dataclass(frozen=True)
class LoggedEvent:
    """A signed key event with what proves that it was logged. It names nobody, so its salt is public."""

    envelope: Envelope
    tlog_proof: str
    salt: bytes

    def to_json(self) -> dict[str, Any]:
        """As logs publish it and witnesses are told: `{envelope, tlog_proof, salt}`."""
        envelope = json.loads(self.envelope.to_json())
        return {"envelope": envelope, "tlog_proof": self.tlog_proof, "salt": self.salt.hex()}

    @classmethod
    def from_json(cls, value: Any) -> "LoggedEvent":
        """Read what `to_json` wrote, nothing of it verified.

        Raises:
            RecordError: of another form.
            SignatureError: the envelope is malformed.
        """
        try:
            envelope = Envelope.from_json(json.dumps(value["envelope"]).encode())
            return cls(envelope, str(value["tlog_proof"]), bytes.fromhex(value["salt"]))
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError(f"a logged event is an envelope, a proof and a salt: {error}") from error


def sign_rotation(old: Signer, new: Signer, purpose: str, *, issued_at: str, reason: str) -> Envelope:
    """State that `new` takes over from `old`, signed by both."""
    successor = new.public_key.pem.decode().strip()
    event = KeyEvent(ROTATE, purpose, old.keyid, issued_at, reason, successor)
    return sign(event.to_payload(), PAYLOAD_TYPE, [old, new])


def sign_revocation(event: KeyEvent, signer: Signer) -> Envelope:
    """Sign a revocation by another key than the revoked one.

    Raises:
        SignatureError: the signer is the key that is revoked.
    """
    if signer.keyid == event.keyid:
        raise SignatureError("a key cannot revoke itself; sign with the one that took over")
    return sign(event.to_payload(), PAYLOAD_TYPE, [signer])


def earlier_theft(known: str | None, told: str | None) -> bool:
    """Whether a revocation tells of a theft, or of an earlier one, where a key was revoked before.

    Often it is known later only since when a thief had it; nothing that was told before becomes good by that.
    """
    if told is None:
        return False
    return known is None or _moment(told) < _moment(known)


def _moment(text: str) -> float:
    return shape_checks.parse_time(text, "time of a key event").timestamp()


def entry_of(envelope: Envelope, salt: bytes) -> LogEntry:
    """The log entry of a key event: named after the key that ends, signed by the envelope's first signer."""
    event = KeyEvent.from_payload(envelope.payload)
    commitment = commit(salt, envelope.payload)
    return LogEntry(event.type, event.keyid[:16], 1, commitment, envelope.signatures[0].keyid)


def follow(keys: TrustedKeys, events: Iterable[LoggedEvent], *, witnesses: int = 0) -> TrustedKeys:
    """The key list that results from logged key events.

    Events are applied in the order of the log, so the first rotation of a key is the only one: a second one
    comes from a retired key. What the caller knows already prevails: a successor that is trusted stays so,
    and after a theft the owner publishes the new key elsewhere, because a rotation signed with the stolen
    key proves nothing.

    Args:
        keys: what the caller trusts already.
        events: in any order. Those of log keys are followed first: the others' proofs may lead to
            checkpoints by newer log keys.
        witnesses: how many trusted witnesses each checkpoint needs.

    Raises:
        SignatureError: an event is not signed by the keys that must sign it, during their life.
        ProofError: an event is not in the log as it stands.
        RecordError: an event breaks its schema.
    """
    opened = [(KeyEvent.from_payload(_payload(logged)), logged) for logged in events]
    for event, evidence in sorted(opened, key=_turn):
        logged = _placed(evidence, keys, witnesses)
        apply = _rotate if event.type == ROTATE else _revoke
        keys = apply(keys, event, evidence.envelope, logged)
    return keys


def _turn(opened: tuple[KeyEvent, LoggedEvent]) -> tuple[bool, int]:
    """Log keys first, then by the place in the log; that place is proven when the turn comes."""
    event, evidence = opened
    return event.purpose != "log", TlogProof.from_text(evidence.tlog_proof).index


def _payload(event: LoggedEvent) -> bytes:
    if event.envelope.payload_type != PAYLOAD_TYPE:
        raise SignatureError(f"a payload of type {event.envelope.payload_type!r} is no key event")
    return event.envelope.payload


def _placed(event: LoggedEvent, keys: TrustedKeys, witnesses: int) -> LoggedAt:
    """Where an event stands in the log; its signatures are checked by who applies it."""
    payload = event.envelope.payload
    claimed = tuple(signature.keyid for signature in event.envelope.signatures)
    logged = verify_logged(payload, claimed, keys, event.tlog_proof, event.salt, witnesses)
    if entry_of(event.envelope, event.salt) != logged.entry:
        raise ProofError("the log entry is of another key event")
    return logged


def _rotate(keys: TrustedKeys, event: KeyEvent, envelope: Envelope, logged: LoggedAt) -> TrustedKeys:
    trusted = _trusted(keys, event.purpose, logged)
    new = event.new_key()
    if new in trusted:
        return keys
    old = [key for key in trusted if key.keyid == event.keyid]
    for needed in (old, [new]):
        verify(envelope, needed)
    in_their_life((event.keyid,), keys, logged)
    life = _life(keys, event.keyid)
    # The old key of a log signs one checkpoint more, the one that shows this event.
    size = logged.index + 1 if event.purpose == "log" else logged.index
    ended = replace(life, not_after=event.issued_at, log_size=size, reason=event.reason)
    started = KeyLife(new.keyid, not_before=event.issued_at)
    if event.purpose == "log":
        keys = replace(keys, log=(*keys.log, NoteKey(logged.verified.checkpoint.origin, _log_key(new))))
    else:
        more = (*trusted, new)
        keys = replace(keys, record=more) if event.purpose == "record" else replace(keys, report=more)
    return _with(keys, ended, started)


def _revoke(keys: TrustedKeys, event: KeyEvent, envelope: Envelope, logged: LoggedAt) -> TrustedKeys:
    life = _life(keys, event.keyid)
    if life.revoked_at is not None and not earlier_theft(life.compromised_since, event.compromised_since):
        return keys
    others = [key for key in _trusted(keys, event.purpose, logged) if key.keyid != event.keyid]
    verify(envelope, others)
    in_their_life(tuple(key.keyid for key in accepted_keys(envelope, others)), keys, logged)
    # Where a theft names no size of the log, the log's order tells nothing about it.
    size = logged.index if event.compromised_since is None else event.log_size
    if size is not None and life.log_size is not None:
        size = min(size, life.log_size)
    ended = replace(
        life,
        revoked_at=life.revoked_at or event.issued_at,
        compromised_since=event.compromised_since,
        log_size=size,
        reason=event.reason,
    )
    return _with(keys, ended)


def _trusted(keys: TrustedKeys, purpose: str, logged: LoggedAt) -> tuple[PublicKey, ...]:
    """The keys trusted for a purpose; of logs, those of the log in which the event stands."""
    if purpose == "record":
        return keys.record
    if purpose == "report":
        return keys.report
    origin = logged.verified.checkpoint.origin
    return tuple(key.as_public_key() for key in keys.log if (key.name, key.kind) == (origin, PLAIN))


def _log_key(key: PublicKey) -> bytes:
    if key.algorithm != ED25519:
        raise SignatureError("a log signs with Ed25519; its new key is of another kind")
    return key.raw


def _life(keys: TrustedKeys, keyid: str) -> KeyLife:
    return next((life for life in keys.lives if life.keyid == keyid), KeyLife(keyid))


def _with(keys: TrustedKeys, *lives: KeyLife) -> TrustedKeys:
    changed = {life.keyid for life in lives}
    return replace(keys, lives=(*(life for life in keys.lives if life.keyid not in changed), *lives))
