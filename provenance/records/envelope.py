"""DSSE envelopes: bytes, their type, and signatures over both (Dead Simple Signing Envelope 1.0.0).

The signature covers the payload as bytes, so nothing is parsed before it is authenticated, and the
payload type, so a signed report can never be read as a signed record.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import SignatureError
from provenance.records import canonical
from provenance.records.keys import PublicKey, Signer

MAX_ENVELOPE_BYTES = 4 << 20
MAX_SIGNATURES = 16


@dataclass(frozen=True)
class Signature:
    """One signature; `keyid` is an unauthenticated hint at who made it."""

    keyid: str
    sig: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload with its type and signatures. Nothing in it may be believed before `verify`."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    def to_json(self) -> bytes:
        """The envelope as JSON, keys and base64 as DSSE prescribes."""
        value = {
            "payload": base64.b64encode(self.payload).decode(),
            "payloadType": self.payload_type,
            "signatures": [
                {"keyid": s.keyid, "sig": base64.b64encode(s.sig).decode()} for s in self.signatures
            ],
        }
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Envelope":
        """Parse an envelope, without trusting it.

        Raises:
            SignatureError: not a DSSE envelope.
        """
        value = canonical.decode_lenient(data, SignatureError, limit=MAX_ENVELOPE_BYTES)
        if not isinstance(value, dict):
            raise SignatureError("the envelope is not a JSON object")
        payload_type, signatures = value.get("payloadType"), value.get("signatures")
        if not isinstance(payload_type, str) or not isinstance(signatures, list):
            raise SignatureError("the envelope lacks payloadType or signatures")
        if len(signatures) > MAX_SIGNATURES:
            raise SignatureError(f"the envelope has more than {MAX_SIGNATURES} signatures")
        parsed = []
        for item in signatures:
            if not isinstance(item, dict) or not isinstance(item.get("keyid", ""), str):
                raise SignatureError("a signature of the envelope is not an object with keyid and sig")
            parsed.append(Signature(item.get("keyid", ""), _base64(item.get("sig"))))
        return cls(_base64(value.get("payload")), payload_type, tuple(parsed))


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-authentication encoding: what is really signed (DSSE protocol, "Signature Definition").

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, payload_type: str, signers: Sequence[Signer]) -> Envelope:
    """Sign a payload with one or more keys."""
    if not signers:
        raise SignatureError("no signer was given")
    message = pae(payload_type, payload)
    signatures = tuple(Signature(signer.keyid, signer.sign(message)) for signer in signers)
    return Envelope(payload, payload_type, signatures)


def accepted_keys(envelope: Envelope, public_keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
    """The given keys by which some signature of the envelope verifies, each once.

    The keyid only narrows which keys are tried; an empty one tries all.
    """
    message = pae(envelope.payload_type, envelope.payload)
    accepted: dict[str, PublicKey] = {}
    for key in public_keys:
        for signature in envelope.signatures:
            if signature.keyid not in ("", key.keyid):
                continue
            try:
                key.verify(signature.sig, message)
            except SignatureError:
                continue
            accepted[key.keyid] = key
    return tuple(accepted.values())


def verify(
    envelope: Envelope,
    public_keys: Iterable[PublicKey],
    *,
    payload_type: str | None = None,
    threshold: int = 1,
) -> bytes:
    """Return the payload if enough of the given keys signed it.

    Args:
        envelope: the envelope.
        public_keys: the keys that the caller trusts for this purpose.
        payload_type: the only type that the caller is prepared to read; None leaves that to the caller.
        threshold: how many different keys must have signed.

    Raises:
        SignatureError: too few accepted signatures, or another payload type.
    """
    return opened(envelope, public_keys, payload_type=payload_type, threshold=threshold)[0]


def opened(
    envelope: Envelope,
    public_keys: Iterable[PublicKey],
    *,
    payload_type: str | None = None,
    threshold: int = 1,
) -> tuple[bytes, tuple[PublicKey, ...]]:
    """The payload, and the keys that signed it, each tried once; arguments and errors as in `verify`."""
    if threshold < 1:
        raise ValueError("threshold must be at least 1")
    trusted = tuple(public_keys)
    keys = accepted_keys(envelope, trusted)
    if len(keys) < threshold:
        why = _short(envelope, {key.keyid for key in trusted}, {key.keyid for key in keys})
        raise SignatureError(f"{len(keys)} of {threshold} needed signatures verify: {why}")
    if payload_type is not None and envelope.payload_type != payload_type:
        raise SignatureError(f"the payload is of type {envelope.payload_type!r}, not {payload_type!r}")
    return envelope.payload, keys


def _short(envelope: Envelope, trusted: set[str], accepted: set[str]) -> str:
    """Why too few signatures count: what was signed is another thing than keys that are not known here."""
    named = [signature.keyid for signature in envelope.signatures]
    broken = [keyid for keyid in named if keyid in trusted - accepted]
    if broken:
        return (
            f"that by key {broken[0][:16]} does not hold, so this was changed after it was signed, or "
            "somebody else signed it; do not rely on it"
        )
    claimed = ", ".join(keyid[:16] or "unnamed" for keyid in named) or "nobody"
    if accepted:
        return f"it says that it was signed by {claimed}"
    return (
        f"it says that it was signed by {claimed}, and none of the keys that are trusted here did; whether "
        "it was changed cannot be told"
    )


def _base64(value: object) -> bytes:
    """Standard or URL-safe base64; DSSE obliges verifiers to accept both."""
    if not isinstance(value, str):
        raise SignatureError("payload and sig must be base64 text")
    try:
        return base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError(f"payload or sig is not base64: {error}") from error
