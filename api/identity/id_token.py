"""ID tokens, checked as OpenID Connect Core 1.0, 3.1.3.7 has it, under an algorithm of ours, never `none`."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256, sha384, sha512
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jwt import JWTClaimsRegistry

from api.errors import SignInFailed

LEEWAY_S = 60
OLDEST_S = 600
"""How long ago a token may have been issued that answers a sign-in."""
LONGEST = 32_768
_HASHES = {"256": sha256, "384": sha384, "512": sha512}
KINDS: Mapping[str, tuple[str, ...]] = {
    **{f"{kind}{bits}": ("RSA",) for kind in ("RS", "PS") for bits in _HASHES},
    **{f"ES{bits}": ("EC",) for bits in _HASHES},
    "Ed25519": ("OKP",),  # and not `EdDSA`, which RFC 9864 has put out of use
}
"""Every algorithm that is taken, with the kinds of key that it takes: signatures by a private key alone."""
FindKey = Callable[[str | None, tuple[str, ...]], Key | None]


@dataclass(frozen=True)
class Expected:
    """What a token must say.

    Attributes:
        nonce: of the sign-in that it answers.
        access_token: that came with it.
    """

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None
    now: datetime


def validated(token: str, key: FindKey, expected: Expected) -> Mapping[str, Any]:
    """The claims of a token that is the provider's, for us, for this sign-in, and fresh.

    Raises:
        SignInFailed: it is not; the reason says which check failed.
    """
    try:
        if len(token) > LONGEST:
            raise SignInFailed("the ID token is too long")
        header = jws.extract_compact(token.encode()).headers()
        algorithm, key_id = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in KINDS:
            raise SignInFailed("the ID token is signed by an algorithm that is not taken")
        if str(header.get("typ", "JWT")).upper() != "JWT":
            raise SignInFailed("what the provider sent is no ID token")
        found = key(key_id if isinstance(key_id, str) else None, KINDS[algorithm])
        if found is None:
            raise SignInFailed("the ID token is signed by a key that the provider does not publish")
        claims = jwt.decode(token, found, algorithms=[algorithm]).claims
        _check(claims, algorithm, expected)
    except (JoseError, ValueError, TypeError) as error:
        raise SignInFailed(f"the ID token is not good: {_why(error)}") from error
    return claims


def _check(claims: Mapping[str, Any], algorithm: str, expected: Expected) -> None:
    now = int(expected.now.timestamp())
    JWTClaimsRegistry(
        now,
        LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
    ).validate(dict(claims))
    if claims["iat"] < now - OLDEST_S:
        raise SignInFailed("the ID token was issued too long ago")
    subject = claims["sub"]
    if not isinstance(subject, str) or len(subject) > 255 or not subject.isascii():
        raise SignInFailed("the ID token's sub is not one")
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if "azp" in claims or len(audience) > 1:  # for others, too: then it says for whom it was made
        _same(claims.get("azp"), expected.client_id, "azp")
    _same(claims.get("nonce"), expected.nonce, "nonce")
    if "at_hash" in claims:
        _same(claims["at_hash"], half_hash(expected.access_token or "", algorithm), "at_hash")


def half_hash(text: str, algorithm: str) -> str:
    """The left half of a hash, as `at_hash` has it (3.1.3.6)."""
    made = _HASHES.get(algorithm[-3:], sha512)(text.encode()).digest()  # Ed25519 hashes by SHA-512, too
    return urlsafe_b64encode(made[: len(made) // 2]).rstrip(b"=").decode()


def _same(told: object, wanted: str, name: str) -> None:
    if not isinstance(told, str) or not hmac.compare_digest(told.encode(), wanted.encode()):
        raise SignInFailed(f"the ID token's {name} is not the one that was expected")


def _why(error: Exception) -> str:
    """Which check failed, without what a stranger wrote."""
    return str(getattr(error, "claim", None) or getattr(error, "error", None) or type(error).__name__)
