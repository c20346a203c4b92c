"""Time-stamp tokens on checkpoints: carried in the note as a signature line, checked against its own bytes.

C2SP signed-note lets anybody add signature lines and obliges verifiers to skip those that they do not know.
So a token travels with its checkpoint into every proof file, and tools that know no RFC 3161 still work.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from core.errors import SignatureError
from provenance.records.authorities import UntrustedAuthority
from provenance.records.note import signature_line, split_note
from provenance.records.timestamp import StampedTime, TimestampError, parse_token, verify_token

LINE_NAME = "trackmark.invalid/rfc3161"
"""Name in the signature line; nobody's domain (RFC 2606), since the certificate says who stamped."""
LINE_ID = hashlib.sha256(LINE_NAME.encode() + b"\n\xffRFC 3161 TimeStampToken").digest()[:4]
"""As every key id of a note: SHA-256(name ‖ 0x0A ‖ 0xFF ‖ name of the type), first 4 bytes."""
MAX_TOKENS = 8
NO_ROOTS = "no root certificate of an authority is trusted here"


@dataclass(frozen=True)
class Stamps:
    """The tokens of a checkpoint: the times that count, and why each of the others does not."""

    times: tuple[StampedTime, ...]
    strangers: tuple[str, ...]


def own_lines(note: str) -> str:
    """The checkpoint with the log's own signature lines, and no others."""
    text, signatures = split_note(note)
    origin = text.split("\n", 1)[0]
    own = [signature_line(name, key_id, sig) for name, key_id, sig in signatures if name == origin]
    if not own:
        raise SignatureError(f"the log {origin} has not signed the checkpoint")
    return f"{text}\n{''.join(own)}"


def stamped_bytes(note: str) -> bytes:
    """What a token covers: `own_lines`, so that witnesses may add theirs before or after the token."""
    return own_lines(note).encode()


def tokens_of(note: str) -> tuple[bytes, ...]:
    """The tokens of a checkpoint in DER, none of them verified."""
    lines = split_note(note)[1]
    return tuple(sig for name, key_id, sig in lines if (name, key_id) == (LINE_NAME, LINE_ID))


def cosigners_of(note: str) -> tuple[str, ...]:
    """Names on the lines that are neither the log's own nor tokens, none of them verified."""
    text, signatures = split_note(note)
    own = {text.split("\n", 1)[0], LINE_NAME}
    return tuple(name for name, _, _ in signatures if name not in own)


def add_token(
    note: str, token: bytes, roots: Sequence[x509.Certificate], *, nonce: int | None = None
) -> tuple[str, StampedTime]:
    """A checkpoint with a token added, after checking it; the same note where it is there already.

    Raises:
        VerificationError: it is not a token over this checkpoint, or by nobody trusted.
    """
    stamped = verify_token(token, stamped_bytes(note), roots, nonce=nonce)
    if token in tokens_of(note):
        return note, stamped
    return note + signature_line(LINE_NAME, LINE_ID, token), stamped


def verify_stamps(note: str, roots: Sequence[x509.Certificate]) -> Stamps:
    """The times of a checkpoint's tokens.

    Without roots nothing is checked and nothing counts. With them, tokens by authorities that lead to none
    are strangers', and a token that does not belong to this checkpoint or was altered spoils it.

    Raises:
        DerError, TimestampError: such a token, or too many.
    """
    tokens = tokens_of(note)
    if len(tokens) > MAX_TOKENS:
        raise TimestampError(f"the checkpoint carries more than {MAX_TOKENS} tokens")
    if not roots or not tokens:
        return Stamps((), (NO_ROOTS,) * len(tokens))
    message, times, strangers = stamped_bytes(note), [], []
    for token in tokens:
        parsed = parse_token(token)
        try:
            times.append(verify_token(parsed, message, roots))
        except UntrustedAuthority as error:
            strangers.append(str(error))
    return Stamps(tuple(times), tuple(strangers))
