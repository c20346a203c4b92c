"""Signing in: authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636; RFC 9207).

What a sign-in needs until the browser is back lies in the browser, as one random secret: the code verifier
and the nonce are made of it and of the state. The database keeps digests of both, for ten minutes and for one
answer: so a state works once, in the browser that began, and whoever reads the database cannot go on with it.
"""

import hmac
import logging
import re
import secrets
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Engine, delete, insert, select

from api import database
from api.database.tables import Table
from api.errors import ProviderUnavailable, SignInFailed
from api.identity.account import Account
from api.identity.id_token import Expected, validated
from api.identity.provider import Metadata, Provider
from core import clock

logger = logging.getLogger(__name__)

LASTS = timedelta(minutes=10)
AT_ONCE = 8
"""How many sign-ins ask the provider at once: each holds a thread while it does."""
SCOPES = "openid email profile"
_SIGN_INS = Table.metadata.tables["sign_ins"]
_AGAIN = "begin again, and let no other tab or browser finish it"
_ERROR = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True)
class Begun:
    """A sign-in that goes on at the provider.

    Attributes:
        url: where the browser goes.
        secret: what it keeps until it is back.
    """

    url: str
    secret: str


@dataclass(frozen=True)
class Client:
    """What we are to the provider.

    Attributes:
        secret: None for a client that has none.
        redirect_uri: where the browser comes back to: an address of ours, and no other.
        home: where it comes back to after it was signed out there.
    """

    client_id: str
    secret: str | None
    redirect_uri: str
    home: str


class SigningIn:
    """Takes people to the provider and back.

    Args:
        engine: of the database.
        provider: where they have their accounts.
        client: what we are to it.
        name: how the provider is called on the page.
        now: the time.
    """

    def __init__(
        self,
        engine: Engine,
        provider: Provider,
        client: Client,
        name: str,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._engine = engine
        self._provider = provider
        self._client = client
        self.name = name
        self._now = now
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def begin(self, then: str) -> Begun:
        """Begin a sign-in.

        Args:
            then: where of ours somebody wanted to go.

        Raises:
            ProviderUnavailable: the provider does not answer.
        """
        metadata = self._provider.metadata()
        state, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        now = self._now()
        with database.writing(self._engine) as connection:
            connection.execute(delete(_SIGN_INS).where(_SIGN_INS.c.ends_at <= now))
            row = {"state": _digest(state), "browser": _digest(secret), "then": then, "ends_at": now + LASTS}
            connection.execute(insert(_SIGN_INS).values(**row))
        challenge = sha256(_made(secret, state, "verifier").encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": SCOPES,
            "state": state,
            "nonce": _made(secret, state, "nonce"),
            "code_challenge": _base64url(challenge),
            "code_challenge_method": "S256",
        }
        there = metadata.authorization_endpoint
        return Begun(f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}", secret)

    def finish(self, told: Mapping[str, str], secret: str | None) -> tuple[Account, str]:
        """Who has signed in, and where they wanted to go.

        Args:
            told: what the browser brings from the provider.
            secret: what it kept.

        Raises:
            SignInFailed: this is not the answer to a sign-in of this browser, or the provider refused.
            ProviderUnavailable: the provider does not answer, or has too much to do.
        """
        state = told.get("state", "")
        then = self._claim(state, secret)
        metadata = self._provider.metadata()
        named = told.get("iss")
        if named != metadata.issuer and (named is not None or metadata.names_itself):
            raise SignInFailed("the answer is of another provider than the one that was asked")
        if "error" in told:
            why = told["error"] if _ERROR.fullmatch(told["error"]) else "it does not say why"
            raise SignInFailed(f"the provider did not let you in: {why}")
        if not told.get("code"):
            raise SignInFailed("the provider sent no code")
        if not self._places.acquire(blocking=False):
            raise ProviderUnavailable("too many people sign in at this moment; try again")
        try:
            return self._account(metadata, told["code"], state, str(secret)), then
        finally:
            self._places.release()

    def leaving(self) -> str | None:
        """Where somebody is signed out of the provider, too; None where it names no such place."""
        try:
            there = self._provider.metadata().end_session_endpoint
        except ProviderUnavailable:
            return None
        if there is None:
            return None
        asked = urlencode(
            {"client_id": self._client.client_id, "post_logout_redirect_uri": self._client.home}
        )
        return f"{there}{'&' if '?' in there else '?'}{asked}"

    def _claim(self, state: str, secret: str | None) -> str:
        """Use a sign-in up; returns where it wanted to go."""
        with database.writing(self._engine) as connection:
            here = _SIGN_INS.c.state == _digest(state)
            row = connection.execute(select(_SIGN_INS).where(here).with_for_update()).one_or_none()
            gone = connection.execute(delete(_SIGN_INS).where(here)).rowcount
        if row is None or not gone or row.ends_at <= self._now():
            raise SignInFailed(f"the sign-in is unknown, took too long or is done already; {_AGAIN}")
        if secret is None or not hmac.compare_digest(row.browser, _digest(secret)):
            raise SignInFailed(f"the sign-in was begun in another browser; {_AGAIN}")
        return str(row.then)

    def _account(self, metadata: Metadata, code: str, state: str, secret: str) -> Account:
        tokens = self._exchange(metadata, code, _made(secret, state, "verifier"))
        id_token, access = tokens.get("id_token"), tokens.get("access_token")
        if not isinstance(id_token, str):
            raise SignInFailed("the provider sent no ID token")
        access = access if isinstance(access, str) else None
        expected = Expected(
            metadata.issuer, self._client.client_id, _made(secret, state, "nonce"), access, self._now()
        )
        claims = dict(validated(id_token, self._provider.key, expected))
        if "email" not in claims and metadata.userinfo_endpoint is not None and access is not None:
            more = self._provider.asking.get(
                metadata.userinfo_endpoint, {"Authorization": f"Bearer {access}"}
            )
            if more.get("sub") != claims["sub"]:
                raise SignInFailed("the provider tells of somebody else than the ID token")
            claims = {**more, **claims}
        email, name = claims.get("email"), claims.get("name")
        proven = claims.get("email_verified") is True and isinstance(email, str)
        return Account(
            metadata.issuer,
            claims["sub"],
            email if proven else None,
            name if isinstance(name, str) else None,
        )

    def _exchange(self, metadata: Metadata, code: str, verifier: str) -> Mapping[str, Any]:
        client = self._client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        if client.secret is not None and metadata.takes_basic:
            pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = client.client_id
            form |= {} if client.secret is None else {"client_secret": client.secret}
        answer = self._provider.asking.post(metadata.token_endpoint, form, headers)
        if answer.status == 200:
            return answer.told
        said = str(answer.told.get("error", ""))
        why = said if _ERROR.fullmatch(said) else f"status {answer.status}"
        logger.warning("the provider exchanged no code for tokens: %s", why)
        if answer.status >= 500:
            raise ProviderUnavailable("the provider could not finish the sign-in; try again later")
        raise SignInFailed(f"the provider did not take our code: {why}")


def _made(secret: str, state: str, what: str) -> str:
    """A value of a sign-in that nobody can make who does not have the browser's secret."""
    return _base64url(hmac.digest(secret.encode(), f"{what} {state}".encode(), "sha256"))


def _base64url(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()
