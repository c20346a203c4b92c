"""Signed notes: short text with signatures that a person can read (C2SP signed-note).

Two signature types are supported: plain Ed25519 (0x01), by which a log signs, and timestamped cosignatures
(0x04, C2SP tlog-cosignature), by which a witness says what it has seen and when.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.errors import SignatureError
from provenance.records.keys import ED25519, PublicKey, Signer

MAX_NOTE_BYTES = 1 << 17
MAX_SIGNATURES = 32
PLAIN = 1
COSIGNATURE = 4
_DASH = "\u2014"
_ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410 §4, what precedes the 32 bytes


@dataclass(frozen=True)
class NoteKey:
    """A key that may verify a note: name, 32-byte Ed25519 key, signature type."""

    name: str
    public_key: bytes
    kind: int = PLAIN

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or re.search(r"\s", self.name) or len(self.name) > 200:
            raise SignatureError(f"{self.name!r} is no key name: no spaces, no plus sign, not empty")
        if len(self.public_key) != 32 or self.kind not in (PLAIN, COSIGNATURE):
            raise SignatureError("a note key is an Ed25519 key of type 1 or 4")

    @property
    def key_id(self) -> bytes:
        """SHA-256(name ‖ 0x0A ‖ type ‖ key), first 4 bytes."""
        material = self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key
        return hashlib.sha256(material).digest()[:4]

    @property
    def keyid(self) -> str:
        """SHA-256 of the key's DER SubjectPublicKeyInfo, as of every other key; 64 hex digits."""
        return self.as_public_key().keyid

    def as_public_key(self) -> PublicKey:
        """The key without its name, as other signatures than those of notes use it."""
        return PublicKey(_ED25519_SPKI + self.public_key)

    @property
    def vkey(self) -> str:
        """The key as text: name+hex(key id)+base64(type ‖ key)."""
        material = base64.b64encode(bytes([self.kind]) + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def from_vkey(cls, text: str) -> "NoteKey":
        """Read what `vkey` wrote.

        Raises:
            SignatureError: malformed, or the key id does not belong to the key.
        """
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise SignatureError("a verifier key has the form name+hash+base64")
        material = _base64(parts[2])
        if not material:
            raise SignatureError("a verifier key has the form name+hash+base64")
        key = cls(parts[0], material[1:], material[0])
        if key.key_id.hex() != parts[1]:
            raise SignatureError(f"the hash in the verifier key of {key.name} does not belong to the key")
        return key

    def verify(self, signature: bytes, text: str) -> int | None:
        """Check one signature over a note's text.

        Returns:
            The POSIX time in seconds that a cosignature carries, None for a plain signature.

        Raises:
            SignatureError: it does not verify.
        """
        message, time = text.encode(), None
        if self.kind == COSIGNATURE:
            time = int.from_bytes(signature[:8], "big")
            message, signature = _cosigned(text, time), signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise SignatureError(f"the signature of {self.name} on the note does not verify") from error
        return time


@dataclass(frozen=True)
class NoteSigner:
    """A name and the Ed25519 signer that signs notes under it."""

    name: str
    signer: Signer

    def __post_init__(self) -> None:
        if self.signer.algorithm != ED25519:
            raise SignatureError("notes are signed with Ed25519; give a key of that kind")
        _ = self.key

    @property
    def key(self) -> NoteKey:
        """The key that verifies plain signatures of this signer."""
        return NoteKey(self.name, self.signer.public_key.raw)

    @property
    def cosigner_key(self) -> NoteKey:
        """The key that verifies cosignatures of this signer."""
        return NoteKey(self.name, self.signer.public_key.raw, COSIGNATURE)


@dataclass(frozen=True)
class VerifiedNote:
    """Text whose signatures were checked: by which keys, and the times of the cosignatures among them."""

    text: str
    signers: tuple[NoteKey, ...]
    times: dict[str, int]


def sign_note(text: str, signers: Sequence[NoteSigner]) -> str:
    """Write a note with a plain signature of each signer.

    Raises:
        SignatureError: the text does not end in a newline or holds control characters.
    """
    _check_text(text)
    lines = [signature_line(s.name, s.key.key_id, s.signer.sign(text.encode())) for s in signers]
    return text + "\n" + "".join(lines)


def cosign_note(note: str, signer: NoteSigner, time_s: int) -> str:
    """Add a witness's cosignature, made at POSIX time `time_s`, to a signed note."""
    text, _ = split_note(note)
    signature = time_s.to_bytes(8, "big") + signer.signer.sign(_cosigned(text, time_s))
    return note + signature_line(signer.name, signer.cosigner_key.key_id, signature)


def verify_note(note: str, keys: Iterable[NoteKey]) -> VerifiedNote:
    """Check a note against the keys that the caller trusts.

    Signatures by unknown keys are ignored; one bad signature by a known key spoils the note.

    Raises:
        SignatureError: malformed, no known signature, or a known one that fails.
    """
    text, signatures = split_note(note)
    known = {(key.name, key.key_id): key for key in keys}
    signers: dict[NoteKey, None] = {}
    times: dict[str, int] = {}
    for name, key_id, signature in signatures:
        key = known.get((name, key_id))
        if key is None:
            continue
        time = key.verify(signature, text)
        signers[key] = None
        if time is not None:
            times[key.name] = time
    if not signers:
        names = ", ".join(name for name, _, _ in signatures)
        raise SignatureError(f"no trusted key signed the note; it claims signatures by {names}")
    return VerifiedNote(text, tuple(signers), times)


def split_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Split a note into its text and (name, key id, signature) triples, none of them verified."""
    if len(note.encode(errors="replace")) > MAX_NOTE_BYTES:
        raise SignatureError(f"the note is longer than {MAX_NOTE_BYTES} bytes")
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise SignatureError("the note has no signatures after a blank line")
    text += "\n"
    _check_text(text)
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise SignatureError(f"the note has more than {MAX_SIGNATURES} signatures")
    signatures = []
    for line in lines:
        match = re.fullmatch(rf"{_DASH} ([^\s+]+) ([A-Za-z0-9+/=]+)", line)
        if match is None:
            raise SignatureError("a signature line of the note is malformed")
        blob = _base64(match[2])
        if len(blob) < 5:
            raise SignatureError("a signature of the note is too short")
        signatures.append((match[1], blob[:4], blob[4:]))
    return text, signatures


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    """One signature line of a note."""
    return f"{_DASH} {name} {base64.b64encode(key_id + signature).decode()}\n"


def _cosigned(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise SignatureError("the text of a note ends in a newline")
    if any(character < " " and character != "\n" for character in text):
        raise SignatureError("the text of a note holds control characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise SignatureError("the text of a note is not valid Unicode") from error


def _base64(text: str) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError("a note holds something that is not base64") from error
    # the last character before the padding has bits that decode to nothing: RFC 4648, 3.5 wants zeros
    if base64.b64encode(value).decode() != text:
        raise SignatureError("a note holds base64 in an unusual spelling")
    return value
