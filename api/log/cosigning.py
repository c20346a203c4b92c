"""Asking witnesses to co-sign our newest checkpoint, and keeping their answers.

Each witness is asked by itself: one that is down or refuses does not keep the others from signing. What
they signed first is kept, because the earliest time is what counts later. A witness that does not know our
key is led to it, from hand-over to hand-over.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api import database
from api.log import checkpoints, leaves
from api.log.transparency import TransparencyLog
from core.errors import InvalidInput, ProofError, SignatureError
from provenance.records.checkpoint import TlogProof, checkpoint_of
from provenance.records.keyevents import LoggedEvent
from provenance.records.note import COSIGNATURE, NoteKey, verify_note
from provenance.records.stamping import own_lines
from provenance.records.witness import AddCheckpoint, add_cosignature

TIMEOUT_S = 15.0
UNSIGNED = 403
"""A witness's answer to a checkpoint that no key known to it has signed."""

Post = Callable[[str, str], tuple[int, str]]


@dataclass(frozen=True)
class WitnessAddress:
    """A witness: the key of its cosignatures and where it is asked."""

    key: NoteKey
    url: str

    @classmethod
    def parse(cls, text: str) -> "WitnessAddress":
        """Read `<verifier key> <URL>`; raises `InvalidInput`."""
        vkey, _, url = text.strip().partition(" ")
        try:
            key = NoteKey.from_vkey(vkey)
        except SignatureError as error:
            raise InvalidInput(f"witness {text!r}: {error}") from error
        if key.kind != COSIGNATURE or not url.startswith(("https://", "http://")):
            raise InvalidInput(f"witness {text!r}: give its cosignature key, a space, and its http address")
        return cls(key, url.rstrip("/"))


class Refused(SignatureError):
    """A witness did not sign; `status` is that of its answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Cosigned:
    """What a round of asking brought: the checkpoint, who signed it, and who did not and why."""

    note: str
    size: int
    signed: tuple[str, ...]
    refused: dict[str, str]


def post(url: str, body: str) -> tuple[int, str]:
    """Send a request; returns status and text. Raises `httpx.HTTPError`."""
    import httpx

    answer = httpx.post(url, content=body.encode(), timeout=TIMEOUT_S, follow_redirects=False)
    return answer.status_code, answer.text[: 1 << 16]


def collect(
    log: TransparencyLog,
    witnesses: Sequence[WitnessAddress],
    send: Post = post,
    *,
    handovers: Sequence[LoggedEvent] = (),
) -> Cosigned:
    """Have the newest checkpoint co-signed and keep the answers.

    Args:
        log: our log.
        witnesses: whom to ask.
        send: how to ask; for tests.
        handovers: every change of the log's key, in order.
    """
    import httpx  # slow to import, and an audit, which reads addresses of witnesses, asks nobody

    note = log.checkpoint()
    size = checkpoint_of(note).size
    with database.reading(log.engine) as connection:
        note = checkpoints.kept(connection, size) or note
    signed, refused = [], {}
    for witness in witnesses:
        try:
            if witness.key.name not in _times(note, witness.key):
                note = add_cosignature(note, _ask_along(log, note, witness, send, handovers), witness.key)
            signed.append(witness.key.name)
        except (httpx.HTTPError, SignatureError, ProofError) as error:
            refused[witness.key.name] = str(error)
    if signed:
        with leaves.appending(log.engine) as connection:
            note = checkpoints.keep(connection, size, note)
    return Cosigned(note, size, tuple(signed), refused)


def _ask_along(
    log: TransparencyLog, note: str, witness: WitnessAddress, send: Post, handovers: Sequence[LoggedEvent]
) -> str:
    """One witness's signature line; if it does not know our key, it is told of the hand-overs first."""
    try:
        return _ask(log, note, witness, send)
    except Refused as refused:
        if refused.status != UNSIGNED or not handovers:
            raise
    for handover in handovers:
        try:
            _ask(log, TlogProof.from_text(handover.tlog_proof).checkpoint, witness, send)
        except Refused:
            continue  # it is beyond this hand-over
        send(f"{witness.url}/add-handover", json.dumps(handover.to_json()))
    return _ask(log, note, witness, send)


def _ask(log: TransparencyLog, note: str, witness: WitnessAddress, send: Post) -> str:
    """One witness's signature line; it is asked again from the size that it says it is at.

    Raises:
        Refused: it does not sign.
    """
    size = checkpoint_of(note).size
    body = own_lines(note)  # witnesses need not see each other's
    old = 0
    for _ in range(2):
        proof = log.consistency(old, size)
        status, text = send(f"{witness.url}/add-checkpoint", AddCheckpoint(old, proof, body).to_text())
        if status == 200:
            return text
        known = text.strip()
        if (
            status != 409
            or not (known.isascii() and known.isdigit() and len(known) < 19)
            or int(known) > size
        ):
            break
        old = int(known)
    raise Refused(f"{witness.key.name} refused with {status}: {text.strip()[:200]}", status)


def _times(note: str, key: NoteKey) -> dict[str, int]:
    try:
        return verify_note(note, [key]).times
    except SignatureError:
        return {}
