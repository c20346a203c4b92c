"""Access tokens by OAuth2 client credentials (RFC 6749, 4.4): short-lived, signed, no more than their key.

A client is an API key: its id and its secret. A token is a JWT (RFC 9068) under an Ed25519 key of this home.
It names its key, which is looked up at each request as if it had been sent itself: a key that is revoked, or
whose tenant is suspended, takes its tokens along.
"""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jwt import JWTClaimsRegistry

from api.server.api_keys import ApiKeys, Caller, Scope
from api.server.refusals import InvalidClient, InvalidTokenRequest, Unauthorized
from core import clock
from provenance.records.keys import Ed25519Signer

ALGORITHM = "Ed25519"
KIND = "at+jwt"
AUDIENCE = "trackmark"
MOST_TEXT = 4096
_BAD = "the access token is unknown, expired or revoked"


@dataclass(frozen=True)
class Issued:
    """A token and what it is good for."""

    token: str
    lifetime: timedelta
    scopes: tuple[Scope, ...]
    caller: Caller


class Tokens:
    """Issues tokens and reads them again.

    Args:
        signer: finds the key of tokens, asked when the first one comes.
        keys: the clients.
        lifetime: of a token.
    """

    def __init__(
        self, signer: Callable[[], Ed25519Signer], keys: ApiKeys, lifetime: timedelta = timedelta(minutes=15)
    ) -> None:
        self._signer = signer
        self._keys = keys
        self._lifetime = lifetime

    @cached_property
    def _key(self) -> OKPKey:
        return OKPKey.import_key(self._signer().to_pem())

    def issue(self, client_id: str, secret: str, wanted: Collection[str] | None) -> Issued:
        """Issue a token.

        Args:
            client_id: id of an API key.
            secret: the key itself.
            wanted: what the token shall be good for; all that its key is, if None.

        Raises:
            InvalidClient: there is no such key in force.
            InvalidTokenRequest: the key is not good for what is wanted.
            TenantSuspended: an operator has suspended the key's tenant.
        """
        try:
            caller = self._keys.authenticate(secret)
        except Unauthorized:
            raise InvalidClient("no API key in force has this id and secret") from None
        if caller.key_id != client_id:
            raise InvalidClient("no API key in force has this id and secret")
        scopes = caller.scopes if wanted is None else frozenset(_named(wanted))
        if not scopes or not (Scope.ADMIN in caller.scopes or scopes <= caller.scopes):
            raise InvalidTokenRequest("the key is not good for all that is asked for", "invalid_scope")
        now = clock.now()
        told = {
            **{"iss": AUDIENCE, "aud": AUDIENCE, "sub": client_id, "client_id": client_id},
            **{"jti": secrets.token_hex(16), "scope": " ".join(sorted(scopes))},
            **{"iat": int(now.timestamp()), "exp": int((now + self._lifetime).timestamp())},
        }
        token = jwt.encode({"alg": ALGORITHM, "typ": KIND}, told, self._key, algorithms=[ALGORITHM])
        return Issued(token, self._lifetime, tuple(sorted(scopes)), caller)

    def caller(self, token: str) -> Caller:
        """The caller behind a token: its key, good for what both are.

        Raises:
            Unauthorized: the token is not ours, has expired, or its key is in force no more.
            TenantSuspended: an operator has suspended the key's tenant.
        """
        try:
            if len(token) > MOST_TEXT:
                raise ValueError(token[:9])
            read = jwt.decode(token, self._key, algorithms=[ALGORITHM])
            claims = read.claims
            now = int(clock.now().timestamp())
            JWTClaimsRegistry(
                now,
                iss={"essential": True, "value": AUDIENCE},
                aud={"essential": True, "value": AUDIENCE},
                exp={"essential": True},
            ).validate(claims)
            if read.header.get("typ") != KIND:
                raise ValueError(KIND)
            key_id, scopes = str(claims["client_id"]), frozenset(map(Scope, str(claims["scope"]).split()))
        except (JoseError, ValueError, KeyError, TypeError):
            raise Unauthorized(_BAD) from None
        found = self._keys.by_id(key_id)
        both = scopes if Scope.ADMIN in found.scopes else scopes & found.scopes
        return Caller(found.tenant, both, found.key_id, found.name)


def is_token(secret: str) -> bool:
    """Whether what was sent as a bearer is a token and no API key."""
    return secret.count(".") == 2


def _named(wanted: Collection[str]) -> list[Scope]:
    try:
        return [Scope(one) for one in wanted]
    except ValueError:
        raise InvalidTokenRequest("there is no such scope", "invalid_scope") from None
