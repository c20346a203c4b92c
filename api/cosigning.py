"""Asking witnesses to co-sign our newest checkpoint, and keeping their answers.

Each witness is asked by itself: one that is down or refuses does not keep the others from signing. What
they signed first is kept, because the earliest time is what counts later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
from sqlalchemy import Connection, Engine, insert, select, update

from api import db
from api.errors import InvalidRequest
from api.tables import Table
from api.transparency import TransparencyLog
from core.errors import ProofError, SignatureError
from provenance.records.checkpoint import checkpoint_of
from provenance.records.note import COSIGNATURE, NoteKey, verify_note
from provenance.records.witness import AddCheckpoint, add_cosignature

_CHECKPOINTS = Table.metadata.tables["witnessed_checkpoints"]
TIMEOUT_S = 15.0

Post = Callable[[str, str], tuple[int, str]]


@dataclass(frozen=True)
class WitnessAddress:
    """A witness: the key of its cosignatures and where it is asked."""

    key: NoteKey
    url: str

    @classmethod
    def parse(cls, text: str) -> "WitnessAddress":
        """Read `<verifier key> <URL>`; raises `InvalidRequest`."""
        vkey, _, url = text.strip().partition(" ")
        try:
            key = NoteKey.from_vkey(vkey)
        except SignatureError as error:
            raise InvalidRequest(f"witness {text!r}: {error}") from error
        if key.kind != COSIGNATURE or not url.startswith(("https://", "http://")):
            raise InvalidRequest(f"witness {text!r}: give its cosignature key, a space, and its http address")
        return cls(key, url.rstrip("/"))


@dataclass(frozen=True)
class Cosigned:
    """What a round of asking brought: the checkpoint, who signed it, and who did not and why."""

    note: str
    size: int
    signed: tuple[str, ...]
    refused: dict[str, str]


def post(url: str, body: str) -> tuple[int, str]:
    """Send a request; returns status and text. Raises `httpx.HTTPError`."""
    answer = httpx.post(url, content=body.encode(), timeout=TIMEOUT_S, follow_redirects=False)
    return answer.status_code, answer.text[: 1 << 16]


def collect(log: TransparencyLog, witnesses: Sequence[WitnessAddress], send: Post = post) -> Cosigned:
    """Have the newest checkpoint co-signed and keep the answers.

    Args:
        log: our log.
        witnesses: whom to ask.
        send: how to ask; for tests.
    """
    note = log.checkpoint()
    size = checkpoint_of(note).size
    with db.reading(log.engine) as connection:
        note = _kept(connection, size) or note
    signed, refused = [], {}
    for witness in witnesses:
        try:
            if witness.key.name not in _times(note, witness.key):
                note = add_cosignature(note, _ask(log, note, size, witness, send), witness.key)
            signed.append(witness.key.name)
        except (httpx.HTTPError, SignatureError, ProofError) as error:
            refused[witness.key.name] = str(error)
    if signed:
        _keep(log.engine, size, note)
    return Cosigned(note, size, tuple(signed), refused)


def _ask(log: TransparencyLog, note: str, size: int, witness: WitnessAddress, send: Post) -> str:
    """One witness's signature line; it is asked again from the size that it says it is at."""
    body = "".join(note.partition("\n\n")[:2]) + _own_line(note, log)
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
    raise SignatureError(f"{witness.key.name} refused with {status}: {text.strip()[:200]}")


def _own_line(note: str, log: TransparencyLog) -> str:
    """Our own signature line: witnesses need not see each other's."""
    lines = note.partition("\n\n")[2].splitlines(keepends=True)
    return next(line for line in lines if line.split(" ")[1] == log.origin)


def _times(note: str, key: NoteKey) -> dict[str, int]:
    try:
        return verify_note(note, [key]).times
    except SignatureError:
        return {}


def _kept(connection: Connection, size: int) -> str | None:
    found = connection.execute(select(_CHECKPOINTS.c.note).where(_CHECKPOINTS.c.size == size))
    text: str | None = found.scalar_one_or_none()
    return text


def _keep(engine: Engine, size: int, note: str) -> None:
    with db.writing(engine) as connection:
        if _kept(connection, size) is None:
            connection.execute(insert(_CHECKPOINTS).values(size=size, note=note, created_at=db.now()))
        else:
            connection.execute(update(_CHECKPOINTS).where(_CHECKPOINTS.c.size == size).values(note=note))
