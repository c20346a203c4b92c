"""Checkpoints and proof files of the log (C2SP tlog-checkpoint and tlog-proof@v1)."""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography import x509

from core.errors import ProofError, SignatureError
from provenance.records.merkle import HASH_BYTES, MAX_SIZE, leaf_hash, verify_inclusion
from provenance.records.note import (
    NoteKey,
    NoteSigner,
    VerifiedNote,
    cosign_note,
    sign_note,
    split_note,
    verify_note,
)
from provenance.records.stamping import Stamps, verify_stamps

__all__ = [
    "Checkpoint",
    "NoteKey",
    "NoteSigner",
    "TlogProof",
    "VerifiedCheckpoint",
    "cosign_note",
    "sign_checkpoint",
    "sign_note",
    "verify_checkpoint",
    "verify_note",
    "verify_tlog_proof",
]

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF_BYTES = 1 << 18


@dataclass(frozen=True)
class Checkpoint:
    """A log's statement: under this name there are `size` entries with this Merkle root."""

    origin: str
    size: int
    root_hash: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise ProofError("the origin of a checkpoint is one line that is not empty")
        if not 0 <= self.size <= MAX_SIZE or len(self.root_hash) != HASH_BYTES:
            raise ProofError("a checkpoint has a size and a root hash of 32 bytes")

    def to_text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root_hash).decode()}\n"

    @classmethod
    def from_text(cls, text: str) -> "Checkpoint":
        """Read them; extension lines are refused, because no monitor can audit them."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0]:
            raise ProofError("a checkpoint has the three lines origin, size, root hash")
        return cls(lines[0], _decimal(lines[1], "tree size"), _hash(lines[2]))


@dataclass(frozen=True)
class VerifiedCheckpoint:
    """A checkpoint whose log signature was checked, and the times of witnesses and authorities that were."""

    checkpoint: Checkpoint
    note: VerifiedNote
    stamps: Stamps

    @property
    def earliest_witness_s(self) -> int | None:
        """Earliest POSIX time at which a trusted witness saw this checkpoint."""
        return min(self.note.times.values(), default=None)

    @property
    def earliest_s(self) -> int | None:
        """Earliest POSIX time at which anybody but the log saw it: a witness, or a time-stamp authority."""
        return min((*self.note.times.values(), *(one.time_s for one in self.stamps.times)), default=None)


def sign_checkpoint(checkpoint: Checkpoint, *signers: NoteSigner) -> str:
    """Write a checkpoint as a note signed by the log; the signers' name must be the origin.

    A log signs with one key; with the old and the new one where it hands over.
    """
    for signer in signers:
        if signer.name != checkpoint.origin:
            raise SignatureError(f"{signer.name} cannot sign a checkpoint of {checkpoint.origin}")
    return sign_note(checkpoint.to_text(), signers)


def verify_checkpoint(
    note: str, keys: Iterable[NoteKey], *, witnesses: int = 0, roots: Sequence[x509.Certificate] = ()
) -> VerifiedCheckpoint:
    """Check a checkpoint.

    Args:
        note: the signed checkpoint.
        keys: trusted keys of logs (plain) and of witnesses (cosignature).
        witnesses: how many different witnesses must have co-signed.
        roots: certificates of trusted time-stamp authorities; without any, tokens are left unread.

    Raises:
        SignatureError: the log named by the origin did not sign, or too few witnesses did.
        ProofError: the signed text is not a checkpoint.
        VerificationError: a time-stamp token in it was altered or belongs to another checkpoint.
    """
    verified = verify_note(note, keys)
    checkpoint = Checkpoint.from_text(verified.text)
    if not any(key.name == checkpoint.origin and key.kind == 1 for key in verified.signers):
        raise SignatureError(f"the checkpoint is not signed by its log {checkpoint.origin}")
    if len(verified.times) < witnesses:
        raise SignatureError(
            f"{len(verified.times)} of {witnesses} needed witnesses co-signed the checkpoint"
        )
    return VerifiedCheckpoint(checkpoint, verified, verify_stamps(note, roots))


@dataclass(frozen=True)
class TlogProof:
    """Everything needed to check offline that an entry is in the log.

    `extra` is not authenticated by the file; we put the log entry's bytes there, which the proof itself
    authenticates.
    """

    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def to_text(self) -> str:
        """The file: extension `.tlog-proof`."""
        lines = [PROOF_HEADER]
        if self.extra is not None:
            lines.append("extra " + base64.b64encode(self.extra).decode())
        lines.append(f"index {self.index}")
        lines.extend(base64.b64encode(node).decode() for node in self.proof)
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def from_text(cls, text: str) -> "TlogProof":
        """Parse the file without trusting it.

        Raises:
            ProofError: malformed.
        """
        if len(text) > MAX_PROOF_BYTES:
            raise ProofError(f"the proof file is longer than {MAX_PROOF_BYTES} characters")
        head, separator, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if not separator or lines.pop(0) != PROOF_HEADER:
            raise ProofError(f"a proof file starts with {PROOF_HEADER} and holds a checkpoint")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = _base64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise ProofError("the proof file has no index line")
        index = _decimal(lines.pop(0).removeprefix("index "), "index")
        if len(lines) > 64:
            raise ProofError("the proof file has more hashes than any log is high")
        return cls(index, tuple(_hash(line) for line in lines), checkpoint, extra)


def verify_tlog_proof(
    text: str,
    entry: bytes,
    keys: Sequence[NoteKey],
    *,
    witnesses: int = 0,
    roots: Sequence[x509.Certificate] = (),
) -> VerifiedCheckpoint:
    """Check that `entry` is in a log whose checkpoint a trusted key signed.

    Raises:
        ProofError: malformed, or the proof does not lead to the checkpoint.
        SignatureError: the checkpoint is not signed as needed.
        VerificationError: a time-stamp token in it was altered or belongs to another checkpoint.
    """
    proof = TlogProof.from_text(text)
    verified = verify_checkpoint(proof.checkpoint, keys, witnesses=witnesses, roots=roots)
    head = verified.checkpoint
    verify_inclusion(leaf_hash(entry), proof.index, head.size, proof.proof, head.root_hash)
    return verified


def checkpoint_of(note: str) -> Checkpoint:
    """Read a checkpoint without checking any signature, for displays that say so."""
    return Checkpoint.from_text(split_note(note)[0])


def _decimal(text: str, name: str) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text):
        raise ProofError(f"the {name} {text[:30]!r} is not a plain decimal number")
    return int(text)


def _hash(text: str) -> bytes:
    value = _base64(text)
    if len(value) != HASH_BYTES:
        raise ProofError("a hash does not have 32 bytes")
    return value


def _base64(text: str) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProofError("the proof holds something that is not base64") from error
    if base64.b64encode(value).decode() != text:
        raise ProofError("the proof holds base64 in an unusual spelling")
    return value
