"""Signatures by Standard Webhooks 1.0.0: `v1` is HMAC-SHA256, `v1a` is Ed25519.

What is signed is `id.timestamp.body`. A message carries a signature for each secret in force, so that a
receiver may take over a new one at leisure.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import SignatureError

Scheme = Literal["hmac", "ed25519"]
SYMMETRIC, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
TOLERANCE_S = 300


def new_secret(scheme: Scheme) -> str:
    """A fresh secret as the specification writes it: `whsec_` and 32 bytes, or `whsk_` and a seed."""
    prefix = SYMMETRIC if scheme == "hmac" else PRIVATE
    return prefix + b64encode(secrets.token_bytes(32)).decode()


def told_of(secret: str) -> str:
    """What a receiver needs of a secret: the secret itself, or the public half (`whpk_`)."""
    if secret.startswith(SYMMETRIC):
        return secret
    return PUBLIC + b64encode(_private(secret).public_key().public_bytes_raw()).decode()


def headers(message_id: str, at: int, body: bytes, signing: Sequence[str]) -> dict[str, str]:
    """The headers of a message.

    Args:
        message_id: the same at every attempt: receivers take a message once.
        at: when the attempt is made, in POSIX seconds.
        body: what is sent.
        signing: the secrets in force, the newest first.
    """
    said = _said(message_id, at, body)
    signatures = " ".join(_sign(secret, said) for secret in signing)
    return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": signatures}


def verify(sent: Mapping[str, str], body: bytes, known: str, *, now: int) -> None:
    """Check a message that was received.

    Args:
        sent: its headers.
        body: as it came, byte by byte.
        known: what the endpoint's owner was told: `whsec_...` or `whpk_...`.
        now: in POSIX seconds.

    Raises:
        SignatureError: no signature is good, or the message is older than five minutes.
    """
    fields = {name.lower(): value for name, value in sent.items()}
    try:
        message_id, signatures = fields["webhook-id"], fields["webhook-signature"]
        at = int(fields["webhook-timestamp"])
    except (KeyError, ValueError) as error:
        raise SignatureError("the message has not the three headers of a webhook") from error
    if abs(now - at) > TOLERANCE_S:
        raise SignatureError(f"the message is {abs(now - at)} s away from now; a copy, or a wrong clock")
    said = _said(message_id, at, body)
    if not any(_good(one, said, known) for one in signatures.split(" ")):
        raise SignatureError("no signature of the message is good for this secret")


def _said(message_id: str, at: int, body: bytes) -> bytes:
    return f"{message_id}.{at}.".encode() + body


def _sign(secret: str, said: bytes) -> str:
    if secret.startswith(SYMMETRIC):
        return "v1," + b64encode(_mac(secret, said)).decode()
    return "v1a," + b64encode(_private(secret).sign(said)).decode()


def _good(signature: str, said: bytes, known: str) -> bool:
    version, _, text = signature.partition(",")
    try:
        given = b64decode(text, validate=True)
        if version == "v1" and known.startswith(SYMMETRIC):
            return hmac.compare_digest(given, _mac(known, said))
        if version == "v1a" and known.startswith(PUBLIC):
            Ed25519PublicKey.from_public_bytes(b64decode(known.removeprefix(PUBLIC))).verify(given, said)
            return True
    except (ValueError, InvalidSignature):
        pass
    return False


def _mac(secret: str, said: bytes) -> bytes:
    return hmac.new(b64decode(secret.removeprefix(SYMMETRIC)), said, sha256).digest()


def _private(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(b64decode(secret.removeprefix(PRIVATE)))
