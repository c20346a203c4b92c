"""An ID token is taken if it is the provider's, for us, for this sign-in, and fresh; and in no other case."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from authlib.oidc.core.util import create_half_hash
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from api.errors import SignInFailed
from api.identity.id_token import KINDS, LEEWAY_S, OLDEST_S, Expected, half_hash, validated
from core import clock
from tests.api.identity.provider import unsigned

NOW = 1_800_000_000
ISSUER, CLIENT = "https://provider.example", "trackmark"
EXPECTED = Expected(ISSUER, CLIENT, "the nonce", "the token", clock.at(NOW))
PUBLIC = RSAKey.generate_key(2048, {"kid": "rsa"})
KEYS: dict[str, Key] = {
    "RSA": PUBLIC,
    "EC": ECKey.generate_key("P-256", {"kid": "ec"}),
    "OKP": OKPKey.generate_key("Ed25519", {"kid": "okp"}),
}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "248289",
    "aud": CLIENT,
    "exp": NOW + 300,
    "iat": NOW,
    "nonce": "the nonce",
}
GONE = "left out"


def find(key_id: str | None, kinds: tuple[str, ...]) -> Key | None:
    return next((one for one in KEYS.values() if one.kid == key_id and one.key_type in kinds), None)


def token(algorithm: str = "RS256", key: Key | None = None, **changed: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value != GONE}
    found = key or KEYS[KINDS[algorithm][0]]
    return jwt.encode({"alg": algorithm, "kid": found.kid}, claims, found, algorithms=[algorithm])


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "RS512", "ES256", "Ed25519"])
def test_a_good_token_is_taken_and_its_access_token_agrees(algorithm: str) -> None:
    made = create_half_hash("the token", algorithm)  # as Authlib makes it
    theirs = made.decode() if made else half_hash("the token", algorithm)  # it knows no Ed25519
    sent = token(algorithm, at_hash=theirs)
    assert validated(sent, find, EXPECTED)["sub"] == "248289"
    with pytest.raises(SignInFailed, match="at_hash"):
        validated(sent, find, replace(EXPECTED, access_token="another"))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://else.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": [ISSUER]},
        {"iss": GONE},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": []},
        {"aud": GONE},
        {"aud": [CLIENT, "another client"]},  # and does not say for which of them
        {"aud": [CLIENT, "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"azp": None},
        {"exp": NOW - LEEWAY_S - 1},
        {"exp": GONE},
        {"exp": "soon"},
        {"iat": NOW + LEEWAY_S + 1},
        {"iat": NOW - OLDEST_S - 1},
        {"iat": GONE},
        {"nbf": NOW + LEEWAY_S + 1},
        {"nonce": "another nonce"},
        {"nonce": ""},
        {"nonce": 7},
        {"nonce": GONE},
        {"at_hash": "another"},
        {"at_hash": None},
        {"sub": ""},
        {"sub": GONE},
        {"sub": 7},
        {"sub": "s" * 256},
        {"sub": "ädä"},
    ],
    ids=str,
)
def test_a_token_that_says_anything_else_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(SignInFailed):
        validated(token(**changed), find, EXPECTED)


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": NOW - LEEWAY_S + 1},
        {"iat": NOW + LEEWAY_S - 1},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another client"], "azp": CLIENT},
        {"azp": CLIENT},
    ],
    ids=str,
)
def test_what_may_differ(changed: dict[str, Any]) -> None:
    assert validated(token(**changed), find, EXPECTED)["sub"] == "248289"


def _by_secret() -> str:
    """Signed with what both sides know, the client's secret: by whoever reads our settings."""
    return jwt.encode(
        {"alg": "HS256", "kid": "rsa"},
        CLAIMS,
        OctKey.import_key("the client's secret " * 3),
        algorithms=["HS256"],
    )


def _by_public_key() -> str:
    """The old confusion: the provider's public key taken as the secret of an HMAC."""
    head, body, _ = _by_secret().split(".")
    made = hmac.digest(PUBLIC.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{urlsafe_b64encode(made).rstrip(b'=').decode()}"


def _by_another() -> str:
    stranger = RSAKey.generate_key(2048, {"kid": "rsa"})
    return token("RS256", stranger)


def _changed() -> str:
    head, _, signature = token().split(".")
    return f"{head}.{token(sub='root').split('.')[1]}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [
        _by_secret,
        _by_public_key,
        _by_another,
        _changed,
        lambda: unsigned(CLAIMS),
        lambda: token("RS256", RSAKey.generate_key(2048, {"kid": "unknown"})),
        lambda: jwt.encode({"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}, CLAIMS, KEYS["RSA"]),
        lambda: "a.b.c",
        lambda: "",
        lambda: "é.é.é",
        lambda: token(more="x" * 40_000),
    ],
)
def test_a_forged_token_is_refused(forge: Callable[[], str]) -> None:
    with pytest.raises(SignInFailed):
        validated(forge(), find, EXPECTED)


def test_a_refusal_quotes_nothing_of_the_token() -> None:
    with pytest.raises(SignInFailed) as refused:
        validated(token(iss="<script>evil</script>"), find, EXPECTED)
    assert "evil" not in str(refused.value)
